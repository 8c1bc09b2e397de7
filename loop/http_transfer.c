#include "loop/http_transfer.h"

#include "base/memory.h"
#include "loop/event_loop_internal.h"

struct http_transfer {
    struct event_loop *loop;
    CURL *easy;
    event_timer refusal; // curl did not take it: done is told in the next turn
    void (*done)(void *cookie, CURLcode result);
    void *cookie;
};

static void end(struct http_transfer *transfer) {
    if (transfer->refusal) {
        event_loop_cancel(transfer->loop, transfer->refusal);
    } else {
        curl_multi_remove_handle(event_loop_multi(transfer->loop), transfer->easy);
    }
    event_loop_count_transfer(transfer->loop, false);
    free(transfer);
}

static void finish(struct http_transfer *transfer, CURLcode result) {
    void (*done)(void *, CURLcode) = transfer->done;
    void *cookie = transfer->cookie;
    end(transfer);
    done(cookie, result);
}

static void refuse(void *cookie) {
    finish(cookie, CURLE_FAILED_INIT);
}

struct http_transfer *http_transfer_start(struct event_loop *loop, CURL *easy,
                                          void (*done)(void *cookie, CURLcode result), void *cookie) {
    CURLM *multi = event_loop_multi(loop);
    struct http_transfer *transfer = memory_calloc(1, sizeof(*transfer));
    *transfer = (struct http_transfer){.loop = loop, .easy = easy, .done = done, .cookie = cookie};
    event_loop_count_transfer(loop, true);
    if (curl_easy_setopt(easy, CURLOPT_PRIVATE, transfer) != CURLE_OK ||
        curl_multi_add_handle(multi, easy) != CURLM_OK) {
        transfer->refusal = event_loop_after(loop, 0, refuse, transfer);
    }
    return transfer;
}

void http_transfer_cancel(struct http_transfer *transfer) {
    if (transfer) {
        end(transfer);
    }
}

void http_transfer_finish(CURL *easy, CURLcode result) {
    char *private = NULL;
    curl_easy_getinfo(easy, CURLINFO_PRIVATE, &private);
    finish((struct http_transfer *)(void *)private, result);
}
