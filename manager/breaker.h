// The mass-delete breaker: who deleted what lately, and who has to wait for an approval.
#pragma once

#include "base/arena.h"
#include "base/buffer.h"
#include "base/error.h"

#include <stdint.h>

#define BREAKER_DOCUMENT "fleetgate-breaker"
enum {
    BREAKER_MOST_IDENTITIES = 256,
    BREAKER_MOST_DELETES = 500, // in one identity's window
    BREAKER_MOST_APPROVALS = 200,
    BREAKER_APPROVAL_DAYS = 30,
    BREAKER_MOST_TEXT = 512, // of an owner or a reason
};

struct breaker_delete {
    const char *object; // "Cluster prod/eu-7"
    const char *uid;
    int64_t at_ms; // UTC
    int64_t count; // clusters that it took
};

struct breaker_identity {
    const char *name; // a user, or "Kustomization flux-system/clusters"
    struct breaker_delete *deletes;
    size_t delete_count, delete_capacity;
    int64_t window_s;
    const char *reference; // tripped, until an approval names this; NULL: not
    const char *refused;   // what tripped it
    int64_t tripped_ms;
};

struct breaker_approval {
    const char *reference, *identity, *owner, *reason;
    int64_t at_ms;
};

// One thread at a time. Texts live as long as the breaker.
struct breaker {
    struct arena *arena;
    struct breaker_identity *identities;
    size_t identity_count, identity_capacity;
    struct breaker_approval *approvals; // the oldest first
    size_t approval_count, approval_capacity;
};

struct breaker *breaker_new(void); // caller owns
void breaker_free(struct breaker *breaker);
DEFINE_CLEANUP(breaker_free, struct breaker *)

void breaker_write(const struct breaker *breaker, struct buffer *ret_text); // JSON
// text NULL: nothing was deleted. Caller owns. Fails with INVALID, or LIMIT (nested too deep).
MUST_CHECK bool breaker_read(const char *text, struct breaker **ret_breaker, struct error *error);
struct breaker *breaker_copy(const struct breaker *breaker); // caller owns

struct breaker_change {
    const char *identity, *object, *uid; // uid "": not known
    int64_t count;                       // clusters that it takes
    int64_t limit, window_s;
    int64_t now_ms; // UTC
};

struct breaker_verdict {
    bool fits, repeats;                      // repeats: it was admitted before and counts once
    int64_t used;                            // in the window
    const struct breaker_identity *identity; // NULL: it has deleted nothing; borrowed
};
struct breaker_verdict breaker_judge(const struct breaker *breaker, const struct breaker_change *change);
// Fails with LIMIT when the record is full.
MUST_CHECK bool breaker_record(struct breaker *breaker, const struct breaker_change *change,
                               struct error *error);
MUST_CHECK bool breaker_trip(struct breaker *breaker, const struct breaker_change *change,
                             const char *reference, struct error *error);
// The identity starts with a fresh window. Fails with NOT_FOUND, or INVALID (no owner or reason, too long).
MUST_CHECK bool breaker_approve(struct breaker *breaker, const struct breaker_approval *approval,
                                struct error *error);
// Drops what left its window, and approvals older than 30 days. A tripped identity keeps its list.
void breaker_prune(struct breaker *breaker, int64_t now_ms);
// "Cluster prod/a, Cluster prod/b and 3 more", in arena; NULL: none.
const char *breaker_list_deletes(const struct breaker_identity *identity, struct arena *arena);
