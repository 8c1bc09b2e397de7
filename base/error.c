#include "base/error.h"

#include "base/utf8.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

static void mark_cut(char *text, size_t size, int wanted) {
    if (wanted >= 0 && (size_t)wanted >= size) {
        memcpy(text + utf8_cut(text, size - 1, size - 4), "...", 4);
    }
}

bool error_set(struct error *error, enum error_kind kind, const char *format, ...) {
    if (!error) {
        return false;
    }
    // The arguments may point into error->message, so the text is made aside.
    char text[sizeof(error->message)];
    text[0] = '\0';
    va_list arguments;
    va_start(arguments, format);
    int wanted = vsnprintf(text, sizeof(text), format, arguments);
    va_end(arguments);
    mark_cut(text, sizeof(text), wanted);
    utf8_scrub(text, strlen(text));
    error->kind = kind;
    memcpy(error->message, text, sizeof(text));
    return false;
}

bool error_wrap(struct error *error, const char *format, ...) {
    if (!error) {
        return false;
    }
    char context[sizeof(error->message)];
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(context, sizeof(context), format, arguments);
    va_end(arguments);
    return error_set(error, error->kind, "%s: %s", context, error->message);
}

const char *error_kind_name(enum error_kind kind) {
    static const char *const names[] = {
        [ERROR_NONE] = "none",
        [ERROR_INVALID] = "invalid",
        [ERROR_NOT_FOUND] = "not_found",
        [ERROR_CONFLICT] = "conflict",
        [ERROR_DENIED] = "denied",
        [ERROR_LIMIT] = "limit",
        [ERROR_IO] = "io",
    };
    return (size_t)kind < sizeof(names) / sizeof(names[0]) ? names[kind] : "unknown";
}
