// The gate behind the HTTPS server: a request's body in, the answer out. Any thread.
#pragma once

#include "attest/key_ring.h"
#include "engine/policy_set.h"
#include "fleet/fleet_access.h"
#include "webhook/decision_recorder.h"
#include "webhook/gate_metrics.h"
#include "webhook/http_message.h"

struct webhook;

// timeout_ns: most time that a review may take. metrics is borrowed. *set: takes ownership of one reference;
// may be NULL, and then every review is answered 503 until webhook_swap_policies. Caller owns.
struct webhook *webhook_new(struct policy_set *set, uint64_t timeout_ns, struct gate_metrics *metrics);
// Records every decision from now on; before the first request. recorder is borrowed until webhook_free.
void webhook_record_into(struct webhook *webhook, struct decision_recorder *recorder);
void webhook_free(struct webhook *webhook);
DEFINE_CLEANUP(webhook_free, struct webhook *)

// Who knows the rest of the fleet; before the first request. Without it a review sees its own object only.
void webhook_use_fleet(struct webhook *webhook, const struct fleet_access *fleet);

// From now on new requests are judged by set; those that run keep theirs. Takes ownership of one reference.
void webhook_swap_policies(struct webhook *webhook, struct policy_set *set);
bool webhook_has_policies(struct webhook *webhook);
// A reference to what is in force; NULL: nothing is. Any thread; caller unrefs.
struct policy_set *webhook_policies(struct webhook *webhook);
// From now on /mutate attests with these keys and /validate asks for attestations. Takes ownership of one
// reference.
void webhook_swap_keys(struct webhook *webhook, struct key_ring *keys);
// A reference to the keys in force; NULL: none are. Any thread; caller unrefs.
struct key_ring *webhook_keys(struct webhook *webhook);

// Answers a request whose head was accepted. Takes ownership of request->body. *ret_response is always
// filled.
void webhook_handle(struct webhook *webhook, const struct http_request *request,
                    struct http_response *ret_response);
