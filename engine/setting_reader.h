// Reads a configuration document strictly and says where it is wrong: "FILE:line:column: path: what".
#pragma once

#include "base/arena.h"
#include "base/buffer.h"
#include "base/document.h"
#include "base/error.h"

#include <stdint.h>

// Where the reading stands. The path is of the node being read.
struct setting_reader {
    const struct document *document; // for positions; may be NULL
    const char *file;                // NULL: "configuration"; "": errors begin with the path
    struct arena *arena;             // of what is read; may be NULL where nothing is kept
    struct buffer path;
    struct error *error;
};

enum { SETTING_PATH_MAXIMUM = 300 };

// Sets INVALID at node (NULL: no position). Returns false.
bool setting_fail(struct setting_reader *reader, const struct node *node, const char *format, ...)
    PRINTF_LIKE(3, 4);
// "must be a list, got null", with more words for null and for placeholders.
bool setting_wrong_type(struct setting_reader *reader, const struct node *node, const char *wanted);
// At the key of child (which may be NULL): "unknown key; did you mean mode?".
bool setting_unknown_key(struct setting_reader *reader, const char *key, const struct node *child,
                         const char *const *known, size_t count);

// Goes to a child and back: the returned mark is for setting_leave.
size_t setting_enter_key(struct setting_reader *reader, const char *key);
size_t setting_enter_index(struct setting_reader *reader, size_t index);
void setting_leave(struct setting_reader *reader, size_t mark);

// A map whose keys are all known.
MUST_CHECK bool setting_check_map(struct setting_reader *reader, const struct node *map,
                                  const char *const *known, size_t count);
// The text at key of map, not empty and on one line. Absent: NULL where optional, else an error. *ret_text
// borrows from the document.
MUST_CHECK bool setting_read_text(struct setting_reader *reader, const struct node *map, const char *key,
                                  bool optional, const char **ret_text);
// The texts of the list at key; absent: none. The array is the arena's.
MUST_CHECK bool setting_read_texts(struct setting_reader *reader, const struct node *map, const char *key,
                                   const char *const **ret_texts, size_t *ret_count);
// The index in names of the text at key. Absent: *ret_index stays as it is. A boolean is taken for "off"
// where that is a name: YAML 1.1 reads off as false.
MUST_CHECK bool setting_read_choice(struct setting_reader *reader, const struct node *map, const char *key,
                                    const char *const *names, size_t count, int *ret_index);
MUST_CHECK bool setting_choice(struct setting_reader *reader, const struct node *value,
                               const char *const *names, size_t count, int *ret_index);

// The line and column of node; 0 without positions.
struct node_position setting_position(const struct setting_reader *reader, const struct node *node);
