#include "cli/progress_table.h"

#include "base/buffer.h"
#include "base/memory.h"

#include <inttypes.h>
#include <string.h>

enum { MOST_NAME_BYTES = 1024, MOST_NEWS_BYTES = 8192, STATES = 5 };

static void free_row(struct progress_row *row) {
    free(row->name);
    free(row->phase);
    free(row->version);
    free(row->doing);
    free(row->told);
    free(row);
}

void progress_table_clear(struct progress_table *table) {
    for (size_t i = 0; i < table->count; i++) {
        free_row(table->rows[i]);
    }
    free(table->rows);
    *table = (struct progress_table){0};
}

static size_t place_of(const struct progress_table *table, const char *name) {
    size_t low = 0;
    size_t high = table->count;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (strcmp(table->rows[middle]->name, name) < 0) {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    return low;
}

static struct progress_row *insert(struct progress_table *table, size_t at, const char *name) {
    struct progress_row *row = memory_calloc(1, sizeof(*row));
    row->name = memory_strdup(name);
    row->told = memory_strdup("");
    if (table->count == table->capacity) {
        table->capacity = table->capacity ? 2 * table->capacity : 64;
        table->rows = memory_realloc(table->rows, table->capacity, sizeof(struct progress_row *));
    }
    memmove(table->rows + at + 1, table->rows + at, (table->count - at) * sizeof(struct progress_row *));
    table->rows[at] = row;
    table->count++;
    return row;
}

static void set(char **field, const char *text) {
    free(*field);
    *field = memory_strdup(text);
}

static void describe(const struct progress_row *row, struct buffer *text) {
    if (*row->doing) {
        buffer_append_text(text, row->doing);
        return;
    }
    buffer_append_text(text, *row->phase ? row->phase : "seen");
    if (*row->version) {
        buffer_printf(text, ", %s", row->version);
    }
    if (row->state == PROGRESS_IDLE && row->wanted > 0) {
        buffer_printf(text, ", %" PRId64 " of %" PRId64 " nodes ready", row->ready, row->wanted);
    }
}

static void take_out(struct progress_table *table, size_t at) {
    free_row(table->rows[at]);
    table->count--;
    memmove(table->rows + at, table->rows + at + 1, (table->count - at) * sizeof(struct progress_row *));
}

static bool is_same(const struct progress_row *row, const struct cluster_progress *progress) {
    return row->phase && strcmp(row->phase, progress->phase) == 0 &&
           strcmp(row->version, progress->version) == 0 && strcmp(row->doing, progress->doing) == 0 &&
           row->state == (int)progress->state && row->ready == progress->ready &&
           row->wanted == progress->wanted;
}

bool progress_table_put(struct progress_table *table, const struct cluster_progress *progress,
                        struct progress_row **ret_row) {
    CLEANUP(buffer_clear) struct buffer name;
    buffer_init(&name, MOST_NAME_BYTES);
    buffer_printf(&name, "%s/%s", progress->namespace, progress->name);
    size_t at = place_of(table, buffer_text(&name));
    bool is_there = at < table->count && strcmp(table->rows[at]->name, buffer_text(&name)) == 0;
    *ret_row = NULL;
    if (!*progress->phase) {
        if (is_there) {
            take_out(table, at);
        }
        return is_there;
    }
    struct progress_row *row = is_there ? table->rows[at] : insert(table, at, buffer_text(&name));
    *ret_row = row;
    if (is_same(row, progress)) {
        return false;
    }
    set(&row->phase, progress->phase);
    set(&row->version, progress->version);
    set(&row->doing, progress->doing);
    row->state = (int)progress->state;
    row->ready = progress->ready;
    row->wanted = progress->wanted;
    return true;
}

const char *progress_row_tell(struct progress_row *row) {
    CLEANUP(buffer_clear) struct buffer news;
    buffer_init(&news, MOST_NEWS_BYTES);
    describe(row, &news);
    row->held = false;
    if (strcmp(buffer_text(&news), row->told) == 0) {
        return NULL;
    }
    set(&row->told, buffer_text(&news));
    return row->told;
}

struct progress_counts progress_table_count(const struct progress_table *table) {
    struct progress_counts counts = {.clusters = table->count};
    size_t *const by_state[STATES] = {&counts.idle, &counts.working, &counts.waiting, &counts.refused,
                                      &counts.failed};
    for (size_t i = 0; i < table->count; i++) {
        ++*by_state[table->rows[i]->state];
    }
    return counts;
}

size_t progress_table_pick(const struct progress_table *table, const struct progress_row **ret_rows,
                           size_t most) {
    static const int order[] = {PROGRESS_WORKING, PROGRESS_FAILED, PROGRESS_REFUSED, PROGRESS_WAITING,
                                PROGRESS_IDLE};
    size_t count = 0;
    if (table->count <= most) {
        for (; count < table->count; count++) {
            ret_rows[count] = table->rows[count];
        }
        return count;
    }
    for (size_t state = 0; state < STATES; state++) {
        for (size_t i = 0; i < table->count && count < most; i++) {
            if (table->rows[i]->state == order[state]) {
                ret_rows[count++] = table->rows[i];
            }
        }
    }
    return count;
}
