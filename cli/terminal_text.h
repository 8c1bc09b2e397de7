// Text on a terminal: how wide it is, cut to fit, and in colour.
#pragma once

#include "base/buffer.h"

// Columns that a text takes; control characters and bytes that are not UTF-8 take none.
size_t terminal_width(const char *text);
// Appends at most columns of one line of text, ended with "…" ("..." where unicode is false) when something
// was cut, then spaces up to columns where pad is set. Control characters become spaces.
void terminal_append_fit(struct buffer *out, const char *text, size_t columns, bool unicode, bool pad);

struct terminal {
    bool is_terminal, color, unicode;
};
// What the descriptor and the environment (NO_COLOR, TERM, LC_ALL, LC_CTYPE, LANG) allow.
struct terminal terminal_of(int descriptor);
// Columns and rows; 80 and 24 where they can't be told.
void terminal_size(int descriptor, size_t *ret_columns, size_t *ret_rows);

// SGR codes: "1", "31" …
#define TERMINAL_BOLD "1"
#define TERMINAL_FAINT "2"
#define TERMINAL_RED "31"
#define TERMINAL_GREEN "32"
#define TERMINAL_YELLOW "33"
#define TERMINAL_CYAN "36"
// In colour where it is allowed.
void terminal_append(struct buffer *out, const struct terminal *terminal, const char *code, const char *text);
