// Which kind a /scale request scales: the request names only the resource.
#pragma once

// "machinedeployments" gives "MachineDeployment"; NULL for a resource that is not in the table.
const char *scale_kind(const char *resource);
