// Turns fields of one object into facts: what is there, what is not, and why something can't be read.
#pragma once

#include "base/arena.h"
#include "fleet/fact.h"

struct fact_reader {
    struct arena *arena;
    struct object_key key;   // of the object, for origins
    const struct node *root; // what origin paths start from
};

// path must live as long as the arena.
struct fact fact_absent(const struct fact_reader *reader, const char *path);
struct fact fact_unknown(const struct fact_reader *reader, const char *path, const char *why);
struct fact fact_known_text(const struct fact_reader *reader, const char *path, const char *text);
struct fact fact_known_integer(const struct fact_reader *reader, const char *path, int64_t integer);
struct fact fact_known_boolean(const struct fact_reader *reader, const char *path, bool boolean);

// null, nothing and "" are absent; a placeholder and a value of another type are unknown.
struct fact fact_read_text(const struct fact_reader *reader, const char *path, const struct node *node);
struct fact fact_read_integer(const struct fact_reader *reader, const char *path, const struct node *node);
struct fact fact_read_boolean(const struct fact_reader *reader, const char *path, const struct node *node);
// maxSurge: an integer, or a FACT_TEXT like "25%".
struct fact fact_read_surge(const struct fact_reader *reader, const char *path, const struct node *node);
// Annotations: an integer written as text in base 10.
struct fact fact_read_digits(const struct fact_reader *reader, const char *path, const struct node *node);

// Why a node can't be used where another type belongs: "spec.version is a number; write it in quotes".
const char *fact_reader_why(const struct fact_reader *reader, const char *path, const struct node *node,
                            const char *wanted);

// A place that a path leads to. wanted: NULL at the path's end; else what should have been here to go on ("a
// map", "a list") instead of a placeholder or another type.
struct fact_place {
    const struct node *node;
    const char *path;
    const char *wanted;
    size_t siblings; // items after this one, where the path ends in []
};
struct fact_visitor {
    void (*visit)(void *cookie, const struct fact_place *place);
    void *cookie;
};
// Every place that path ([] for every item) leads to from base; prefix is the path of base itself, "" for
// reader->root. Fields that are missing or null lead nowhere.
void fact_reader_walk(const struct fact_reader *reader, const struct node *base, const char *prefix,
                      const char *path, const struct fact_visitor *visitor);
// prefix and path joined, up to the path's first []; path itself when there is nothing to change.
const char *fact_reader_join(const struct fact_reader *reader, const char *prefix, const char *path);
// prefix.key, or prefix["key"].
const char *fact_reader_join_key(const struct fact_reader *reader, const char *prefix, const char *key);

// The list is known from then on, unless it was marked unknown. Only for lists whose items this made.
void fact_list_add(struct arena *arena, struct fact_list *list, const struct fact *fact);
