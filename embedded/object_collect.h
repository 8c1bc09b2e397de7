// The end of objects, and of what they own.
#pragma once

#include "embedded/object_rows.h"

// Marks it as being deleted where it has finalizers; else it goes, and with it what has no other owner. Fails
// with IO, LIMIT. row's document is used up.
MUST_CHECK bool object_erase(struct object_database *database, struct object_row *row,
                             struct object_result *ret_result, struct error *error);
// Erases it when it names owners and none of them is there; else leaves row alone.
MUST_CHECK bool object_erase_orphan(struct object_database *database, struct object_row *row,
                                    bool *ret_erased, struct error *error);
