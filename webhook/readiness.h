// Can this process answer reviews, and if not, why? For /readyz.
#pragma once

#include "attest/key_ring.h"
#include "base/buffer.h"

#include <stdbool.h>
#include <stdint.h>

struct readiness;

// Any thread may call any of these.
struct readiness *readiness_new(void); // caller owns
void readiness_free(struct readiness *readiness);
DEFINE_CLEANUP(readiness_free, struct readiness *)

// The outcome of a load: how many policies are in force now, or why the load failed (what was in force
// stays).
void readiness_policies_loaded(struct readiness *readiness, size_t count);
void readiness_policies_failed(struct readiness *readiness, const char *why);
// The dates of the certificate in force, or why a load failed.
void readiness_certificate_loaded(struct readiness *readiness, int64_t not_before, int64_t not_after);
void readiness_certificate_failed(struct readiness *readiness, const char *why);
// Keys that attest, or why a load failed. Where there are none, nothing is said of them.
void readiness_keys_loaded(struct readiness *readiness, const struct key_ring *keys);
void readiness_keys_failed(struct readiness *readiness, const char *why);
// Asks somebody else too, at every check; before other threads start. check may be NULL.
void readiness_ask(struct readiness *readiness, bool (*check)(void *cookie, struct buffer *ret_text),
                   void *cookie);
// From now on not ready, for ever.
void readiness_drain(struct readiness *readiness);

// now: seconds since 1970. ret_text: one line for each thing, for people.
bool readiness_check(struct readiness *readiness, int64_t now, struct buffer *ret_text);
