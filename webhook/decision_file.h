// Where decision records go: a file that rotates, or stdout. Whoever hands a record over never waits for it.
#pragma once

#include "base/error.h"
#include "webhook/gate_metrics.h"

enum { MOST_DECISION_FILES = 1000 };

struct decision_file_options {
    const char *path;    // "-": stdout, which never rotates
    uint64_t most_bytes; // a file that would grow over it becomes PATH.1, PATH.1 becomes PATH.2, …
    unsigned keep;       // how many such there are; 1 to MOST_DECISION_FILES
    struct gate_metrics *metrics;
};

struct decision_file;

// Opens the file (made with mode 0600, appended to) and starts its thread. All in options is borrowed until
// decision_file_free. Fails with IO. Caller owns.
MUST_CHECK bool decision_file_open(const struct decision_file_options *options,
                                   struct decision_file **ret_file, struct error *error);
// Takes ownership of line (malloc; it ends with a newline), and drops and counts it when 4,096 records or
// 16 MiB are waiting. Any thread.
void decision_file_put(struct decision_file *file, char *line, size_t length);
// Opens the path again, for logrotate and its like. Any thread.
void decision_file_reopen(struct decision_file *file);
// Writes what is waiting, for at most that time; what is left then is dropped and counted. NULL is nothing.
void decision_file_close(struct decision_file *file, uint64_t patience_ns);
