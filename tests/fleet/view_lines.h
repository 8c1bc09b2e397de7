// A view as lines of text, for tests to compare:
//   region eu-west-1 @ AWSCluster eu-7 spec.region
//   version ? KubeadmControlPlane prod/cp has not been seen (unseen)
//   pool md-0: replicas 3 @ MachineDeployment md-0 spec.replicas
// Absent facts have no line.
#pragma once

#include "base/buffer.h"
#include "fleet/cluster_view.h"

void view_lines(const struct cluster_view *view, struct buffer *ret_lines);
// Each line of expected is a line of lines, or, behind "!", the start of no line. Fails the test otherwise.
void expect_lines(const char *name, const char *lines, const char *expected);
