#include "loop/http_transfer.h"

#include "base/memory.h"
#include "loop/event_loop_internal.h"

struct http_transfer {
    CURLM *transfers;
    CURL *easy;
    void (*done)(void *cookie, CURLcode result);
    void *cookie;
};

struct http_transfer *http_transfer_start(struct event_loop *loop, CURL *easy,
                                          void (*done)(void *cookie, CURLcode result), void *cookie) {
    struct http_transfer *transfer = memory_calloc(1, sizeof(*transfer));
    *transfer = (struct http_transfer){event_loop_transfers(loop), easy, done, cookie};
    curl_easy_setopt(easy, CURLOPT_PRIVATE, transfer);
    curl_multi_add_handle(transfer->transfers, easy);
    return transfer;
}

void http_transfer_cancel(struct http_transfer *transfer) {
    if (transfer) {
        curl_multi_remove_handle(transfer->transfers, transfer->easy);
        free(transfer);
    }
}

void http_transfer_finish(CURL *easy, CURLcode result) {
    char *private = NULL;
    curl_easy_getinfo(easy, CURLINFO_PRIVATE, &private);
    struct http_transfer *transfer = (struct http_transfer *)(void *)private;
    curl_multi_remove_handle(transfer->transfers, easy);
    void (*done)(void *, CURLcode) = transfer->done;
    void *cookie = transfer->cookie;
    free(transfer);
    done(cookie, result);
}
