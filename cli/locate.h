// Where in the files a field of an object stands, or would stand.
#pragma once

#include "cli/finding.h"
#include "cli/fleet_side.h"

// path may be "" for the object as a whole, which is shown by its name. A missing field is shown by the key
// of the nearest thing above it that is there.
void locate_field(const struct fleet_side *side, const struct manifest *manifest, const char *path,
                  struct place *ret_place);

// Where an origin stands: in the file of head that holds its object, else in that of base, else at
// reviewed. *ret_place is always filled.
void locate_origin(const struct fleet_side *head, const struct fleet_side *base, const struct origin *origin,
                   const struct fleet_object *reviewed, struct place *ret_place);
