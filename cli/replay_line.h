// Lines of a log, one after the other in bounded memory.
#pragma once

#include "base/attributes.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>

enum { LONGEST_REPLAY_LINE = 4 * 1024 * 1024 };

struct line_reader {
    FILE *file; // borrowed
    char *text; // the line without its newline, NUL-terminated; borrowed until the next one
    size_t length, capacity;
    unsigned long number; // 1-based
    bool too_long;        // text is only its beginning
};

// false: the end, or an error of file (ferror). A reader starts as {.file = file}; free(text) ends it.
MUST_CHECK bool line_reader_next(struct line_reader *reader);
