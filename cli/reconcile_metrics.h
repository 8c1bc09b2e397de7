// What the reconciler counts, for Prometheus.
#pragma once

#include "base/buffer.h"
#include "engine/decision.h"
#include "reconciler/reconciler.h"

struct reconcile_metrics;

struct reconcile_metrics *reconcile_metrics_new(void); // caller owns
void reconcile_metrics_free(struct reconcile_metrics *metrics);
DEFINE_CLEANUP(reconcile_metrics_free, struct reconcile_metrics *)

// The loop's thread. stats NULL: this replica carries nothing out.
void reconcile_metrics_update(struct reconcile_metrics *metrics, const struct reconciler_stats *stats);
void reconcile_metrics_decided(struct reconcile_metrics *metrics, const struct decision *decision);
// Any thread.
void reconcile_metrics_write(const struct reconcile_metrics *metrics, struct buffer *ret_text);
