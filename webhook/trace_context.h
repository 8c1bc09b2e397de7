// The trace that a request belongs to, as the API server hands it on: https://www.w3.org/TR/trace-context/
#pragma once

#include <stdbool.h>

// Lower-case hexadecimal digits; trace_id is "" where there is no trace.
struct trace_context {
    char trace_id[33];
    char parent_id[17]; // the caller's span
    char span_id[17];   // ours
    char flags[3];
};

enum { TRACE_PARENT_BYTES = 56 };

// The value of a traceparent header (NULL: none; several headers are none). False: what is not exactly as the
// recommendation has it is no trace, and *ret_trace is empty. Gives this answer a span of its own.
bool trace_context_read(const char *traceparent, struct trace_context *ret_trace);
// The value of a traceresponse header.
void trace_context_write(const struct trace_context *trace, char ret_text[TRACE_PARENT_BYTES]);
