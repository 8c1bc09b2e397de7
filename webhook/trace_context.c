#include "webhook/trace_context.h"

#include <inttypes.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/random.h>

// "00-" 32 digits "-" 16 digits "-" 2 digits
enum { TRACE_AT = 3, PARENT_AT = 36, FLAGS_AT = 53, LENGTH = 55 };

static bool is_hex(const char *text, size_t length) {
    return strspn(text, "0123456789abcdef") >= length;
}

static bool is_zero(const char *text, size_t length) {
    return strspn(text, "0") >= length;
}

static bool is_well_formed(const char *text) {
    size_t length = strlen(text);
    if (length < LENGTH || !is_hex(text, 2) || text[2] != '-' || !is_hex(text + TRACE_AT, 32) ||
        text[35] != '-' || !is_hex(text + PARENT_AT, 16) || text[52] != '-' || !is_hex(text + FLAGS_AT, 2)) {
        return false;
    }
    bool is_first_version = strncmp(text, "00", 2) == 0;
    // A later version may say more, behind another "-".
    bool ends_well = length == LENGTH || (!is_first_version && text[LENGTH] == '-');
    return ends_well && strncmp(text, "ff", 2) != 0 && !is_zero(text + TRACE_AT, 32) &&
           !is_zero(text + PARENT_AT, 16);
}

bool trace_context_read(const char *traceparent, struct trace_context *ret_trace) {
    *ret_trace = (struct trace_context){0};
    if (!traceparent || !is_well_formed(traceparent)) {
        return false;
    }
    uint64_t span = 0;
    while (span == 0) {
        if (getrandom(&span, sizeof(span), GRND_NONBLOCK) != (ssize_t)sizeof(span)) {
            return false; // the machine has just started: no trace is better than a wait
        }
    }
    memcpy(ret_trace->trace_id, traceparent + TRACE_AT, 32);
    memcpy(ret_trace->parent_id, traceparent + PARENT_AT, 16);
    memcpy(ret_trace->flags, traceparent + FLAGS_AT, 2);
    snprintf(ret_trace->span_id, sizeof(ret_trace->span_id), "%016" PRIx64, span);
    return true;
}

void trace_context_write(const struct trace_context *trace, char ret_text[TRACE_PARENT_BYTES]) {
    snprintf(ret_text, TRACE_PARENT_BYTES, "00-%s-%s-%s", trace->trace_id, trace->span_id, trace->flags);
}
