#include "reconciler/cluster_status.h"

#include "reconciler/status_draft.h"

const char *cluster_phase(const struct status_question *question) {
    if (status_is_deleting(question)) {
        return "Deleting";
    }
    struct status_facts facts = status_facts_of(question);
    if (question->cloud && question->cloud->state == CLOUD_FAILED) {
        return "Failed";
    }
    bool certainly_gone = facts.known && !facts.exists;
    if (facts.initialized || (status_was_provisioned(question->cluster) && !certainly_gone &&
                              status_was_initialized(question->cluster))) {
        return "Provisioned";
    }
    return question->spec || facts.exists ? "Provisioning" : "Pending";
}

// Of what was judged: until then, the object keeps the number of the spec that was.
static void observed_generation(struct status_draft *draft) {
    int64_t generation;
    bool seen = draft->question->approval != APPROVAL_NONE || draft->question->deleting;
    if (!draft->shape.observed_generation || !seen ||
        !node_integer(node_at(draft->question->object, "metadata.generation"), &generation)) {
        return;
    }
    if (draft->shape.core) {
        status_draft_integer(draft, "observedGeneration", generation);
    } else {
        status_draft_maybe(draft, "observedGeneration", json_object_new_int64(generation));
    }
}

bool cluster_status_patch(const struct status_question *question, struct buffer *ret_patch) {
    CLEANUP(status_draft_clear) struct status_draft draft;
    status_draft_init(&draft, question);
    if (!draft.shape.entry) {
        return false;
    }
    switch ((enum kind_role)draft.shape.entry->role) {
    case KIND_CLUSTER:
        status_cluster_fill(&draft);
        break;
    case KIND_CONTROL_PLANE:
        status_control_plane_fill(&draft);
        break;
    case KIND_INFRASTRUCTURE_CLUSTER:
        status_infrastructure_fill(&draft);
        break;
    case KIND_POOL:
    case KIND_INFRASTRUCTURE_POOL:
        status_pool_fill(&draft);
        break;
    case KIND_MACHINE_TEMPLATE:
    case KIND_CLASS:
    case KIND_PART:
        return false;
    }
    observed_generation(&draft);
    status_common_conditions(&draft);
    return status_draft_finish(&draft, ret_patch);
}
