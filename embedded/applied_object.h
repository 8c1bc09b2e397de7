// What a manifest asks of a stored object, as server-side apply has it: fields of the file are set, fields
// that it had before and no longer has go, and fields of others (defaults, the reconciler's) stay.
#pragma once

#include "base/document.h"
#include "base/error.h"

struct applied_object {
    const struct node *file;    // what the file says now
    const struct node *applied; // what it said when it was stored last; NULL: it was not
    const struct node *stored;  // the object as it is; NULL: there is none
};

// Lists are replaced as a whole, but for finalizers and owners, which are sets. status and what belongs to
// the server in metadata are never taken from the file; a null in the file takes a field away. Caller owns.
// Fails with LIMIT.
MUST_CHECK bool applied_object_merge(const struct applied_object *question, struct document **ret_document,
                                     struct error *error);
