// The breaker's lane: who deleted what, in one document.
#include "manager/ledger_state.h"

#include "base/log.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

enum { REFERENCE_BYTES = 9 };

static bool load(void *cookie, const char *text, struct error *error) {
    struct ledger *ledger = cookie;
    struct breaker *loaded = NULL;
    if (!breaker_read(text, &loaded, error)) {
        return false;
    }
    breaker_free(ledger->breaker);
    ledger->breaker = loaded;
    return true;
}

static int64_t limit_of(const struct ledger *ledger, const struct budget_demand *demand) {
    int64_t limit = demand->maximum;
    if (demand->percent > 0) {
        int64_t clusters = inventory_sum(ledger->options.inventory, AMOUNT_CLUSTERS, "fleet", "");
        int64_t share = clusters / 100 * demand->percent + clusters % 100 * demand->percent / 100;
        limit = share < limit ? share : limit;
    }
    return limit > 1 ? limit : 1;
}

static struct breaker_change change_of(const struct ledger *ledger, const struct ledger_ask *ask,
                                       const struct budget_demand *demand) {
    const struct object_key *object = &ask->request->object;
    return (struct breaker_change){
        .identity = demand->group,
        .object = arena_printf(ask->arena, "%s %s%s%s", object->kind, object->namespace,
                               *object->namespace ? "/" : "", object->name),
        .uid = ask->request->uid,
        .count = demand->after,
        .limit = limit_of(ledger, demand),
        .window_s = demand->window_s,
        .now_ms = ledger_clock_ms(ledger),
    };
}

static bool takes(const struct budget_demand *demand) {
    return demand->kind == BUDGET_DELETES && demand->after > 0;
}

bool ledger_judge_deletes(struct ledger *ledger, const struct breaker *breaker, struct ledger_ask *ask) {
    bool fits = true;
    for (size_t i = 0; i < ask->request->demand_count; i++) {
        const struct budget_demand *demand = &ask->request->demands[i];
        if (demand->kind != BUDGET_DELETES) {
            continue;
        }
        struct breaker_change change = change_of(ledger, ask, demand);
        struct breaker_verdict verdict = breaker_judge(breaker, &change);
        struct budget_answer *answer = &ask->answers[i];
        *answer = (struct budget_answer){
            .fits = verdict.fits || !takes(demand), .used = verdict.used, .maximum = change.limit};
        answer->holder = breaker_list_deletes(verdict.identity, ask->arena);
        answer->holder = arena_strdup(ask->arena, answer->holder);
        answer->reference = verdict.identity ? arena_strdup(ask->arena, verdict.identity->reference) : NULL;
        fits &= answer->fits || demand->counts_only;
    }
    return fits;
}

static bool record(struct ledger *ledger, struct breaker *draft, struct ledger_ask *ask, bool *changed,
                   struct error *error) {
    for (size_t i = 0; i < ask->request->demand_count; i++) {
        const struct budget_demand *demand = &ask->request->demands[i];
        if (!takes(demand)) {
            continue;
        }
        struct breaker_change change = change_of(ledger, ask, demand);
        *changed |= !breaker_judge(draft, &change).repeats;
        if (!breaker_record(draft, &change, error)) {
            return false;
        }
    }
    return true;
}

static bool trip(struct ledger *ledger, struct breaker *draft, struct ledger_ask *ask, bool *changed,
                 struct error *error) {
    for (size_t i = 0; i < ask->request->demand_count; i++) {
        const struct budget_demand *demand = &ask->request->demands[i];
        struct budget_answer *answer = &ask->answers[i];
        if (!takes(demand) || demand->counts_only || answer->fits || answer->reference) {
            continue;
        }
        struct breaker_change change = change_of(ledger, ask, demand);
        char reference[REFERENCE_BYTES];
        snprintf(reference, sizeof(reference), "%08" PRIx32, (uint32_t)ledger_random());
        if (!breaker_trip(draft, &change, reference, error)) {
            return false;
        }
        *changed = true;
        // A second demand of the same identity is answered with the same reference.
        ledger_judge_deletes(ledger, draft, ask);
    }
    return true;
}

static void prepare(void *cookie, struct lane_ask *asks, struct buffer *text) {
    struct ledger *ledger = cookie;
    struct breaker *draft = breaker_copy(ledger->breaker);
    bool changed = false;
    breaker_prune(draft, ledger_clock_ms(ledger));
    for (struct lane_ask *next = asks; next; next = next->next) {
        struct ledger_ask *ask = next->item;
        ask->lane.failed = ledger_judge_deletes(ledger, draft, ask)
                               ? !record(ledger, draft, ask, &changed, &ask->lane.error)
                               : !trip(ledger, draft, ask, &changed, &ask->lane.error);
    }
    if (changed) {
        breaker_write(draft, text);
    }
    for (struct lane_ask *next = asks; text->cut && next; next = next->next) {
        next->failed = true;
        error_set(&next->error, ERROR_LIMIT, "the record of deletes is full (%d KiB)",
                  LANE_MOST_BYTES / 1024);
    }
    if (text->cut) {
        buffer_truncate(text, 0);
    }
    ledger->breaker_draft = draft;
}

static void tell_trips(struct ledger *ledger, const struct breaker *before, const struct breaker *after) {
    for (size_t i = 0; i < after->identity_count; i++) {
        const struct breaker_identity *identity = &after->identities[i];
        bool is_new = identity->reference != NULL;
        for (size_t j = 0; is_new && j < before->identity_count; j++) {
            const char *known = before->identities[j].reference;
            is_new = !known || strcmp(known, identity->reference) != 0;
        }
        if (!is_new) {
            continue;
        }
        ledger->stats.trips++;
        log_write(LOG_WARN, "the mass-delete breaker tripped: more deletes are refused", "identity",
                  identity->name, "reference", identity->reference, "refused", identity->refused, "deletes",
                  breaker_list_deletes(identity, after->arena), "hint",
                  "fleetgate breaker approve REFERENCE --owner WHO --reason WHY", NULL);
    }
}

static void settle(void *cookie, bool written) {
    struct ledger *ledger = cookie;
    struct breaker *unused = ledger->breaker_draft;
    if (written) {
        tell_trips(ledger, ledger->breaker, ledger->breaker_draft);
        unused = ledger->breaker;
        ledger->breaker = ledger->breaker_draft;
    }
    ledger->breaker_draft = NULL;
    breaker_free(unused);
}

// A delete that was recorded stays so: it may come again in a moment.
static void leave(void *cookie, struct lane_ask *ask) {
    (void)cookie;
    (void)ask;
}

const struct lane_methods ledger_breaker_lane = {
    .load = load, .prepare = prepare, .settle = settle, .leave = leave};
