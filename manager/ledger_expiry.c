// Promises at their end: the object is read once more, so that a watch that is late can't hide it.
#include "manager/ledger_state.h"

#include "base/clock.h"

#include <string.h>

enum { ROUNDS_IN_LIFE = 100, MOST_LOOKS = 64 };
static const uint64_t ns_in_ms = 1000000;

struct look {
    uint64_t id;
    struct promise *copy; // for its key; owned
};

static size_t collect(struct ledger *ledger, struct look looks[MOST_LOOKS]) {
    uint64_t early_ns = ledger->options.life_ms / 30 * ns_in_ms;
    size_t count = 0;
    for (size_t i = 0; i < ledger->promises.count && count < MOST_LOOKS; i++) {
        const struct promise *promise = ledger->promises.items[i];
        bool waits = !promise->shown && !promise->dead && !promise->looked;
        if (waits && clock_now_ns() + early_ns >= promise->until_ns) {
            looks[count++] = (struct look){promise->id, promise_copy(promise)};
        }
    }
    return count;
}

static void look(struct ledger *ledger, struct look *wanted) {
    bool exists = false;
    pthread_mutex_unlock(&ledger->lock);
    bool seen = ledger->options.look(ledger->options.cookie, &wanted->copy->object, &exists);
    pthread_mutex_lock(&ledger->lock);
    for (size_t i = 0; seen && i < ledger->promises.count; i++) {
        if (ledger->promises.items[i]->id == wanted->id) {
            ledger->promises.items[i]->looked = true;
        }
    }
    promise_free(wanted->copy);
}

static void end_promises(struct ledger *ledger) {
    uint64_t now_ns = clock_now_ns();
    // Where the server does not answer, a promise is kept for one more life.
    uint64_t patience_ns = ledger->options.life_ms * ns_in_ms;
    promise_set_refresh(&ledger->promises, ledger->options.inventory);
    for (size_t i = 0; i < ledger->promises.count; i++) {
        struct promise *promise = ledger->promises.items[i];
        bool looked = promise->looked || promise->shown || !ledger->options.look;
        if (!promise->dead && now_ns >= promise->until_ns + (looked ? 0 : patience_ns)) {
            ledger->stats.given_back += promise->shown || promise->covered ? 0 : 1;
            promise->dead = true;
        }
    }
}

void *ledger_expiry_main(void *ledger_cookie) {
    struct ledger *ledger = ledger_cookie;
    uint64_t round_ns = ledger->options.life_ms * ns_in_ms / ROUNDS_IN_LIFE;
    pthread_mutex_lock(&ledger->lock);
    while (!ledger->stopping) {
        struct look looks[MOST_LOOKS];
        promise_set_refresh(&ledger->promises, ledger->options.inventory);
        size_t count = ledger->options.look ? collect(ledger, looks) : 0;
        for (size_t i = 0; i < count; i++) {
            look(ledger, &looks[i]);
        }
        end_promises(ledger);
        if (!ledger->stopping) {
            lane_wait(&ledger->stopped, &ledger->lock, clock_now_ns() + round_ns);
        }
    }
    pthread_mutex_unlock(&ledger->lock);
    return NULL;
}
