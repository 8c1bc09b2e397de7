// What the gate counts, by the names that dashboards use.
#pragma once

#include "base/metrics.h"
#include "engine/decision.h"
#include "webhook/admission_attestation.h"
#include "webhook/admission_review.h"

struct gate_metrics;

struct gate_metrics *gate_metrics_new(const char *version); // caller owns
void gate_metrics_free(struct gate_metrics *metrics);
DEFINE_CLEANUP(gate_metrics_free, struct gate_metrics *)

// An answered review. webhook is "validate" or "mutate"; decision is NULL when nothing was evaluated.
void gate_metrics_review(struct gate_metrics *metrics, const char *webhook,
                         const struct admission_review *admission, const struct decision *decision,
                         uint64_t duration_ns);
// A request that was refused with that HTTP status.
void gate_metrics_rejected(struct gate_metrics *metrics, unsigned status);

void gate_metrics_policies(struct gate_metrics *metrics, size_t loaded);
// What is in force from now on: policy_set_revision and policy_set_digest. One thread.
void gate_metrics_bundle(struct gate_metrics *metrics, const char *revision, const char *digest);
// result: "written", "dropped" or "failed".
void gate_metrics_decision_record(struct gate_metrics *metrics, const char *result);
void gate_metrics_attestation(struct gate_metrics *metrics, enum attestation_result result);
// what: "policies", "certificates" or "attestation-keys".
void gate_metrics_reload(struct gate_metrics *metrics, const char *what, bool succeeded);
void gate_metrics_certificate(struct gate_metrics *metrics, int64_t not_after);
void gate_metrics_authority(struct gate_metrics *metrics, int64_t not_after); // shown once it was set

// Somebody else's metrics come after these; before other threads start. write may be NULL.
void gate_metrics_add_writer(struct gate_metrics *metrics,
                             void (*write)(void *cookie, struct buffer *ret_text), void *cookie);

// All of them as text, with the process's own figures read now.
void gate_metrics_write(struct gate_metrics *metrics, struct buffer *ret_text);
