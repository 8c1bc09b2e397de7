#include "kube/kube_async.h"

#include "base/memory.h"
#include "kube/kube_client_internal.h"
#include "kube/kube_preparer.h"
#include "loop/http_transfer.h"

#include <string.h>

enum { DEFAULT_AT_ONCE = 32 };

enum call_state {
    CALL_QUEUED,    // for one of the places on the way
    CALL_PREPARING, // the preparer has it
    CALL_RUNNING,   // curl has it
    CALL_PAUSING,   // before another try
    CALL_BROKEN,    // could not even be asked; error says why, and is told in the next turn
};

struct kube_async_call {
    struct kube_async *async;
    struct kube_async_call *next, *previous;
    enum call_state state;
    bool is_dropped; // nobody waits any more, but the preparer still has it
    struct kube_call_request request;
    char *body; // our copy
    kube_async_done *done;
    void *cookie;
    int64_t deadline_ms; // of the loop's clock
    event_timer deadline, pause;
    unsigned repeat;
    bool was_shown_anew; // after a 401
    struct error error;

    // Of the try under way.
    CURL *easy;
    struct kube_attempt attempt;
    struct kube_preparation preparation;
    struct http_transfer *transfer;
};

struct kube_async {
    struct kube_async_options options;
    struct kube_connections *handles;
    struct kube_preparer *preparer;       // NULL: preparing never blocks
    struct kube_async_call *first, *last; // all of them, as they were started
    unsigned queued, on_their_way;
};

bool kube_async_new(const struct kube_async_options *options, struct kube_async **ret_async,
                    struct error *error) {
    CLEANUP(kube_async_free) struct kube_async *async = memory_calloc(1, sizeof(*async));
    async->options = *options;
    async->options.at_once = options->at_once ? options->at_once : DEFAULT_AT_ONCE;
    async->handles = kube_connections_new();
    if (kube_client_config(options->client)->exec.command &&
        !kube_preparer_new(options->loop, options->client->transport, &async->preparer, error)) {
        return false;
    }
    *ret_async = kube_async_free_take(&async);
    return true;
}

// ---- a call's life ----

static void link_call(struct kube_async_call *call) {
    struct kube_async *async = call->async;
    call->previous = async->last;
    call->next = NULL;
    *(async->last ? &async->last->next : &async->first) = call;
    async->last = call;
}

static void unlink_call(struct kube_async_call *call) {
    struct kube_async *async = call->async;
    *(call->previous ? &call->previous->next : &async->first) = call->next;
    *(call->next ? &call->next->previous : &async->last) = call->previous;
}

static void free_call(struct kube_async_call *call) {
    kube_call_request_clear(&call->request);
    free(call->body);
    free(call);
}

// Gives back what the try has.
static void end_try(struct kube_async_call *call) {
    http_transfer_cancel(call->transfer);
    call->transfer = NULL;
    kube_attempt_clear(&call->attempt);
    buffer_init(&call->attempt.body, 0);
    kube_connections_give(call->async->handles, call->easy);
    call->easy = NULL;
    call->async->on_their_way--;
}

// Nothing of the loop names the call any more, unless the preparer has it.
static void let_go(struct kube_async_call *call) {
    struct event_loop *loop = call->async->options.loop;
    event_loop_cancel(loop, call->deadline);
    event_loop_cancel(loop, call->pause);
    if (call->state == CALL_PREPARING) {
        call->is_dropped = true;
        return;
    }
    if (call->state == CALL_RUNNING) {
        end_try(call);
    }
    call->async->queued -= call->state == CALL_QUEUED;
    unlink_call(call);
    free_call(call);
}

static void start_queued(struct kube_async *async);

void kube_async_cancel(struct kube_async_call *call) {
    if (call) {
        struct kube_async *async = call->async;
        let_go(call);
        start_queued(async);
    }
}

void kube_async_free(struct kube_async *async) {
    if (!async) {
        return;
    }
    kube_preparer_free(async->preparer);
    for (struct kube_async_call *call = async->first, *next; call; call = next) {
        next = call->next;
        event_loop_withdraw(async->options.loop, call);
        call->state = call->state == CALL_PREPARING ? CALL_RUNNING : call->state; // it is ours again
        let_go(call);
    }
    kube_connections_free(async->handles);
    free(async);
}

static void answer(struct kube_async_call *call, const struct kube_answer *told) {
    struct kube_async *async = call->async;
    kube_async_done *done = call->done;
    void *cookie = call->cookie;
    let_go(call);
    start_queued(async);
    done(cookie, told);
}

static void answer_error(struct kube_async_call *call, const struct error *error, long http_status) {
    const struct kube_answer told = {.error = *error, .http_status = http_status};
    answer(call, &told);
}

static void run_out_of_time(void *cookie) {
    struct kube_async_call *call = cookie;
    struct error error;
    call->deadline = 0;
    error_set(&error, ERROR_LIMIT, "%s %s: no answer in time",
              call->request.exchange.method ? call->request.exchange.method : "GET",
              call->request.exchange.path);
    answer_error(call, &error, 0);
}

static void tell_broken(void *cookie) {
    struct kube_async_call *call = cookie;
    struct error error = call->error;
    answer_error(call, &error, 0);
}

// ---- a try ----

static void enqueue(struct kube_async_call *call) {
    call->state = CALL_QUEUED;
    call->async->queued++;
    start_queued(call->async);
}

static void begin_again(void *cookie) {
    struct kube_async_call *call = cookie;
    call->pause = 0;
    enqueue(call);
}

// One more try?
static bool tries_again(struct kube_async_call *call) {
    const struct kube_client *client = call->async->options.client;
    struct event_loop *loop = call->async->options.loop;
    int64_t pause_ms = 0;
    if (call->attempt.status == KUBE_UNAUTHORIZED && !call->was_shown_anew) {
        call->was_shown_anew = true;
        kube_transport_refused(client->transport, call->attempt.prepared.credential);
    } else if (call->repeat < client->retries &&
               kube_attempt_may_repeat(&call->attempt, call->request.is_repeatable)) {
        pause_ms = (int64_t)(kube_attempt_pause_ns(&call->attempt, call->repeat++) / 1000000);
    } else {
        return false;
    }
    if (event_loop_now_ms(loop) + pause_ms >= call->deadline_ms) {
        return false;
    }
    end_try(call);
    call->state = CALL_PAUSING;
    call->pause = event_loop_after(loop, pause_ms, begin_again, call);
    start_queued(call->async);
    return true;
}

static void fail_try(struct kube_async_call *call) {
    if (!tries_again(call)) {
        struct error error;
        (void)kube_attempt_fail(&call->attempt, &call->request.exchange, &error);
        answer_error(call, &error, call->attempt.status);
    }
}

static void transfer_done(void *cookie, CURLcode code) {
    struct kube_async_call *call = cookie;
    call->transfer = NULL;
    if (!kube_attempt_finish(&call->attempt, call->async->options.client->transport, call->easy, code)) {
        fail_try(call);
        return;
    }
    CLEANUP(document_free) struct document *document = NULL;
    struct kube_answer told = {.http_status = call->attempt.status};
    if (kube_answer_read(&call->attempt.body, call->request.exchange.path, &document, &told.error)) {
        told.error.kind = ERROR_NONE;
        told.object = document_root(document);
    }
    answer(call, &told);
}

static void send_prepared(void *cookie) {
    struct kube_async_call *call = cookie;
    call->state = CALL_RUNNING;
    if (call->is_dropped) {
        kube_async_cancel(call);
    } else if (call->preparation.is_prepared) {
        call->transfer = http_transfer_start(call->async->options.loop, call->easy, transfer_done, call);
    } else {
        fail_try(call);
    }
}

static void begin_try(struct kube_async_call *call) {
    struct kube_async *async = call->async;
    const struct kube_client *client = async->options.client;
    int64_t left_ms = call->deadline_ms - event_loop_now_ms(async->options.loop);
    long timeout_ms = left_ms < (int64_t)client->timeout_ms ? (long)left_ms : (long)client->timeout_ms;
    call->easy = kube_connections_take(async->handles);
    call->state = CALL_PREPARING;
    async->on_their_way++;
    call->preparation = (struct kube_preparation){.attempt = &call->attempt,
                                                  .easy = call->easy,
                                                  .exchange = &call->request.exchange,
                                                  .timeout_ms = timeout_ms > 0 ? timeout_ms : 1,
                                                  .done = send_prepared,
                                                  .cookie = call};
    if (async->preparer) {
        kube_preparer_submit(async->preparer, &call->preparation);
        return;
    }
    call->preparation.is_prepared =
        kube_attempt_prepare(&call->attempt, client->transport, call->easy, &call->request.exchange,
                             call->preparation.timeout_ms, KUBE_MOST_OBJECT_BYTES);
    event_loop_post(async->options.loop, send_prepared, call);
}

static void start_queued(struct kube_async *async) {
    struct kube_async_call *call = async->first;
    for (; call && async->queued > 0 && async->on_their_way < async->options.at_once; call = call->next) {
        if (call->state == CALL_QUEUED) {
            async->queued--;
            begin_try(call);
        }
    }
}

struct kube_async_call *kube_async_start(struct kube_async *async, const struct kube_call *call,
                                         int64_t timeout_ms, kube_async_done *done, void *cookie) {
    const struct kube_client *client = async->options.client;
    struct event_loop *loop = async->options.loop;
    struct kube_async_call *started = memory_calloc(1, sizeof(*started));
    int64_t usual_ms = (int64_t)client->timeout_ms * (client->retries + 1);
    int64_t most_ms = timeout_ms > 0 ? timeout_ms : usual_ms;
    *started = (struct kube_async_call){.async = async, .done = done, .cookie = cookie};
    started->deadline_ms = event_loop_now_ms(loop) + most_ms;
    link_call(started);
    if (!kube_call_prepare(call, &started->request, &started->error)) {
        started->state = CALL_BROKEN;
        started->pause = event_loop_after(loop, 0, tell_broken, started);
        return started;
    }
    if (started->request.exchange.body && started->request.exchange.body != started->request.options) {
        started->body = memory_strdup(started->request.exchange.body);
        started->request.exchange.body = started->body;
    }
    started->deadline = event_loop_after(loop, most_ms, run_out_of_time, started);
    enqueue(started);
    return started;
}
