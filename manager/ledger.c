#include "manager/ledger_state.h"

#include "base/clock.h"
#include "base/memory.h"

#include <string.h>
#include <sys/random.h>
#include <time.h>

enum { REFRESH_MS = 5000 };

uint64_t ledger_random(void) {
    uint64_t number = 0;
    while (number == 0 && getrandom(&number, sizeof(number), 0) != sizeof(number)) {
    }
    return number;
}

int64_t ledger_clock_ms(const struct ledger *ledger) {
    if (ledger->options.clock_ms) {
        return ledger->options.clock_ms(ledger->options.cookie);
    }
    struct timespec now;
    clock_gettime(CLOCK_REALTIME, &now);
    return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

bool ledger_judge(struct ledger *ledger, struct ledger_ask *ask, struct promise_set *promises,
                  struct usage_verdict *ret_verdict, struct error *error) {
    struct usage_question question = {ledger->options.inventory, promises, ask->request, ask->exists};
    return usage_judge(&question, ask->arena, ask->answers, ret_verdict, error);
}

// A store of one's own: what is prepared is settled at once.
static bool apply(struct lane *lane, struct ledger_ask *ask, struct error *error) {
    CLEANUP(buffer_clear) struct buffer text;
    buffer_init(&text, LANE_MOST_BYTES);
    ask->lane.next = NULL;
    lane->methods->prepare(lane->cookie, &ask->lane, &text);
    lane->methods->settle(lane->cookie, text.length > 0);
    if (ask->lane.failed) {
        *error = ask->lane.error;
        return false;
    }
    return true;
}

static bool submit(struct lane *lane, struct ledger_ask *ask, struct error *error) {
    ask->lane = (struct lane_ask){.item = ask};
    return lane->store ? lane_submit(lane, &ask->lane, ask->request->deadline_ns, error)
                       : apply(lane, ask, error);
}

// Of what a demand of that kind was answered, does all fit that has to?
static bool fits(const struct ledger_ask *ask, bool deletes) {
    for (size_t i = 0; i < ask->request->demand_count; i++) {
        const struct budget_demand *demand = &ask->request->demands[i];
        if ((demand->kind == BUDGET_DELETES) == deletes && !ask->answers[i].fits && !demand->counts_only) {
            return false;
        }
    }
    return true;
}

static bool has_deletes(const struct budget_request *request) {
    for (size_t i = 0; i < request->demand_count; i++) {
        if (request->demands[i].kind == BUDGET_DELETES) {
            return true;
        }
    }
    return false;
}

// The breaker is asked last: a delete that something else refuses is not recorded.
static bool ask_breaker(struct ledger *ledger, struct ledger_ask *ask, struct error *error) {
    bool passes = ledger_judge_deletes(ledger, ledger->breaker, ask);
    if (!ask->request->promise || !fits(ask, false) || !has_deletes(ask->request)) {
        return true;
    }
    // It may have been approved in the meantime.
    struct lane *lane = &ledger->breaker_lane;
    lane->known &= passes;
    return submit(lane, ask, error);
}

static void withdraw(struct ledger *ledger, const struct ledger_ask *ask) {
    if (ask->promised != 0) {
        ledger_withdraw(ledger, ask->promised);
    }
}

static bool ask_locked(struct ledger *ledger, struct ledger_ask *ask, struct error *error) {
    struct usage_verdict verdict;
    ledger->stats.asks++;
    if (!ledger_judge(ledger, ask, &ledger->promises, &verdict, error)) {
        return false;
    }
    // What does not fit anyway waits for nobody.
    if (verdict.fits && verdict.grows && ask->request->promise &&
        !submit(&ledger->promise_lane, ask, error)) {
        return false;
    }
    bool asked = ask_breaker(ledger, ask, error);
    if (!asked || !fits(ask, true)) {
        withdraw(ledger, ask);
    }
    ledger->stats.refused += asked && fits(ask, false) && fits(ask, true) ? 0 : 1;
    return asked;
}

// A create comes with a new uid. Of what the inventory holds already: was it deleted in between, or will the
// server refuse it? What was deleted is taken out at once, since its uid never comes again: were it to cover
// the new one, that one would count nowhere between the end of the old one and its own news.
static bool look_whether_exists(struct ledger *ledger, const struct budget_request *request, bool *ret_exists,
                                struct error *error) {
    struct inventory *inventory = ledger->options.inventory;
    bool creates = request->promise && !request->removes && request->generation == 1 && *request->uid;
    char held[INVENTORY_UID_BYTES];
    *ret_exists = false;
    if (!creates || !ledger->options.look || !inventory_uid(inventory, &request->object, held) ||
        strncmp(held, request->uid, sizeof(held) - 1) == 0) {
        return true;
    }
    if (!ledger->options.look(ledger->options.cookie, &request->object, ret_exists)) {
        return error_set(error, ERROR_IO,
                         "whether %s %s/%s is still there has not been heard in time: try again",
                         request->object.kind, request->object.namespace, request->object.name);
    }
    if (!*ret_exists) {
        inventory_remove(inventory, &request->object, held);
    }
    return true;
}

static bool ask(void *cookie, const struct budget_request *request, struct arena *arena,
                struct budget_answer *ret_answers, struct error *error) {
    struct ledger *ledger = cookie;
    struct ledger_ask ask = {.request = request, .arena = arena, .answers = ret_answers};
    if (!look_whether_exists(ledger, request, &ask.exists, error)) {
        return false;
    }
    if (request->deadline_ns && clock_now_ns() >= request->deadline_ns) {
        return error_set(error, ERROR_LIMIT, "no time left to count");
    }
    pthread_mutex_lock(&ledger->lock);
    bool asked = ask_locked(ledger, &ask, error);
    pthread_mutex_unlock(&ledger->lock);
    return asked;
}

static const struct budget_keeper_methods keeper_methods = {.ask = ask};

const struct budget_keeper *ledger_keeper(struct ledger *ledger) {
    return &ledger->keeper;
}

static struct lane make_lane(struct ledger *ledger, const char *document, const struct shared_store *store,
                             const struct lane_methods *methods) {
    return (struct lane){.document = document,
                         .store = store,
                         .lock = &ledger->lock,
                         .methods = methods,
                         .cookie = ledger,
                         .refresh_ms = REFRESH_MS};
}

static bool start(struct ledger *ledger, struct error *error) {
    if (pthread_create(&ledger->keeper_thread, NULL, ledger_expiry_main, ledger) != 0) {
        return error_set(error, ERROR_IO, "no thread can be made for the ledger");
    }
    ledger->started = true;
    return (!ledger->promise_lane.store || lane_start(&ledger->promise_lane, error)) &&
           (!ledger->breaker_lane.store || lane_start(&ledger->breaker_lane, error));
}

bool ledger_new(const struct ledger_options *options, struct ledger **ret_ledger, struct error *error) {
    CLEANUP(ledger_free) struct ledger *ledger = memory_calloc(1, sizeof(*ledger));
    ledger->options = *options;
    ledger->options.life_ms = options->life_ms ? options->life_ms : PROMISE_LIFE_MS;
    ledger->replica = memory_strdup(options->replica);
    ledger->keeper = (struct budget_keeper){&keeper_methods, ledger};
    ledger->breaker = breaker_new();
    ledger->next_id = ledger_random();
    pthread_mutex_init(&ledger->lock, NULL);
    lane_cond_init(&ledger->stopped);
    const struct shared_store *breaker_store =
        options->breaker_store ? options->breaker_store : options->store;
    ledger->promise_lane = make_lane(ledger, LEDGER_DOCUMENT, options->store, &ledger_promise_lane);
    ledger->breaker_lane = make_lane(ledger, BREAKER_DOCUMENT, breaker_store, &ledger_breaker_lane);
    if (!start(ledger, error)) {
        return false;
    }
    *ret_ledger = ledger_free_take(&ledger);
    return true;
}

void ledger_free(struct ledger *ledger) {
    if (!ledger) {
        return;
    }
    lane_stop(&ledger->promise_lane);
    lane_stop(&ledger->breaker_lane);
    if (ledger->started) {
        pthread_mutex_lock(&ledger->lock);
        ledger->stopping = true;
        pthread_cond_broadcast(&ledger->stopped);
        pthread_mutex_unlock(&ledger->lock);
        pthread_join(ledger->keeper_thread, NULL);
    }
    promise_set_clear(&ledger->promises);
    breaker_free(ledger->breaker);
    breaker_free(ledger->breaker_draft);
    free(ledger->drafts);
    free(ledger->withdrawn);
    free(ledger->replica);
    pthread_cond_destroy(&ledger->stopped);
    pthread_mutex_destroy(&ledger->lock);
    free(ledger);
}

struct ledger_stats ledger_stats(struct ledger *ledger) {
    pthread_mutex_lock(&ledger->lock);
    promise_set_refresh(&ledger->promises, ledger->options.inventory);
    struct ledger_stats stats = ledger->stats;
    for (size_t i = 0; i < ledger->promises.count; i++) {
        stats.promises += !ledger->promises.items[i]->dead;
        stats.unshown += promise_counts(ledger->promises.items[i]);
    }
    for (size_t i = 0; i < ledger->breaker->identity_count; i++) {
        stats.tripped += ledger->breaker->identities[i].reference != NULL;
    }
    const struct lane_counts *promises = &ledger->promise_lane.counts;
    const struct lane_counts *breaker = &ledger->breaker_lane.counts;
    stats.writes = promises->writes + breaker->writes;
    stats.conflicts = promises->conflicts + breaker->conflicts;
    stats.store_errors = promises->errors + breaker->errors;
    pthread_mutex_unlock(&ledger->lock);
    return stats;
}
