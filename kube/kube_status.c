#include "kube/kube_status.h"

#include "base/buffer.h"
#include "base/json_reader.h"
#include "base/memory.h"
#include "base/utf8.h"

#include <string.h>

// An error's message holds 512 bytes, and callers put the object in front.
enum { MOST_WORDS_BYTES = 360, MOST_REASON_BYTES = 48, LARGEST_STATUS_BYTES = 256 * 1024 };

enum error_kind kube_status_kind(long http_status) {
    switch (http_status) {
    case 401:
    case 403:
        return ERROR_DENIED;
    case 404:
    case 410:
        return ERROR_NOT_FOUND;
    case 409:
    case 412:
        return ERROR_CONFLICT;
    case 413:
    case 429:
        return ERROR_LIMIT;
    default:
        return http_status >= 400 && http_status < 500 ? ERROR_INVALID : ERROR_IO;
    }
}

// One line, without control characters or broken UTF-8; longer than most ends with "...".
static void append_words(struct buffer *words, const char *text, size_t length, size_t most) {
    size_t kept = utf8_cut(text, length, most);
    CLEANUP(free) char *copy = memory_copy_text(text, kept);
    for (size_t i = 0; i < kept; i++) {
        if ((unsigned char)copy[i] < 0x20 || copy[i] == 0x7f) {
            copy[i] = ' ';
        }
    }
    utf8_scrub(copy, kept);
    while (kept > 0 && copy[kept - 1] == ' ') {
        kept--;
    }
    buffer_append(words, copy, kept);
    buffer_append_text(words, kept < length && length > most ? "..." : "");
}

static bool set_from(long http_status, const char *reason, const char *text, size_t length,
                     struct error *error) {
    CLEANUP(buffer_clear) struct buffer words;
    buffer_init(&words, MOST_WORDS_BYTES + MOST_REASON_BYTES + 64);
    buffer_printf(&words, "%ld", http_status);
    if (reason && *reason) {
        buffer_append_text(&words, " \"");
        append_words(&words, reason, strlen(reason), MOST_REASON_BYTES);
        buffer_append_char(&words, '"');
    }
    if (length > 0) {
        buffer_append_text(&words, ": ");
        append_words(&words, text, length, MOST_WORDS_BYTES);
    }
    return error_set(error, kube_status_kind(http_status), "%s", buffer_text(&words));
}

bool kube_status_error(long http_status, const char *body, size_t length, struct error *error) {
    CLEANUP(document_free) struct document *document = NULL;
    struct error ignored;
    if (length <= LARGEST_STATUS_BYTES &&
        json_read_copy(body, length, &document_default_limits, &document, &ignored)) {
        const struct node *status = document_root(document);
        const char *message = node_string(node_get(status, "message"));
        if (message) {
            return set_from(http_status, node_string(node_get(status, "reason")), message, strlen(message),
                            error);
        }
    }
    return set_from(http_status, NULL, body, length, error);
}
