// Every stored object of a kind that clusters are made of, as text: what the reconciler judges, and reports
// on.
#pragma once

#include "base/arena.h"
#include "base/buffer.h"
#include "base/document.h"
#include "fleet/object_change.h"

#include <stdint.h>

struct stored_object {
    struct object_key key; // all texts are the object's own
    const char *uid;
    int64_t generation;
    uint64_t version;   // of metadata.resourceVersion; 0 where it is no number
    bool deleting;      // metadata.deletionTimestamp is set
    bool seen;          // since object_table_begin
    uint64_t substance; // hash of all but status and resourceVersion
    const char *packed; // text_pack of JSON without metadata.managedFields
    size_t packed_length, length;
};

struct object_table;

struct object_table *object_table_new(void); // caller owns
void object_table_free(struct object_table *table);
DEFINE_CLEANUP(object_table_free, struct object_table *)

enum object_news { OBJECT_SAME, OBJECT_NEW, OBJECT_CHANGED, OBJECT_REPORTED, OBJECT_OLD };

// What is put is copied. REPORTED: only its status has changed. OLD: an older resourceVersion of the same
// object than the one held; nothing changes then. *ret_object (may be NULL): borrowed until the object is put
// or removed again.
enum object_news object_table_put(struct object_table *table, const struct object_key *key,
                                  const struct node *object, const struct stored_object **ret_object);
void object_table_remove(struct object_table *table, const struct object_key *key);
// NULL: there is none. Borrowed until it is put or removed again.
const struct stored_object *object_table_find(const struct object_table *table, const struct object_key *key);
size_t object_table_count(const struct object_table *table);

void object_table_each(const struct object_table *table, void (*each)(void *cookie, void *stored),
                       void *cookie);
// A new list begins; at its end what was not put since is handed to gone and removed.
void object_table_begin(struct object_table *table);
void object_table_end(struct object_table *table,
                      void (*gone)(void *cookie, const struct stored_object *object), void *cookie);

// The object's document; never NULL: what is in the table was a document. Caller owns.
struct document *stored_object_read(const struct stored_object *object);
// What of an object is judged and approved, as canonical JSON: everything but status and what the server and
// controllers write into metadata. uid, labels, annotations (without those that tools keep for themselves)
// and owners stay.
void judged_text(const struct node *object, struct buffer *ret_text);
// A text that judged_text made and that was parsed since, again as it was: members in their order.
void approved_text_append(struct buffer *text, const struct node *judged);
