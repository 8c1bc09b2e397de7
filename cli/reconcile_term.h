// One time in which this replica leads: the reconciler, its store and its clouds. The loop's thread only.
#pragma once

#include "cli/object_feed.h"
#include "cli/reconcile_metrics.h"
#include "cli/serve_reconciler.h"

struct reconcile_term;

struct reconcile_term_options {
    struct event_loop *loop; // borrowed, as all of these, until reconcile_term_free
    struct manager *manager;
    struct reconcile_metrics *metrics;
    const struct serve_reconciler_options *serve;
};

// Nothing is done before all objects were listed anew (reconcile_term_take). Fails as sim_open and
// kube_store_new do. Caller owns.
MUST_CHECK bool reconcile_term_begin(const struct reconcile_term_options *options,
                                     struct reconcile_term **ret_term, struct error *error);
void reconcile_term_free(struct reconcile_term *term);
DEFINE_CLEANUP(reconcile_term_free, struct reconcile_term *)

// What the feed brings.
void reconcile_term_take(struct reconcile_term *term, const struct feed_item *item);
// Some of it was lost: from now on a whole new list counts.
void reconcile_term_relist(struct reconcile_term *term);
// Every now and then: are all kinds listed, are other policies in force?
void reconcile_term_look(struct reconcile_term *term);
