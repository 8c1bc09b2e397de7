// What judge.c and judge_ask.c share.
#pragma once

#include "fleet/fragment_set.h"
#include "reconciler/judge.h"

struct judging {
    const struct judge_options *options;
    struct cluster_record *record;
    struct verdict_list *verdicts;
    struct judgement *judgement;
    struct fragment_set *set;    // of what is approved now
    struct document **documents; // parallel to the record's approvals
    struct document **replaced;  // that the set borrows from still; both lists end with NULL
    size_t replaced_count;
};

struct candidate {
    struct object_key key;
    const struct stored_object *stored;     // NULL: gone
    const struct approved_object *approved; // NULL: never was
};

struct question {
    enum operation operation;
    const struct node *object, *old_object;
    bool needs_attestation;
    int64_t attested; // generation that was attested last; afterwards that of this one
};

// Asks the policies in force. ret_why: the headline, where it is denied or held.
enum approval_state judge_ask(struct judging *judging, const struct candidate *candidate,
                              struct question *question, struct buffer *ret_why);

// Are they the same but for metadata, status, spec.replicas (which /scale changes) and
// spec.controlPlaneEndpoint (which the reconciler itself writes)?
bool judge_same_attested(const struct node *a, const struct node *b);
