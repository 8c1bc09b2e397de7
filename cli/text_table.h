// Columns for people: as wide as their widest cell, three spaces apart, the last one as it is.
#pragma once

#include "base/arena.h"

#include <stdio.h>

enum { TEXT_TABLE_COLUMNS = 16 };

struct text_table {
    size_t columns;
    const char **cells; // row by row, the header first; borrowed until text_table_clear
    size_t count, capacity;
};

// headers: the names of the columns.
void text_table_init(struct text_table *table, const char *const *headers, size_t columns);
void text_table_clear(struct text_table *table);
static inline void text_table_clear_cleanup(struct text_table *table) {
    text_table_clear(table);
}
// One row. Texts are borrowed until text_table_clear.
void text_table_add(struct text_table *table, const char *const *cells);
void text_table_print(const struct text_table *table, FILE *out);
