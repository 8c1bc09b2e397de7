// An HTTP request of libcurl on an event loop: the answer comes as a callback. The loop's thread only.
#pragma once

#include "loop/event_loop.h"

#include <curl/curl.h>

struct http_transfer;

// Starts the request that easy is prepared for; easy stays the caller's and must live until done was called
// or the transfer was cancelled. CURLOPT_PRIVATE is the loop's. Not on a virtual loop (assert).
struct http_transfer *http_transfer_start(struct event_loop *loop, CURL *easy,
                                          void (*done)(void *cookie, CURLcode result), void *cookie);
// done is not called any more. NULL is ignored; a transfer whose done was called must not be named.
void http_transfer_cancel(struct http_transfer *transfer);

// The loop's own: the transfer of this handle is over.
void http_transfer_finish(CURL *easy, CURLcode result);
