#include "cli/text_table.h"

#include "base/memory.h"
#include "cli/terminal_text.h"

#include <assert.h>
#include <string.h>

enum { MOST_LINE = 64 * 1024, GAP = 3 };

void text_table_init(struct text_table *table, const char *const *headers, size_t columns) {
    assert(columns > 0 && columns <= TEXT_TABLE_COLUMNS);
    *table = (struct text_table){.columns = columns};
    text_table_add(table, headers);
}

void text_table_clear(struct text_table *table) {
    free(table->cells);
    *table = (struct text_table){0};
}

void text_table_add(struct text_table *table, const char *const *cells) {
    if (table->count + table->columns > table->capacity) {
        table->capacity = table->capacity ? 2 * table->capacity : 64 * table->columns;
        table->cells = memory_realloc(table->cells, table->capacity, sizeof(const char *));
    }
    for (size_t i = 0; i < table->columns; i++) {
        table->cells[table->count++] = cells[i];
    }
}

void text_table_print(const struct text_table *table, FILE *out) {
    size_t widths[TEXT_TABLE_COLUMNS] = {0};
    for (size_t i = 0; i < table->count; i++) {
        size_t width = terminal_width(table->cells[i]);
        size_t *widest = &widths[i % table->columns];
        *widest = width > *widest ? width : *widest;
    }
    for (size_t row = 0; row < table->count; row += table->columns) {
        CLEANUP(buffer_clear) struct buffer line;
        buffer_init(&line, MOST_LINE);
        size_t last = table->columns;
        while (last > 1 && !*table->cells[row + last - 1]) {
            last--;
        }
        for (size_t i = 0; i < last; i++) {
            bool ends = i + 1 == last;
            size_t columns = ends ? terminal_width(table->cells[row + i]) : widths[i] + GAP;
            terminal_append_fit(&line, table->cells[row + i], columns, true, !ends);
        }
        fprintf(out, "%s\n", buffer_text(&line));
    }
}
