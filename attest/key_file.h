// Key files on disk: read by nobody else, and replaced as a whole.
#pragma once

#include "base/attributes.h"
#include "base/error.h"

#include <stdbool.h>
#include <stddef.h>

enum { KEY_FILE_MOST_BYTES = 64 * 1024 };

// Wiped when it is cleared. A zeroed one may be cleared.
struct key_text {
    char *bytes; // KEY_FILE_MOST_BYTES + 1 of them; NULL: none
    size_t length;
};
void key_text_clear(struct key_text *text);
static inline void key_text_clear_cleanup(struct key_text *text) {
    key_text_clear(text);
}
// False: it does not fit.
MUST_CHECK bool key_text_append(struct key_text *text, const char *bytes, size_t length);

// Links are followed. Fails with NOT_FOUND, IO, and with INVALID for a file that others may read, or one that
// is too large. Caller clears.
MUST_CHECK bool key_file_read(const char *path, struct key_text *ret_text, struct error *error);
// A new file with mode 0600. Fails with CONFLICT when there is one already, or with IO.
MUST_CHECK bool key_file_create(const char *path, const struct key_text *text, struct error *error);
// At one instant, with the old file's mode and group. Fails with NOT_FOUND or IO; the old file stays then.
MUST_CHECK bool key_file_replace(const char *path, const struct key_text *text, struct error *error);
