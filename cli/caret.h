// A line of a file with a mark under the part that is meant, as compilers show it.
#pragma once

#include "base/buffer.h"

#include <stdint.h>

struct caret {
    const char *text; // of the line, without its end
    size_t length;
    uint32_t line;
    uint32_t column, end_column; // characters, 1-based; the end exclusive
    const char *color, *reset;   // around the mark; "" for none
};

// Appends two lines: "   12 |   region: eu-north-1" and the mark below. Tabs become blanks, what could steer
// a terminal becomes U+FFFD, and of a long line only the neighbourhood is shown.
void caret_append(struct buffer *out, const struct caret *caret);
