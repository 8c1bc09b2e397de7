// What every request must be: well-formed texts, versions that are offered, room in the region.
#pragma once

#include "reconciler/providers/sim_request.h"

// A request while it is looked at.
struct sim_asked {
    struct sim_model *model;
    struct sim_cluster *cluster; // NULL: there is none
    const struct provider_request *request;
    struct sim_outcome *outcome;
};

// All of these set the outcome's error and return false when they refuse.
bool sim_refuse(const struct sim_asked *asked, enum error_kind kind, const char *what);
MUST_CHECK bool sim_check_texts(const struct sim_asked *asked);
MUST_CHECK bool sim_check_version(const struct sim_asked *asked, const char *text,
                                  struct kubernetes_version *ret_version);
MUST_CHECK bool sim_check_count(const struct sim_asked *asked, int64_t least, int64_t most);
// That the region is there, and has room; fewer is always fine.
MUST_CHECK bool sim_check_quota(const struct sim_asked *asked, int64_t more_clusters, int64_t more_nodes);

// Of what the model holds.
struct kubernetes_version sim_known_version(const char *text);
bool sim_is_newer(const struct kubernetes_version *version, const struct kubernetes_version *than);
// That it holds, or will hold at most while its operation runs.
int64_t sim_count_nodes(const struct sim_group *group);
