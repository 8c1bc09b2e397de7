#include "reconciler/status_draft.h"

#include <inttypes.h>

const char *status_cloud_text(const struct status_draft *draft, const char *what) {
    static const char *const states[] = {
        [CLOUD_CREATING] = "is being created", [CLOUD_ACTIVE] = "has no endpoint yet",
        [CLOUD_UPDATING] = "is being changed", [CLOUD_DELETING] = "is being deleted",
        [CLOUD_FAILED] = "has failed",
    };
    const struct status_question *question = draft->question;
    const struct cloud_cluster *cloud = question->cloud;
    if (cloud && cloud->state == CLOUD_FAILED && cloud->failure) {
        return arena_printf(draft->arena, "%s has failed: %s", what, cloud->failure);
    }
    if (cloud) {
        return arena_printf(draft->arena, "%s %s", what, states[cloud->state]);
    }
    if (!draft->facts.known) {
        return "the provider has not answered yet";
    }
    return arena_printf(draft->arena, "%s is %s", what,
                        status_was_provisioned(question->cluster) ? "gone" : "not there yet");
}

const char *status_control_plane_text(const struct status_draft *draft) {
    const struct cloud_cluster *cloud = draft->question->cloud;
    if (draft->facts.initialized && cloud->state != CLOUD_FAILED && cloud->control_plane_replicas > 0) {
        return arena_printf(draft->arena, "%" PRId64 " of %" PRId64 " control plane machines are ready",
                            cloud->control_plane_ready, cloud->control_plane_replicas);
    }
    return status_cloud_text(draft, "control plane");
}

const char *status_severity(const struct status_draft *draft) {
    const struct cloud_cluster *cloud = draft->question->cloud;
    return cloud && cloud->state == CLOUD_FAILED ? "Error" : "Info";
}

enum condition_status status_when_known(const struct status_draft *draft, bool is_true) {
    if (!draft->facts.known) {
        return CONDITION_UNKNOWN;
    }
    return is_true ? CONDITION_TRUE : CONDITION_FALSE;
}

static void approval_condition(struct status_draft *draft) {
    static const struct {
        enum condition_status status;
        const char *reason, *message;
    } states[] = {
        [APPROVAL_NONE] = {CONDITION_UNKNOWN, "NotJudged", "this spec has not been judged yet"},
        [APPROVAL_APPROVED] = {CONDITION_TRUE, "Approved", NULL},
        [APPROVAL_DENIED] = {CONDITION_FALSE, "Denied", "denied by a policy"},
        [APPROVAL_HELD] = {CONDITION_FALSE, "Held", "held until it can be judged"},
    };
    enum approval_state approval = draft->question->approval;
    const char *text = draft->question->approval_text;
    bool is_refused = approval == APPROVAL_DENIED || approval == APPROVAL_HELD;
    status_draft_condition(draft, &(struct condition){
                                      .type = CONDITION_POLICY_APPROVED,
                                      .forms = CONDITION_V1BETA1 | CONDITION_METAV1,
                                      .status = states[approval].status,
                                      .reason = states[approval].reason,
                                      .severity = approval == APPROVAL_DENIED ? "Error" : "Warning",
                                      .message = is_refused && text ? text : states[approval].message,
                                  });
}

static void paused_condition(struct status_draft *draft) {
    bool paused = status_is_paused(draft->question);
    status_draft_condition(draft, &(struct condition){
                                      .type = "Paused",
                                      .forms = CONDITION_METAV1,
                                      .status = paused ? CONDITION_TRUE : CONDITION_FALSE,
                                      .reason = paused ? "Paused" : "NotPaused",
                                  });
}

// What is still there, in the order in which it goes.
static const char *deletion_stage(const struct status_draft *draft) {
    const struct cloud_cluster *cloud = draft->question->cloud;
    if (!draft->question->deleting) {
        return "WaitingForApproval";
    }
    if (draft->shape.entry->role != KIND_CLUSTER) {
        return "Deleting";
    }
    if (!draft->facts.known) {
        return "WaitingForProvider";
    }
    if (!cloud) {
        return "DeletionCompleted";
    }
    return cloud->pool_count > 0 ? "WaitingForWorkersDeletion" : "WaitingForControlPlaneDeletion";
}

static void deleting_condition(struct status_draft *draft) {
    bool deleting = status_is_deleting(draft->question);
    status_draft_condition(draft, &(struct condition){
                                      .type = "Deleting",
                                      .forms = CONDITION_METAV1,
                                      .status = deleting ? CONDITION_TRUE : CONDITION_FALSE,
                                      .reason = deleting ? deletion_stage(draft) : "NotDeleting",
                                      .message = deleting ? draft->question->step : NULL,
                                  });
}

void status_common_conditions(struct status_draft *draft) {
    deleting_condition(draft);
    paused_condition(draft);
    approval_condition(draft);
}

void status_availability(struct status_draft *draft, bool is_available, const char *why_not) {
    bool is_sized = draft->shape.machine_counters; // machines are counted, not only there
    const struct {
        const char *type;
        unsigned forms;
        const char *reason, *other_reason;
    } summaries[] = {
        {"Ready", CONDITION_V1BETA1 | CONDITION_METAV1, "Ready", "NotReady"},
        {"Available", (is_sized ? CONDITION_V1BETA1 | CONDITION_METAV1 : 0U), "Available", "NotAvailable"},
    };
    for (size_t i = 0; i < sizeof(summaries) / sizeof(*summaries); i++) {
        status_draft_condition(draft,
                               &(struct condition){
                                   .type = summaries[i].type,
                                   .forms = summaries[i].forms,
                                   .status = status_when_known(draft, is_available),
                                   .reason = is_available ? summaries[i].reason : summaries[i].other_reason,
                                   .severity = status_severity(draft),
                                   .message = is_available ? NULL : why_not,
                                   .stays = !draft->facts.known,
                               });
    }
}
