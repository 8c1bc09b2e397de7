// What event_loop.c and http_transfer.c share.
#pragma once

#include "loop/event_loop.h"

#include <curl/curl.h>

CURLM *event_loop_multi(struct event_loop *loop);
void event_loop_count_transfer(struct event_loop *loop, bool begins); // else it ends

// The transfer of this handle is over.
void http_transfer_finish(CURL *easy, CURLcode result);
