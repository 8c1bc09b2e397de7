// What check has to say: one record for every form of report.
#pragma once

#include "base/arena.h"
#include "engine/decision.h"
#include "manifest/manifest.h"

// Worst first. A finding of several reviews keeps the worst.
enum finding_result {
    FINDING_ERROR, // a file that can't be read
    FINDING_DENY,
    FINDING_FAULT,   // a policy that could not finish
    FINDING_UNKNOWN, // a placeholder that is not resolved, a template
    FINDING_WARN,
    FINDING_EXISTING,  // it was so before the change, which does not make it worse
    FINDING_EXCUSED,   // by an exception
    FINDING_UNSEEN,    // an object that is not among the files: judged when it comes
    FINDING_DUPLICATE, // the same object twice
    FINDING_RESULT_COUNT,
};

// 1-based, columns in characters, the end exclusive. line 0: the file as a whole.
struct place {
    const char *file; // NULL: nowhere
    uint32_t line, column, end_line, end_column;
    const struct manifest_set *manifests; // that hold the file's text
};

struct finding {
    enum finding_result result;
    const char *policy; // NULL: none
    enum severity severity;
    struct object_key object; // kind NULL: none
    const char *path;
    const char *headline; // one line that stands alone; of a violation, what the webhook says
    const char *message;
    const char *detail, *hint, *docs; // one line each, or NULL
    const char *exception;            // of FINDING_EXCUSED
    const char *operation;            // of the review, or NULL
    struct place place;
};

struct finding_list {
    struct arena *arena; // of all texts
    struct finding *items;
    size_t count, capacity;
    size_t *slots; // hash table of indexes + 1
    size_t slot_count;
    size_t counts[FINDING_RESULT_COUNT];
};

void finding_list_init(struct finding_list *list);
void finding_list_clear(struct finding_list *list);
static inline void finding_list_clear_cleanup(struct finding_list *list) {
    finding_list_clear(list);
}

// Copies the texts, cleaned for terminals. The same policy, object, path and message is kept once.
void finding_list_add(struct finding_list *list, const struct finding *finding);
// By file, line and column. After the last add.
void finding_list_sort(struct finding_list *list);

const char *finding_result_name(enum finding_result result); // "deny", "unknown", as in -o json
// The word before a headline: "error", "warning", "unknown", "fault", "note".
const char *finding_word(enum finding_result result);
