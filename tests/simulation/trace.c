#include "tests/simulation/trace.h"

#include "base/hash.h"

#include <stdarg.h>
#include <stdio.h>

void trace_begin(struct trace *trace, bool prints) {
    trace->count = 0;
    trace->digest = HASH_START;
    trace->prints = prints;
    trace->invariant = NULL;
    trace->violation[0] = '\0';
}

void trace_note(struct trace *trace, int64_t now_ms, const char *format, ...) {
    char *line = trace->lines[trace->count++ % TRACE_LINES];
    int length =
        snprintf(line, TRACE_LINE_BYTES, "%8lld.%03lld ", (long long)now_ms / 1000, (long long)now_ms % 1000);
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(line + length, TRACE_LINE_BYTES - (size_t)length, format, arguments);
    va_end(arguments);
    trace->digest = hash_text(trace->digest, line);
    if (trace->prints) {
        puts(line);
    }
}

void trace_violation(struct trace *trace, int64_t now_ms, const char *invariant, const char *format, ...) {
    if (trace->invariant) {
        return;
    }
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(trace->violation, sizeof(trace->violation), format, arguments);
    va_end(arguments);
    trace->invariant = invariant;
    trace_note(trace, now_ms, "VIOLATED %s: %s", invariant, trace->violation);
}

void trace_print_last(const struct trace *trace, uint64_t lines) {
    uint64_t held = trace->count < TRACE_LINES ? trace->count : TRACE_LINES;
    uint64_t from = trace->count - (lines < held ? lines : held);
    for (uint64_t i = from; i < trace->count; i++) {
        puts(trace->lines[i % TRACE_LINES]);
    }
}
