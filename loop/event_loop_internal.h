// What event_loop.c and http_transfer.c share.
#pragma once

#include "loop/event_loop.h"

#include <curl/curl.h>

CURLM *event_loop_transfers(struct event_loop *loop);
