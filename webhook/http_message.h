// HTTP as the webhook speaks it: what of a request's head is accepted, and the answers that are no review.
#pragma once

#include "base/error.h"
#include "webhook/trace_context.h"

#include <stddef.h>
#include <stdint.h>

enum { LARGEST_BODY_BYTES = 8 * 1024 * 1024 };

enum http_endpoint { ENDPOINT_VALIDATE, ENDPOINT_MUTATE };

// What the server library read; all borrowed.
struct http_head {
    const char *method;
    const char *path;           // without the query
    const char *content_type;   // NULL: none
    const char *content_length; // NULL: none
    unsigned content_lengths;   // how many such headers
    unsigned transfer_encodings;
};

struct http_request {
    enum http_endpoint endpoint;
    const char *timeout; // of the query, "10s"; NULL: none
    char *body;          // malloc
    size_t length;
    struct trace_context trace; // empty: none
    uint64_t received_ns;       // CLOCK_MONOTONIC, when its head was there
};

struct http_response {
    unsigned status;
    char *body; // caller owns (free); JSON
    bool close; // the connection can't be used any more
};

// A refusal: {"error": "..."} in *ret_response. Returns false.
bool http_refuse(struct http_response *ret_response, unsigned status, const char *format, ...)
    PRINTF_LIKE(3, 4);

// Is a body worth reading? Fills *ret_endpoint, or *ret_response with the refusal.
MUST_CHECK bool http_head_check(const struct http_head *head, enum http_endpoint *ret_endpoint,
                                struct http_response *ret_response);

// A duration as Go prints it ("10s", "1m30s", "1.5s", "500ms") in nanoseconds, at most an hour. INVALID.
MUST_CHECK bool http_duration_parse(const char *text, uint64_t *ret_ns, struct error *error);
// The same, for lifetimes and intervals.
MUST_CHECK bool http_long_duration_parse(const char *text, unsigned most_hours, uint64_t *ret_ns,
                                         struct error *error);
