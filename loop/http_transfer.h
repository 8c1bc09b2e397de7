// An HTTP request of libcurl on an event loop: the answer comes as a callback. The loop's thread only.
#pragma once

#include "loop/event_loop.h"

#include <curl/curl.h>

struct http_transfer;

// Starts the request that easy is prepared for; easy stays the caller's and must live until done is called or
// the transfer is cancelled; in done it may be used, started again and freed. CURLOPT_PRIVATE is the loop's.
// What curl does not take ends with CURLE_FAILED_INIT. Not on a virtual loop (assert). Connections are kept
// by the loop; 16 to one host at most, others wait, and their time-out (CURLOPT_TIMEOUT_MS) runs meanwhile.
struct http_transfer *http_transfer_start(struct event_loop *loop, CURL *easy,
                                          void (*done)(void *cookie, CURLcode result), void *cookie);
// done is not called any more. NULL is ignored; a transfer whose done was called must not be named.
void http_transfer_cancel(struct http_transfer *transfer);
