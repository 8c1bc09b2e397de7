// What is going on with every cluster, as it was told last.
#pragma once

#include "reconciler/reconciler.h"

struct progress_row {
    char *name; // "prod/eu-1"
    char *phase, *version, *doing;
    int state; // PROGRESS_IDLE …
    int64_t ready, wanted;
    char *told; // what a plain line said of it last
    bool held;  // it says something new, which may pass in a moment
};

struct progress_table {
    struct progress_row **rows; // by name
    size_t count, capacity;
};
void progress_table_clear(struct progress_table *table);

// *ret_row: as it is now; NULL: the cluster is gone. Borrowed until the next call. False: nothing of it is
// new.
bool progress_table_put(struct progress_table *table, const struct cluster_progress *progress,
                        struct progress_row **ret_row);
// What a plain line says of it ("upgrade control plane to 1.30.4"), or NULL when that was told before; it is
// told now. Borrowed until the row changes.
const char *progress_row_tell(struct progress_row *row);

struct progress_counts {
    size_t clusters, idle, working, waiting, refused, failed;
};
struct progress_counts progress_table_count(const struct progress_table *table);
// At most most rows in the order in which they matter: all by name where all have room, else those that work
// first. Returns how many.
size_t progress_table_pick(const struct progress_table *table, const struct progress_row **ret_rows,
                           size_t most);
