#include "cli/serve_reconciler.h"

#include "base/log.h"
#include "base/memory.h"
#include "cli/object_feed.h"
#include "cli/reconcile_metrics.h"
#include "cli/reconcile_term.h"

#include <pthread.h>
#include <string.h>

// How often leadership, policies and keys are looked at; calls to a provider ask for leadership themselves.
enum { LOOK_MS = 200, RETRY_MS = 1000 };

struct serve_reconciler {
    struct serve_reconciler_options options;
    struct reconcile_metrics *metrics;
    struct event_loop *loop;
    struct object_feed *feed;
    struct manager *manager;
    pthread_t thread;
    bool has_thread;
    // Of the loop's thread.
    struct reconcile_term *term; // NULL: another replica leads
    char problem[512];           // why it could not begin; said once
};

static void take(void *cookie, const struct feed_item *item) {
    struct serve_reconciler *reconciler = cookie;
    reconcile_term_take(reconciler->term, item);
}

static void lost(void *cookie) {
    struct serve_reconciler *reconciler = cookie;
    log_write(LOG_WARN, "objects came faster than they could be looked at: all are listed again", NULL);
    reconcile_term_relist(reconciler->term);
}

struct serve_reconciler *serve_reconciler_new(const struct serve_reconciler_options *options) {
    struct serve_reconciler *reconciler = memory_calloc(1, sizeof(*reconciler));
    reconciler->options = *options;
    reconciler->metrics = reconcile_metrics_new();
    reconciler->loop = event_loop_new();
    reconciler->feed = object_feed_new(&(struct object_feed_options){
        .loop = reconciler->loop, .take = take, .lost = lost, .cookie = reconciler});
    return reconciler;
}

struct fleet_listener serve_reconciler_listener(struct serve_reconciler *reconciler) {
    return object_feed_listener(reconciler->feed);
}

static void begin(struct serve_reconciler *reconciler) {
    struct error error = {0};
    const struct reconcile_term_options options = {.loop = reconciler->loop,
                                                   .manager = reconciler->manager,
                                                   .metrics = reconciler->metrics,
                                                   .serve = &reconciler->options};
    object_feed_open(reconciler->feed, true); // before the list that the term asks for
    if (reconcile_term_begin(&options, &reconciler->term, &error)) {
        reconciler->problem[0] = '\0';
        log_write(LOG_INFO, "this replica carries out approved specs from now on", NULL);
        return;
    }
    object_feed_open(reconciler->feed, false);
    if (strcmp(reconciler->problem, error.message) != 0) {
        memcpy(reconciler->problem, error.message, sizeof(reconciler->problem));
        log_write(LOG_ERROR, "this replica leads, but can't carry out anything", "why", error.message, NULL);
    }
}

static void end(struct serve_reconciler *reconciler) {
    if (reconciler->term) {
        object_feed_open(reconciler->feed, false);
        reconcile_term_free(reconciler->term);
        reconciler->term = NULL;
        log_write(LOG_INFO, "this replica carries out approved specs no longer", NULL);
    }
}

static void look(void *cookie) {
    struct serve_reconciler *reconciler = cookie;
    bool leads = manager_leads(reconciler->manager);
    if (!leads) {
        end(reconciler);
    } else if (!reconciler->term) {
        begin(reconciler);
    }
    if (reconciler->term) {
        reconcile_term_look(reconciler->term);
    }
    event_loop_after(reconciler->loop, leads && !reconciler->term ? RETRY_MS : LOOK_MS, look, reconciler);
}

static void *run(void *data) {
    struct serve_reconciler *reconciler = data;
    event_loop_after(reconciler->loop, 0, look, reconciler);
    event_loop_run(reconciler->loop);
    end(reconciler);
    return NULL;
}

bool serve_reconciler_start(struct serve_reconciler *reconciler, struct manager *manager,
                            struct error *error) {
    reconciler->manager = manager;
    if (pthread_create(&reconciler->thread, NULL, run, reconciler) != 0) {
        return error_set(error, ERROR_LIMIT, "can't start a thread that carries out approved specs");
    }
    reconciler->has_thread = true;
    return true;
}

void serve_reconciler_stop(struct serve_reconciler *reconciler) {
    if (reconciler && reconciler->has_thread) {
        event_loop_stop(reconciler->loop);
        pthread_join(reconciler->thread, NULL);
        reconciler->has_thread = false;
    }
}

void serve_reconciler_free(struct serve_reconciler *reconciler) {
    if (reconciler) {
        serve_reconciler_stop(reconciler);
        object_feed_free(reconciler->feed);
        event_loop_free(reconciler->loop);
        reconcile_metrics_free(reconciler->metrics);
        free(reconciler);
    }
}

void serve_reconciler_write_metrics(struct serve_reconciler *reconciler, struct buffer *ret_text) {
    reconcile_metrics_write(reconciler->metrics, ret_text);
}
