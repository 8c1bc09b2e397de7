#include "reconciler/status_draft.h"

enum { BOTH = CONDITION_V1BETA1 | CONDITION_METAV1 };

struct progress {
    enum condition_status status;
    const char *reason, *severity, *message;
    const char *topology_reason; // of TopologyReconciled
};

static const char *working_reason(const struct status_draft *draft) {
    const struct status_facts *facts = &draft->facts;
    if (!facts->exists || (draft->question->cloud && draft->question->cloud->state == CLOUD_CREATING)) {
        return "Creating";
    }
    bool current = status_counters_current(&facts->control_plane) && status_counters_current(&facts->workers);
    return current ? "Scaling" : "Upgrading";
}

static const char *pending_reason(const struct status_draft *draft) {
    if (!status_counters_current(&draft->facts.control_plane)) {
        return "ControlPlaneUpgradePending";
    }
    if (!status_counters_current(&draft->facts.workers)) {
        return "MachineDeploymentsUpgradePending";
    }
    return "MachineDeploymentsCreatePending";
}

static bool is_refused(const struct status_question *question) {
    return question->approval == APPROVAL_DENIED || question->approval == APPROVAL_HELD;
}

// Why what is wanted is not so, the most pressing reason first.
static struct progress progress_of(const struct status_draft *draft) {
    const struct status_question *question = draft->question;
    if (status_is_deleting(question)) {
        const char *text = question->problem ? question->problem : question->waits;
        return (struct progress){CONDITION_FALSE, "Deleting", question->problem ? "Error" : "Info",
                                 text ? text : question->step, "Deleting"};
    }
    if (question->problem) {
        return (struct progress){CONDITION_FALSE, "Problem", "Error", question->problem, "ReconcileFailed"};
    }
    if (question->unreachable) {
        return (struct progress){CONDITION_FALSE, "ProviderUnreachable", "Warning",
                                 "the provider does not answer; nothing is changed until it does",
                                 "ReconcileFailed"};
    }
    if (question->step) {
        return (struct progress){CONDITION_FALSE, working_reason(draft), "Info", question->step,
                                 pending_reason(draft)};
    }
    if (question->waits) {
        return (struct progress){CONDITION_FALSE, "Waiting", "Info", question->waits, pending_reason(draft)};
    }
    if (is_refused(question) || !question->spec) {
        const char *text =
            question->spec ? "the spec that was approved last is in force" : "nothing has been approved yet";
        return (struct progress){CONDITION_FALSE, "NotApproved", "Warning", text, "ReconcileFailed"};
    }
    if (status_is_paused(question)) {
        return (struct progress){CONDITION_FALSE, "Paused", "Info", "nothing is done while it is paused",
                                 "Paused"};
    }
    if (question->drift) {
        return (struct progress){CONDITION_FALSE, "Drifted", "Warning", question->drift, "ReconcileFailed"};
    }
    if (!draft->facts.known) {
        return (struct progress){CONDITION_UNKNOWN, "ProviderUnknown", NULL,
                                 "the provider has not answered yet", "ReconcileFailed"};
    }
    if (!draft->facts.initialized) {
        return (struct progress){CONDITION_FALSE, "Creating", "Info", "the cluster is not there yet",
                                 pending_reason(draft)};
    }
    return (struct progress){CONDITION_TRUE, "Reconciled", NULL, NULL, "ReconcileSucceeded"};
}

void status_progress_conditions(struct status_draft *draft) {
    struct progress progress = progress_of(draft);
    struct condition condition = {
        .type = CONDITION_RECONCILED,
        .forms = BOTH,
        .status = progress.status,
        .reason = progress.reason,
        .severity = progress.severity,
        .message = progress.message,
        .stays = progress.status == CONDITION_UNKNOWN,
    };
    status_draft_condition(draft, &condition);
    if (node_at(draft->question->cluster, "spec.topology")) {
        condition.type = "TopologyReconciled";
        condition.reason = progress.topology_reason;
        status_draft_condition(draft, &condition);
    }
}
