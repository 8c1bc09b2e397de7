// The promises' lane: all replicas' promises in one document.
#include "manager/ledger_state.h"

#include "base/clock.h"
#include "base/memory.h"

static const uint64_t ns_in_ms = 1000000;

static struct promise *find(const struct promise_set *set, uint64_t id, size_t hint) {
    for (size_t i = 0; i < set->count; i++) {
        struct promise *promise = set->items[(hint + i) % set->count];
        if (promise->id == id) {
            return promise;
        }
    }
    return NULL;
}

static void drop(struct promise_set *set, uint64_t id) {
    size_t kept = 0;
    for (size_t i = 0; i < set->count; i++) {
        if (set->items[i]->id == id) {
            promise_free(set->items[i]);
        } else {
            set->items[kept++] = set->items[i];
        }
    }
    set->count = kept;
}

static bool is_withdrawn(const struct ledger *ledger, uint64_t id) {
    for (size_t i = 0; i < ledger->withdrawn_count; i++) {
        if (ledger->withdrawn[i] == id) {
            return true;
        }
    }
    return false;
}

void ledger_withdraw(struct ledger *ledger, uint64_t id) {
    if (ledger->withdrawn_count == ledger->withdrawn_capacity) {
        ledger->withdrawn_capacity = ledger->withdrawn_capacity ? 2 * ledger->withdrawn_capacity : 8;
        ledger->withdrawn = memory_realloc(ledger->withdrawn, ledger->withdrawn_capacity, sizeof(uint64_t));
    }
    ledger->withdrawn[ledger->withdrawn_count++] = id;
    struct promise *promise = find(&ledger->promises, id, 0);
    if (promise) {
        promise->dead = true;
    }
    if (ledger->options.store) {
        lane_want(&ledger->promise_lane, false);
    }
}

// When it ends by our clock. The maker's may differ: never at once, never later than a life from now.
static uint64_t end_ns(const struct ledger *ledger, const struct promise *promise) {
    int64_t left_ms = promise->until_ms - ledger_clock_ms(ledger);
    int64_t life_ms = ledger->options.life_ms;
    int64_t least_ms = (int64_t)ledger_slack_ms(ledger);
    left_ms = left_ms < least_ms ? least_ms : left_ms > life_ms ? life_ms : left_ms;
    return clock_now_ns() + (uint64_t)left_ms * ns_in_ms;
}

static bool load(void *cookie, const char *text, struct error *error) {
    struct ledger *ledger = cookie;
    struct promise_set loaded;
    if (!promise_set_read(text, &loaded, error)) {
        return false;
    }
    for (size_t i = 0; i < loaded.count; i++) {
        struct promise *promise = loaded.items[i];
        const struct promise *known = find(&ledger->promises, promise->id, i);
        promise->until_ns = known ? known->until_ns : end_ns(ledger, promise);
        promise->shown = known && known->shown;
        promise->covered = known && known->covered;
        promise->looked = known && known->looked;
        promise->dead = (known && known->dead) || is_withdrawn(ledger, promise->id);
    }
    promise_set_clear(&ledger->promises);
    ledger->promises = loaded;
    return true;
}

// Other replicas look at an object by themselves before they drop its promise, so it stays a while longer.
static void sweep(struct ledger *ledger) {
    uint64_t kept_ns = ledger->options.store ? ledger_slack_ms(ledger) * ns_in_ms : 0;
    size_t kept = 0;
    for (size_t i = 0; i < ledger->promises.count; i++) {
        struct promise *promise = ledger->promises.items[i];
        if (promise->dead && clock_now_ns() >= promise->until_ns + kept_ns) {
            promise_free(promise);
        } else {
            ledger->promises.items[kept++] = promise;
        }
    }
    ledger->promises.count = kept;
}

static struct draft *add_draft(struct ledger *ledger) {
    if (ledger->draft_count == ledger->draft_capacity) {
        ledger->draft_capacity = ledger->draft_capacity ? 2 * ledger->draft_capacity : 8;
        ledger->drafts = memory_realloc(ledger->drafts, ledger->draft_capacity, sizeof(struct draft));
    }
    struct draft *draft = &ledger->drafts[ledger->draft_count++];
    *draft = (struct draft){0};
    return draft;
}

// view: what the document will hold, pointing to promises that others own.
static void leave_out(struct promise_set *view, const struct promise *promise) {
    size_t kept = 0;
    for (size_t i = 0; i < view->count; i++) {
        if (view->items[i] != promise) {
            view->items[kept++] = view->items[i];
        }
    }
    view->count = kept;
}

static void take_place(struct ledger *ledger, struct draft *draft, const struct promise *replaced) {
    draft->merged = true;
    for (size_t i = 0; i + 1 < ledger->draft_count; i++) {
        struct draft *earlier = &ledger->drafts[i];
        if (earlier->promise == replaced) {
            draft->replaces = earlier->replaces;
            if (earlier->ask) {
                earlier->ask->promised = 0;
            }
            promise_free(earlier->promise);
            earlier->promise = NULL;
            return;
        }
    }
    draft->replaces = replaced->id;
}

static void prepare_ask(struct ledger *ledger, struct ledger_ask *ask, struct promise_set *view) {
    struct usage_verdict verdict;
    ask->promised = 0;
    ask->lane.failed = !ledger_judge(ledger, ask, view, &verdict, &ask->lane.error);
    if (ask->lane.failed || !verdict.fits || !verdict.grows) {
        return;
    }
    if (view->count >= LEDGER_MOST_PROMISES) {
        ask->lane.failed = true;
        error_set(&ask->lane.error, ERROR_LIMIT,
                  "%d changes are on their way already, the most that can be counted at once; try again in "
                  "half a minute",
                  LEDGER_MOST_PROMISES);
        return;
    }
    struct usage_question question = {ledger->options.inventory, view, ask->request, ask->exists};
    struct promise *promise = usage_promise(&question, &verdict, ledger->replica);
    promise->id = ledger->next_id++;
    promise->until_ms = ledger_clock_ms(ledger) + ledger->options.life_ms;
    promise->until_ns = clock_now_ns() + ledger->options.life_ms * ns_in_ms;
    struct draft *draft = add_draft(ledger);
    draft->promise = promise;
    draft->ask = ask;
    if (verdict.replaced) {
        leave_out(view, verdict.replaced);
        take_place(ledger, draft, verdict.replaced);
    } else {
        ask->promised = promise->id;
    }
    promise_set_add(view, promise);
}

static void fail_drafts(struct ledger *ledger) {
    for (size_t i = 0; i < ledger->draft_count; i++) {
        struct ledger_ask *ask = ledger->drafts[i].ask;
        if (ask) {
            ask->lane.failed = true;
            error_set(
                &ask->lane.error, ERROR_LIMIT,
                "the changes on their way fill the document that all replicas share (%d KiB); try again "
                "in half a minute",
                LANE_MOST_BYTES / 1024);
        }
    }
}

static void prepare(void *cookie, struct lane_ask *asks, struct buffer *text) {
    struct ledger *ledger = cookie;
    struct promise_set view = {0};
    sweep(ledger);
    ledger->draft_count = 0;
    ledger->withdrawn_prepared = ledger->withdrawn_count;
    bool changed = false;
    for (size_t i = 0; i < ledger->promises.count; i++) {
        if (is_withdrawn(ledger, ledger->promises.items[i]->id)) {
            changed = true;
        } else {
            promise_set_add(&view, ledger->promises.items[i]);
        }
    }
    for (struct lane_ask *next = asks; next; next = next->next) {
        prepare_ask(ledger, next->item, &view);
    }
    if (changed || ledger->draft_count > 0) {
        // Dead ones stay for the others, until they are swept.
        promise_set_write(&view, text);
    }
    if (text->cut) {
        fail_drafts(ledger);
        buffer_truncate(text, 0);
    }
    free(view.items);
}

static void forget_withdrawn(struct ledger *ledger) {
    for (size_t i = 0; i < ledger->withdrawn_prepared; i++) {
        drop(&ledger->promises, ledger->withdrawn[i]);
    }
    size_t left = ledger->withdrawn_count - ledger->withdrawn_prepared;
    for (size_t i = 0; i < left; i++) {
        ledger->withdrawn[i] = ledger->withdrawn[ledger->withdrawn_prepared + i];
    }
    ledger->withdrawn_count = left;
    ledger->withdrawn_prepared = 0;
}

static void settle_draft(struct ledger *ledger, struct draft *draft) {
    if (!draft->promise) {
        return;
    }
    if (draft->replaces) {
        drop(&ledger->promises, draft->replaces);
    }
    promise_set_add(&ledger->promises, draft->promise);
    if (!draft->ask && !draft->merged) {
        ledger_withdraw(ledger, draft->promise->id);
    }
}

static void settle(void *cookie, bool written) {
    struct ledger *ledger = cookie;
    if (written) {
        forget_withdrawn(ledger);
    }
    for (size_t i = 0; i < ledger->draft_count; i++) {
        struct draft *draft = &ledger->drafts[i];
        if (written) {
            settle_draft(ledger, draft);
            continue;
        }
        promise_free(draft->promise);
        if (draft->ask) {
            draft->ask->promised = 0;
        }
    }
    ledger->draft_count = 0;
}

static void leave(void *cookie, struct lane_ask *ask) {
    struct ledger *ledger = cookie;
    for (size_t i = 0; i < ledger->draft_count; i++) {
        if (ledger->drafts[i].ask == ask->item) {
            ledger->drafts[i].ask = NULL;
        }
    }
}

const struct lane_methods ledger_promise_lane = {
    .load = load, .prepare = prepare, .settle = settle, .leave = leave};
