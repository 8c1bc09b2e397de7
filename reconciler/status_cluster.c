#include "reconciler/status_draft.h"

#include <inttypes.h>
#include <string.h>

static void put_counters(struct status_draft *draft, const char *name,
                         const struct status_counters *counters) {
    const struct {
        const char *field;
        int64_t value;
    } fields[] = {
        {"desiredReplicas", counters->desired},     {"replicas", counters->replicas},
        {"readyReplicas", counters->ready},         {"availableReplicas", counters->ready},
        {"upToDateReplicas", counters->up_to_date},
    };
    for (size_t i = 0; i < sizeof(fields) / sizeof(*fields); i++) {
        const char *path = arena_printf(draft->arena, "%s%s.%s",
                                        draft->shape.initialization ? "" : "v1beta2.", name, fields[i].field);
        if (draft->shape.initialization) {
            status_draft_integer(draft, path, fields[i].value);
        } else {
            status_draft_maybe(draft, path, json_object_new_int64(fields[i].value));
        }
    }
}

static void put_fields(struct status_draft *draft) {
    const struct status_facts *facts = &draft->facts;
    status_draft_text(draft, "phase", cluster_phase(draft->question));
    if (draft->shape.initialization) {
        status_draft_latch(draft, "initialization.infrastructureProvisioned", facts->provisioned);
        status_draft_latch(draft, "initialization.controlPlaneInitialized", facts->initialized);
    } else {
        status_draft_latch(draft, "infrastructureReady", facts->provisioned);
        status_draft_latch(draft, "controlPlaneReady", facts->initialized);
    }
    if (!facts->known) {
        return;
    }
    put_counters(draft, "controlPlane", &facts->control_plane);
    put_counters(draft, "workers", &facts->workers);
    struct json_object *versions = status_versions(draft, &facts->control_plane);
    if (versions) {
        status_draft_maybe(
            draft, draft->shape.initialization ? "controlPlane.versions" : "v1beta2.controlPlane.versions",
            versions);
    }
}

static void infrastructure_ready(struct status_draft *draft) {
    bool is_ready = draft->facts.provisioned;
    bool deleted =
        draft->facts.known && !draft->facts.exists && status_was_provisioned(draft->question->cluster);
    struct condition condition = {
        .type = "InfrastructureReady",
        .forms = CONDITION_METAV1,
        .status = status_when_known(draft, is_ready),
        .reason = is_ready ? "Ready" : (deleted ? "Deleted" : "NotReady"),
        .severity = status_severity(draft),
        .message = is_ready ? NULL : status_cloud_text(draft, "infrastructure"),
        .stays = !draft->facts.known,
    };
    status_draft_condition(draft, &condition);
    condition.forms = CONDITION_V1BETA1;
    condition.reason = deleted ? "Deleted" : "WaitingForInfrastructure";
    status_draft_condition(draft, &condition);
}

// Once it is true, it stays so.
static void control_plane_initialized(struct status_draft *draft) {
    bool is_true = draft->facts.initialized || status_was_initialized(draft->question->cluster);
    struct condition condition = {
        .type = "ControlPlaneInitialized",
        .forms = CONDITION_METAV1,
        .status = is_true ? CONDITION_TRUE : status_when_known(draft, false),
        .reason = is_true ? "Initialized" : "NotInitialized",
        .message = is_true ? NULL : "the API server of this cluster has not answered yet",
    };
    status_draft_condition(draft, &condition);
    condition.forms = CONDITION_V1BETA1;
    condition.reason = "WaitingForControlPlaneProviderInitialized";
    status_draft_condition(draft, &condition);
}

static void control_plane_available(struct status_draft *draft) {
    bool is_available = draft->facts.available;
    struct condition condition = {
        .type = "ControlPlaneAvailable",
        .forms = CONDITION_METAV1,
        .status = status_when_known(draft, is_available),
        .reason = is_available ? "Available" : "NotAvailable",
        .severity = status_severity(draft),
        .message = is_available ? NULL : status_control_plane_text(draft),
        .stays = !draft->facts.known,
    };
    status_draft_condition(draft, &condition);
    condition.type = "ControlPlaneReady";
    condition.forms = CONDITION_V1BETA1;
    condition.reason = "WaitingForControlPlane";
    status_draft_condition(draft, &condition);
}

static void workers_available(struct status_draft *draft) {
    const struct status_counters *workers = &draft->facts.workers;
    bool none = workers->desired == 0;
    bool is_available = none || (draft->facts.exists && workers->ready >= workers->desired);
    status_draft_condition(
        draft, &(struct condition){
                   .type = "WorkersAvailable",
                   .forms = CONDITION_METAV1,
                   .status = status_when_known(draft, is_available),
                   .reason = none ? "NoWorkers" : (is_available ? "Available" : "NotAvailable"),
                   .message = is_available ? NULL
                                           : arena_printf(draft->arena,
                                                          "%" PRId64 " of %" PRId64 " replicas are ready",
                                                          workers->ready, workers->desired),
                   .stays = !draft->facts.known,
               });
}

static void remote_connection(struct status_draft *draft) {
    bool unreachable = draft->question->unreachable;
    bool works = !unreachable && draft->facts.initialized;
    status_draft_condition(
        draft, &(struct condition){
                   .type = "RemoteConnectionProbe",
                   .forms = CONDITION_METAV1,
                   .status = unreachable ? CONDITION_FALSE : status_when_known(draft, works),
                   .reason = works ? "ProbeSucceeded" : "ProbeFailed",
                   .message = unreachable ? "no answer: what is said of this cluster is from before"
                                          : (works ? NULL : "there was no connection yet"),
                   .stays = !unreachable && !draft->facts.known,
               });
}

static const struct condition *condition_of(const struct status_draft *draft, const char *type,
                                            enum condition_form form) {
    for (size_t i = 0; i < draft->condition_count; i++) {
        const struct condition *condition = &draft->conditions[i];
        if ((condition->forms & form) && strcmp(condition->type, type) == 0) {
            return condition;
        }
    }
    return NULL;
}

static const char *not_reason(const struct status_draft *draft, const char *type) {
    return arena_printf(draft->arena, "Not%s", type);
}

// True when all of the parts are, else as the first that is not: for those who watch one condition only.
static void summary(struct status_draft *draft, const char *type, const char *const *parts, size_t count,
                    enum condition_form form) {
    bool deleting = status_is_deleting(draft->question);
    struct condition condition = {
        .type = type,
        .forms = form,
        .status = deleting ? CONDITION_FALSE : CONDITION_TRUE,
        .reason = !deleting ? type : (form == CONDITION_V1BETA1 ? "Deleting" : not_reason(draft, type)),
        .message = deleting ? draft->question->step : NULL,
        .stays = !deleting && !draft->facts.known && !draft->question->unreachable,
    };
    for (size_t i = 0; i < count && condition.status == CONDITION_TRUE; i++) {
        const struct condition *part = condition_of(draft, parts[i], form);
        if (part && part->status != CONDITION_TRUE) {
            bool unknown = part->status == CONDITION_UNKNOWN;
            condition.status = part->status;
            const char *reason =
                unknown ? arena_printf(draft->arena, "%sUnknown", type) : not_reason(draft, type);
            condition.reason = form == CONDITION_V1BETA1 ? part->reason : reason;
            condition.severity = part->severity;
            condition.message = arena_printf(draft->arena, "%s: %s", part->type,
                                             part->message ? part->message : part->reason);
        }
    }
    status_draft_condition(draft, &condition);
}

static void summaries(struct status_draft *draft) {
    static const char *const old_parts[] = {"InfrastructureReady", "ControlPlaneReady"};
    static const char *const ready_parts[] = {"InfrastructureReady", "ControlPlaneAvailable"};
    static const char *const available_parts[] = {"RemoteConnectionProbe", "InfrastructureReady",
                                                  "ControlPlaneAvailable", "WorkersAvailable"};
    // Who follows the older form has looked at Ready, who follows the newer one looks at Available; kstatus
    // and health checks are made of either, whatever version they ask for.
    summary(draft, "Ready", old_parts, 2, CONDITION_V1BETA1);
    summary(draft, "Available", old_parts, 2, CONDITION_V1BETA1);
    summary(draft, "Available", available_parts, 4, CONDITION_METAV1);
    summary(draft, "Ready", ready_parts, 2, CONDITION_METAV1);
}

void status_cluster_fill(struct status_draft *draft) {
    put_fields(draft);
    infrastructure_ready(draft);
    control_plane_initialized(draft);
    control_plane_available(draft);
    workers_available(draft);
    remote_connection(draft);
    struct status_counters all = draft->facts.workers;
    status_counters_add(&all, &draft->facts.control_plane);
    status_machine_conditions(draft, &all);
    summaries(draft);
    status_progress_conditions(draft);
}
