// Clusters for tests of what objects say: specs and clouds in a few states, and statuses as readable lines.
#pragma once

#include "base/buffer.h"
#include "reconciler/cluster_status.h"
#include "tests/support/documents.h"

enum { STATUS_NOW_S = 1767225600, STATUS_LATER_S = 1767229200 }; // 2026-01-01T00:00:00Z, 01:00:00Z

// v1.31.2 with a self-managed control plane of three machines, or managed (control_plane_replicas 0), and the
// pools a (2) and b (3).
extern const struct cluster_spec status_spec, status_managed_spec;
// As the specs want it.
extern const struct cloud_cluster status_cloud, status_managed_cloud;

// object with the status patch applied; fails the test unless asking again then says that nothing changes.
// Caller owns.
struct document *status_after(const char *name, const struct status_question *question);
// The same with the metadata patch.
struct document *metadata_after(const char *name, const struct status_question *question, bool has_finalizer);

// Every value below node as a line "path = value"; of conditions
// "conditions Ready = False WaitingForInfrastructure Info: text".
void status_lines(const struct node *node, struct buffer *lines);
// Each line of expected is one of lines; with "!" in front none of lines begins with it.
void expect_lines(const char *name, const struct node *node, const char *expected);
