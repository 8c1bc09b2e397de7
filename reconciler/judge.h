// Judges what is new in a cluster: from what was approved last to what is stored now, with the policies in
// force.
#pragma once

#include "reconciler/cluster_record.h"
#include "reconciler/cluster_status.h"
#include "reconciler/members.h"
#include "reconciler/object_table.h"
#include "reconciler/reconciler.h"

// What was said of one stored object. Kept from pass to pass.
struct verdict {
    struct object_key key; // texts are the verdict's own
    enum approval_state state;
    int64_t generation; // of the object that was judged
    char *text;         // of DENIED and HELD: the headline, else NULL
    uint64_t told;      // hash of the words that were told last
    bool is_news;       // it was not told yet
};

struct verdict_list {
    struct verdict **items;
    size_t count;
};
void verdict_list_clear(struct verdict_list *list);
// NULL: nothing was said of it.
struct verdict *verdict_find(const struct verdict_list *list, const struct object_key *key);

// All borrowed during the call.
struct judge_options {
    const struct reconciler_options *reconciler;
    const struct object_table *objects;
    const struct object_key *cluster;
    const struct member_list *members; // what is stored
    struct policy_set *policies;
    struct key_ring *keys;
    const struct reconcile_settings *settings;
    struct fleet_knowledge fleet;
};

struct judgement {
    bool changed;                  // the record is to be stored
    bool retry;                    // something was denied or held: worth another look later
    size_t approved, denied, held; // new verdicts
};

// Approves, denies or holds every member that differs from what was approved, and every approved object that
// is being deleted or gone; writes what it approves into record.
void judge_cluster(const struct judge_options *options, struct cluster_record *record,
                   struct verdict_list *verdicts, struct judgement *ret_judgement);

// The objects that are approved, with their present status, as a complete source of views; the documents are
// kept in *ret_documents (ended by NULL, malloc; caller frees all after the set). Caller owns the set.
struct fragment_set *judge_approved_set(const struct cluster_record *record,
                                        const struct object_table *objects, struct document ***ret_documents);
void judge_free_documents(struct document **documents);
