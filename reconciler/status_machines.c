#include "reconciler/status_draft.h"

#include <inttypes.h>
#include <string.h>

void status_machine_conditions(struct status_draft *draft, const struct status_counters *counters) {
    bool rolling = counters->exists && !status_counters_current(counters);
    int64_t late = counters->replicas - counters->up_to_date;
    bool growing = counters->desired > 0 && status_counters_growing(counters);
    bool shrinking = status_counters_shrinking(counters);
    const struct {
        const char *type, *reason, *other_reason;
        bool is_true;
        const char *message;
    } states[] = {
        {"RollingOut", "RollingOut", "NotRollingOut", rolling,
         late > 0 ? arena_printf(draft->arena, "Rolling out %" PRId64 " not up-to-date replicas", late)
                  : "Rolling out another version"},
        {"ScalingUp", "ScalingUp", "NotScalingUp", growing,
         arena_printf(draft->arena, "Scaling up from %" PRId64 " to %" PRId64 " replicas", counters->replicas,
                      counters->desired)},
        {"ScalingDown", "ScalingDown", "NotScalingDown", shrinking,
         arena_printf(draft->arena, "Scaling down from %" PRId64 " to %" PRId64 " replicas",
                      counters->replicas, counters->desired)},
    };
    for (size_t i = 0; i < sizeof(states) / sizeof(*states); i++) {
        status_draft_condition(draft,
                               &(struct condition){
                                   .type = states[i].type,
                                   .forms = CONDITION_METAV1,
                                   .status = states[i].is_true ? CONDITION_TRUE : CONDITION_FALSE,
                                   .reason = states[i].is_true ? states[i].reason : states[i].other_reason,
                                   .message = states[i].is_true ? states[i].message : NULL,
                                   .stays = !draft->facts.known,
                               });
    }
}

static int64_t missing(const struct status_counters *counters) {
    return counters->desired > counters->ready ? counters->desired - counters->ready : 0;
}

static void put_counter(struct status_draft *draft, const char *path, int64_t value, bool is_sure) {
    if (is_sure) {
        status_draft_integer(draft, path, value);
    } else {
        status_draft_maybe(draft, path, json_object_new_int64(value));
    }
}

static void old_counters(struct status_draft *draft, const char *prefix,
                         const struct status_counters *counters) {
    bool is_control_plane = draft->shape.entry->role == KIND_CONTROL_PLANE;
    bool is_pool = strcmp(draft->shape.kind, "MachinePool") == 0;
    bool is_set = strcmp(draft->shape.kind, "MachineSet") == 0;
    const struct {
        const char *name;
        int64_t value;
        bool is_there;
    } fields[] = {
        {"readyReplicas", counters->ready, true},
        {"availableReplicas", counters->ready, !is_control_plane},
        {"updatedReplicas", counters->up_to_date, !is_pool && !is_set},
        {"unavailableReplicas", missing(counters), !is_set},
        {"fullyLabeledReplicas", counters->replicas, is_set},
    };
    for (size_t i = 0; i < sizeof(fields) / sizeof(*fields); i++) {
        if (fields[i].is_there) {
            put_counter(draft, arena_printf(draft->arena, "%s%s", prefix, fields[i].name), fields[i].value,
                        draft->shape.new_conditions != NULL);
        }
    }
}

static void new_counters(struct status_draft *draft, const char *prefix,
                         const struct status_counters *counters) {
    const struct {
        const char *name;
        int64_t value;
    } fields[] = {
        {"readyReplicas", counters->ready},
        {"availableReplicas", counters->ready},
        {"upToDateReplicas", counters->up_to_date},
    };
    for (size_t i = 0; i < sizeof(fields) / sizeof(*fields); i++) {
        put_counter(draft, arena_printf(draft->arena, "%s%s", prefix, fields[i].name), fields[i].value,
                    prefix[0] == '\0');
    }
}

void status_machine_counters(struct status_draft *draft, const struct status_counters *counters) {
    if (!draft->shape.machine_counters || !draft->facts.known) {
        return;
    }
    status_draft_integer(draft, "replicas", counters->replicas);
    if (draft->shape.initialization) {
        new_counters(draft, "", counters);
        old_counters(draft, "deprecated.v1beta1.", counters);
    } else {
        old_counters(draft, "", counters);
        if (draft->shape.new_conditions) {
            new_counters(draft, "v1beta2.", counters);
        }
    }
    struct json_object *versions = status_versions(draft, counters);
    if (versions && draft->shape.new_conditions) {
        status_draft_maybe(draft, "versions", versions);
    } else {
        json_object_put(versions);
    }
}

static void add_version(const struct status_draft *draft, struct json_object *list, const char *version,
                        int64_t replicas) {
    struct json_object *item = json_object_new_object();
    json_object_object_add(item, "version", json_text(status_version_text(draft, version)));
    if (replicas > 0) {
        json_object_object_add(item, "replicas", json_object_new_int64(replicas));
    }
    json_object_array_add(list, item);
}

struct json_object *status_versions(const struct status_draft *draft,
                                    const struct status_counters *counters) {
    if (!counters->version) {
        return NULL;
    }
    struct json_object *list = json_object_new_array();
    if (!counters->next_version) {
        add_version(draft, list, counters->version, counters->replicas);
        return list;
    }
    // up_to_date counts against the spec, which may be more minors away than this upgrade.
    add_version(draft, list, counters->version, counters->replicas - counters->renewed);
    if (counters->renewed > 0) {
        add_version(draft, list, counters->next_version, counters->renewed);
    }
    return list;
}

const char *status_version_text(const struct status_draft *draft, const char *version) {
    bool lacks_prefix = draft->shape.version_prefix && version[0] != 'v';
    return lacks_prefix ? arena_printf(draft->arena, "v%s", version) : version;
}
