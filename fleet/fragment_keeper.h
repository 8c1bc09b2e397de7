// Counts limits over the files at hand: what check, review and the tests of policies ask instead of a live
// inventory.
#pragma once

#include "fleet/budget.h"
#include "fleet/fragment_set.h"

struct fragment_keeper;

// The fleet before and after all changes of one run, borrowed until fragment_keeper_free, with nothing added
// any more. Nothing is counted before the first question. One thread. Caller owns.
//
// Changes are taken as made one after the other, in the order of namespace and name: others before the
// account are as they will be; those after it hold only what they have and keep. So of 21 clusters where 20
// may be, the one that is new is refused, and where all are new, the last one.
struct fragment_keeper *fragment_keeper_new(const struct fragment_set *before,
                                            const struct fragment_set *after);
void fragment_keeper_free(struct fragment_keeper *keeper);
DEFINE_CLEANUP(fragment_keeper_free, struct fragment_keeper *)

// Borrowed until fragment_keeper_free. It never promises anything. Fails with INVALID on what it can't group.
const struct budget_keeper *fragment_keeper_get(struct fragment_keeper *keeper);
