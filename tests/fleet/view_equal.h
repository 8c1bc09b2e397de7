// Are two views the same, field by field? All but the objects that origins start from.
#pragma once

#include "fleet/cluster_view.h"

// Fails the test with the first difference. Labels and annotations of got may lack what is not kept: the
// annotation of kubectl apply, values over 1 KiB.
void expect_same_view(const char *name, const struct cluster_view *got, const struct cluster_view *expected);
