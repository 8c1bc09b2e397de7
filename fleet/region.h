// Regions and zones: which region a zone lies in, and which template variables hold a region.
#pragma once

#include "base/attributes.h"

#include <stdbool.h>
#include <stddef.h>

enum { REGION_BYTES = 64 };

// us-west-2a, us-west-2-lax-1a and us-east-1-wl1-bos-wlz-1 (aws), us-central1-a (gcp), us-south-1 (ibm).
// provider may be NULL: aws and gcp are tried. False when the text is no zone of a known shape.
MUST_CHECK bool region_of_zone(const char *provider, const char *zone, char ret_region[REGION_BYTES]);

// As regions are compared: "West Europe" is westeurope. name holds strlen(region) + 1 bytes at least, and may
// be region itself.
void region_normalise(const char *region, char *name);

// region, location, awsRegion, AZURE_LOCATION, controlPlaneRegions, …: case, '-', '_' and '.' don't count.
bool region_is_variable(const char *name);
