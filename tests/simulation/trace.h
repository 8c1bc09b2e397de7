// What happened in one run: the last events, a digest of all of them, and the first invariant that did not
// hold.
#pragma once

#include "base/attributes.h"

#include <stdbool.h>
#include <stdint.h>

enum { TRACE_LINES = 400, TRACE_LINE_BYTES = 240, TRACE_VIOLATION_BYTES = 600 };

struct trace {
    char lines[TRACE_LINES][TRACE_LINE_BYTES]; // a ring
    uint64_t count, digest;
    bool prints;           // each line as it comes
    const char *invariant; // the one that did not hold first, NULL: all held
    char violation[TRACE_VIOLATION_BYTES];
};

void trace_begin(struct trace *trace, bool prints);
void trace_note(struct trace *trace, int64_t now_ms, const char *format, ...) PRINTF_LIKE(3, 4);
// invariant: its name, for ever. Only the first one counts: what follows may be its consequence.
void trace_violation(struct trace *trace, int64_t now_ms, const char *invariant, const char *format, ...)
    PRINTF_LIKE(4, 5);
// The last lines, oldest first, on standard output.
void trace_print_last(const struct trace *trace, uint64_t lines);
