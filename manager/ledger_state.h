// What the files of the ledger share.
#pragma once

#include "manager/breaker.h"
#include "manager/lane.h"
#include "manager/ledger.h"
#include "manager/usage.h"

// One call of ask, on its stack.
struct ledger_ask {
    struct lane_ask lane;
    const struct budget_request *request;
    struct arena *arena;
    struct budget_answer *answers;
    uint64_t promised; // the id of what was promised for it alone; 0: nothing
    bool exists;
};

// A promise that is being written.
struct draft {
    struct promise *promise; // owned; NULL: another draft took its place
    struct ledger_ask *ask;  // NULL: nobody waits for it any more
    uint64_t replaces;       // the id of a promise in the document; 0: none
    bool merged;             // it stands for earlier tries too, and is not taken back
};

struct ledger {
    struct ledger_options options;
    char *replica;
    struct budget_keeper keeper;
    pthread_mutex_t lock;
    struct promise_set promises;
    struct draft *drafts; // of the batch that is being written
    size_t draft_count, draft_capacity;
    uint64_t *withdrawn; // ids that are to leave the document
    size_t withdrawn_count, withdrawn_capacity;
    size_t withdrawn_prepared; // how many of them the document that is being written leaves out
    uint64_t next_id;
    struct breaker *breaker, *breaker_draft;
    struct lane promise_lane, breaker_lane;
    pthread_t keeper_thread;
    pthread_cond_t stopped;
    bool started, stopping;
    struct ledger_stats stats;
};

int64_t ledger_clock_ms(const struct ledger *ledger); // UTC
// Judges a request against what is known here. With the lock.
MUST_CHECK bool ledger_judge(struct ledger *ledger, struct ledger_ask *ask, struct promise_set *promises,
                             struct usage_verdict *ret_verdict, struct error *error);
extern const struct lane_methods ledger_promise_lane, ledger_breaker_lane;
// Answers the deletes among the demands, from breaker; nothing is recorded. True: all fit.
bool ledger_judge_deletes(struct ledger *ledger, const struct breaker *breaker, struct ledger_ask *ask);
// Looks at promises that come to their end, until ledger->stopping. A thread's main.
void *ledger_expiry_main(void *ledger_cookie);
// The promise no longer counts, and leaves the document soon. With the lock.
void ledger_withdraw(struct ledger *ledger, uint64_t id);
// For promises that another replica keeps a while longer: clocks differ.
static inline uint64_t ledger_slack_ms(const struct ledger *ledger) {
    return ledger->options.life_ms / 6;
}
uint64_t ledger_random(void);
