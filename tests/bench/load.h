// Load on a server: so many keep-alive TLS connections, each asking again as soon as it is answered.
#pragma once

#include "base/error.h"

#include <stdint.h>

struct load_options {
    uint16_t port;
    unsigned connections;
    uint64_t duration_ns;
    const char *body; // of every request, to /validate
    size_t length;
    const char *expect; // in every answer, or it counts as a failure; NULL: any answer with 200
};

struct load_result {
    uint64_t requests, failures;
    uint64_t elapsed_ns;
    double p50_us, p99_us;
    char first_failure[256];
};

// Connects all before it starts to count. Fails with IO when a connection can't be made.
MUST_CHECK bool load_run(const struct load_options *options, struct load_result *ret_result,
                         struct error *error);
// One connection, one request; the time until the answer is complete.
MUST_CHECK bool load_ask_once(const struct load_options *options, uint64_t *ret_ns, struct error *error);
