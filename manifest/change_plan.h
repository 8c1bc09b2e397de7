// What a pull request does to the fleet: the objects it creates, updates and deletes.
#pragma once

#include "manifest/manifest.h"

enum change_kind { CHANGE_CREATE, CHANGE_UPDATE, CHANGE_DELETE };

struct planned_change {
    enum change_kind kind;
    const struct manifest *before; // NULL for CREATE
    const struct manifest *after;  // NULL for DELETE
};

// Two objects of one set with the same group, kind, namespace and name; which one wins is chance.
struct plan_duplicate {
    const struct manifest *first, *second;
};

struct change_plan {
    const struct planned_change
        *changes; // creates and updates as head has them, then deletes as base had them
    size_t change_count;
    const struct plan_duplicate *duplicates;
    size_t duplicate_count;
    // Some documents of that side can't be read: what looks deleted (created) may only be unreadable.
    bool base_incomplete, head_incomplete;
};

// Pairs objects by API group, kind, namespace ("default" when missing) and name; not by version or file.
// Equal objects are no change. base NULL: nothing existed. Both sets must outlive the plan, with no more
// added; caller owns.
struct change_plan *change_plan_new(const struct manifest_set *base, const struct manifest_set *head);
void change_plan_free(struct change_plan *plan);
DEFINE_CLEANUP(change_plan_free, struct change_plan *)
