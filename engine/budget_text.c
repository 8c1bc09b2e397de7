// A demand that does not fit, in words.
#include "engine/budget_ask.h"

#include <inttypes.h>
#include <string.h>

static const char *amount_words(const char *name, int64_t count) {
    static const struct {
        const char *name, *one, *many;
    } words[] = {{"clusters", "cluster", "clusters"},
                 {"nodes", "node", "nodes"},
                 {"worker_nodes", "worker node", "worker nodes"},
                 {"control_plane_nodes", "control plane node", "control plane nodes"}};
    for (size_t i = 0; i < sizeof(words) / sizeof(*words); i++) {
        if (strcmp(words[i].name, name) == 0) {
            return count == 1 ? words[i].one : words[i].many;
        }
    }
    return name;
}

static const char *group_words(struct arena *arena, const struct budget_demand *demand) {
    if (*demand->group == '\0') {
        return "the fleet";
    }
    const char *colon = strchr(demand->per, ':');
    return arena_printf(arena, "%s %s", colon ? colon + 1 : demand->per, demand->group);
}

// of is a field path where a field is summed: "90 of 100 of spec.gigabytes".
static void explain_amount(struct arena *arena, const struct budget_ask *ask,
                           const struct budget_answer *answer, struct violation *violation) {
    const struct budget_demand *demand = &ask->demand;
    const char *group = group_words(arena, demand);
    bool is_field = demand->kind == BUDGET_FIELD;
    const char *of = is_field ? "of " : "";
    const char *words = amount_words(demand->name, answer->maximum);
    int64_t held = answer->used + demand->before;
    int64_t more = demand->after - demand->before;
    violation->message =
        held >= answer->maximum
            ? arena_printf(arena, "%s is full: %" PRId64 " of %" PRId64 " %s%s", group, held, answer->maximum,
                           of, words)
            : arena_printf(arena, "%s has no room for %" PRId64 " more %s%s: %" PRId64 " of %" PRId64, group,
                           more, of, amount_words(demand->name, more), held, answer->maximum);
    violation->detail = arena_printf(arena, "got %" PRId64 "; allowed %" PRId64, answer->used + demand->after,
                                     answer->maximum);
    const char *elsewhere =
        *demand->group && strcmp(demand->per, "region") == 0 ? "use another region, " : "";
    violation->hint = arena_printf(
        arena, "%sremove what is not needed, or ask the owners of this policy for a higher limit", elsewhere);
    violation->has_excess = true;
    violation->excess = (double)(answer->used + demand->after - answer->maximum);
}

static const char *value_words(const char *name) {
    static const struct {
        const char *name, *words;
    } values[] = {{"pod_cidrs", "pod CIDR"},
                  {"service_cidrs", "service CIDR"},
                  {"network_cidrs", "network CIDR"},
                  {"endpoint", "control plane endpoint"},
                  {"name", "cluster name"}};
    for (size_t i = 0; i < sizeof(values) / sizeof(*values); i++) {
        if (strcmp(values[i].name, name) == 0) {
            return values[i].words;
        }
    }
    return name;
}

static void explain_unique(struct arena *arena, const struct budget_ask *ask,
                           const struct budget_answer *answer, struct violation *violation) {
    const struct budget_demand *demand = &ask->demand;
    const char *words = value_words(demand->name);
    bool is_range = strstr(demand->name, "_cidrs") != NULL;
    const char *holder = answer->holder ? answer->holder : "another one";
    violation->message =
        arena_printf(arena, is_range ? "%s %s overlaps that of %s" : "%s %s is that of %s too", words,
                     demand->value, holder);
    violation->detail = arena_printf(arena, "got %s; allowed a value that no other has in %s", demand->value,
                                     group_words(arena, demand));
    violation->hint = is_range ? "use a range that is free" : "use another one";
}

static const char *span_words(struct arena *arena, uint32_t seconds) {
    return seconds % 60 == 0 ? arena_printf(arena, "%u minute%s", seconds / 60, seconds == 60 ? "" : "s")
                             : arena_printf(arena, "%u seconds", seconds);
}

static void explain_deletes(struct arena *arena, const struct budget_ask *ask,
                            const struct budget_answer *answer, struct violation *violation) {
    const struct budget_demand *demand = &ask->demand;
    const char *span = span_words(arena, demand->window_s);
    int64_t total = answer->used + demand->after;
    violation->message =
        arena_printf(arena, "too many clusters go at once: %" PRId64 " within %s", total, span);
    violation->detail =
        arena_printf(arena, "got %" PRId64 "; allowed %" PRId64 "%s%s%s%s", total, answer->maximum,
                     ask->going ? "; would go: " : "", ask->going ? ask->going : "",
                     answer->holder ? "; deleted before: " : "", answer->holder ? answer->holder : "");
    // The breaker stays open until somebody names the reference.
    violation->hint = answer->reference
                          ? arena_printf(arena, "ask for an approval of %s; until then %s deletes no cluster",
                                         answer->reference, *demand->group ? demand->group : "this identity")
                          : arena_printf(arena, "delete fewer, or wait %s between them", span);
    violation->has_excess = true;
    violation->excess = (double)(total - answer->maximum);
}

void budget_explain(struct arena *arena, const struct budget_ask *ask, const struct budget_answer *answer,
                    struct violation *violation) {
    if (ask->demand.kind == BUDGET_UNIQUE) {
        explain_unique(arena, ask, answer, violation);
    } else if (ask->demand.kind == BUDGET_DELETES) {
        explain_deletes(arena, ask, answer, violation);
    } else {
        explain_amount(arena, ask, answer, violation);
    }
    violation->message = ask->message ? ask->message : violation->message;
    violation->hint = ask->hint ? ask->hint : violation->hint;
}
