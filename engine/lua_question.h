// One call of report.budget, report.unique or report.deletes while it is read: what all three have in common.
#pragma once

#include "engine/evaluation.h"
#include "fleet/cluster_groups.h"
#include "fleet/kind_table.h"

#include <lua.h>

// What one call asks, before groups and amounts are known.
struct question {
    lua_State *state;
    struct evaluation *evaluation;
    const char *function;
    struct budget_ask ask;
    bool has_origin; // the policy said at
    struct cluster_groups before, after;
};

// Reads at, message and hint of the table at index 1, of which keys (ended by NULL) may be there. False: in
// this review there is nothing to ask. Like all of these, raises a Lua error on what is wrong.
bool question_open(struct question *question, lua_State *state, const char *function,
                   const char *const *keys);
// The integer member, or fallback when it is nil.
int64_t question_integer(const struct question *question, const char *key, int64_t least, int64_t most,
                         int64_t fallback);
// The text member, or fallback; an error where both are NULL.
const char *question_text(const struct question *question, const char *key, const char *fallback);
// Member per into the demand.
void question_read_per(struct question *question);
// The groups of the cluster before and after, by the demand's per.
void question_read_groups(struct question *question);
// An error unless keeps of a policy named the demand's field.
void question_check_field(struct question *question);

bool question_role_is(const struct question *question, enum kind_role role);
// Templates and classes serve many clusters and take no place themselves.
bool question_takes_a_place(const struct question *question);
// Whether the account is a cluster: it has a name, or the object alone takes a cluster's place.
bool question_takes_cluster(const struct question *question);

void question_add(struct question *question, const struct budget_ask *ask);
void question_note(struct question *question, const struct fact *fact);
