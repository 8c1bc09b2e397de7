// What an API server makes of what a writer sends: pure functions over documents.
#pragma once

#include "base/buffer.h"
#include "base/error.h"
#include "fleet/object_change.h"
#include "kube/kube_time.h"

enum { OBJECT_UID_BYTES = 37, OBJECT_LARGEST_BYTES = 3 * 512 * 1024 };

// What only the server sets in metadata.
struct object_stamp {
    char uid[OBJECT_UID_BYTES];
    char created[KUBE_TIME_BYTES];
    char deleted[KUBE_TIME_BYTES]; // "": is not being deleted
    int64_t generation;
    int64_t version; // resourceVersion
};
void object_stamp_read(const struct node *stored, struct object_stamp *ret_stamp);

struct object_write {
    const struct object_key *key;
    const struct node *object; // what the writer wants it to be
    const struct node *stored; // NULL: it is created
    bool status_only;
};

// Is status apart from the rest, for writers of its subresource?
bool object_has_status(const struct object_key *key);
bool object_has_finalizers(const struct node *object);

// Is it well-formed, the object that key names, and is a uid or resourceVersion in it the stored one? Fails
// with INVALID, CONFLICT, LIMIT.
MUST_CHECK bool object_write_check(const struct object_write *write, struct error *error);

enum object_difference {
    OBJECT_SAME,
    OBJECT_NOTED,  // metadata or status
    OBJECT_CHANGED // what counts as a new generation
};
enum object_difference object_write_difference(const struct object_write *write);

// The object as it is stored: compact JSON. Fails with LIMIT.
MUST_CHECK bool object_write_text(const struct object_write *write, const struct object_stamp *stamp,
                                  struct buffer *text, struct error *error);
