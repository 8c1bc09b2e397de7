// One review at the door "reconcile", and what its verdict means where the user is not known.
#include "attest/attestation.h"
#include "engine/decision_text.h"
#include "reconciler/judge_internal.h"

#include <string.h>

enum { LONGEST_LINE = 1024 };

static bool is_left_out(const char *key, const char *const *names) {
    for (; *names; names++) {
        if (strcmp(key, *names) == 0) {
            return true;
        }
    }
    return false;
}

static bool holds_all(const struct node *a, const struct node *b, const char *const *left_out) {
    NODE_EACH(child, a) {
        if (!is_left_out(child->key, left_out) && !node_equal(child, node_get(b, child->key))) {
            return false;
        }
    }
    return true;
}

// Are they the same but for metadata, status, and these of spec?
static bool is_same_but(const struct node *a, const struct node *b, const char *const *of_spec) {
    static const char *const apart[] = {"metadata", "status", "spec", NULL};
    const struct node *spec_a = node_get(a, "spec");
    const struct node *spec_b = node_get(b, "spec");
    return holds_all(a, b, apart) && holds_all(b, a, apart) && holds_all(spec_a, spec_b, of_spec) &&
           holds_all(spec_b, spec_a, of_spec);
}

bool judge_same_attested(const struct node *a, const struct node *b) {
    static const char *const others[] = {"replicas", "controlPlaneEndpoint", NULL};
    return is_same_but(a, b, others);
}

// Such as owners, labels and the endpoint, which are mostly written by the reconciler itself: that they were
// allowed is nothing that anybody looks for.
static bool is_small_change(const struct question *question) {
    static const char *const endpoint[] = {"controlPlaneEndpoint", NULL};
    return question->operation == OPERATION_UPDATE &&
           is_same_but(question->old_object, question->object, endpoint);
}

// A verdict that rests on who did it can't be had here: admission has seen the user, and its attestation says
// so.
static bool rests_on_user(const struct decision *decision, const char *policy) {
    for (size_t i = 0; i < decision->result_count; i++) {
        if (strcmp(decision->results[i].policy, policy) == 0) {
            return decision->results[i].read_user;
        }
    }
    return false;
}

static const struct violation *first_denial(const struct decision *decision, bool trusts_admission) {
    for (size_t i = 0; i < decision->violation_count; i++) {
        const struct violation *violation = &decision->violations[i];
        if (violation_denies(violation) &&
            !(trusts_admission && rests_on_user(decision, violation->policy))) {
            return violation;
        }
    }
    return NULL;
}

static bool has_fault(const struct decision *decision, bool trusts_admission) {
    for (size_t i = 0; i < decision->result_count; i++) {
        const struct policy_result *result = &decision->results[i];
        if (policy_result_denies(result) && !(trusts_admission && result->read_user)) {
            return true;
        }
    }
    return false;
}

static void append_first_line(struct buffer *line, const char *text) {
    buffer_append(line, text, strcspn(text, "\n"));
}

static bool is_denied(const struct review *review, const struct decision *decision, bool trusts_admission,
                      struct buffer *ret_why) {
    const struct violation *violation = first_denial(decision, trusts_admission);
    if (violation) {
        violation_headline(violation, ret_why);
        return true;
    }
    if (has_fault(decision, trusts_admission)) {
        CLEANUP(buffer_clear) struct buffer text;
        buffer_init(&text, DENIAL_MAXIMUM_BYTES);
        decision_denial(decision, review, &text);
        append_first_line(ret_why, buffer_text(&text));
        return true;
    }
    return false;
}

// An annotation that names an older generation than the approved one was kept by somebody and put back.
static bool is_attested(struct judging *judging, const struct candidate *candidate, struct question *question,
                        struct buffer *ret_why) {
    const struct object_key *key = &candidate->key;
    struct attested_object attested = {.group = key->group,
                                       .kind = key->kind,
                                       .namespace = key->namespace,
                                       .name = key->name,
                                       .generation = candidate->stored->generation,
                                       .object = question->object};
    const char *text = attestation_of(question->object);
    const struct key_ring *keys = judging->options->keys;
    int64_t generation = attested.generation;
    enum attestation_verdict verdict = attestation_check(keys, &attested, text, &generation);
    if (verdict == ATTESTATION_WRONG && generation < attested.generation) {
        // /scale and the reconciler's own writes raise the generation and leave the annotation.
        attested.generation = generation;
        verdict = attestation_check(keys, &attested, text, NULL);
    }
    bool is_old = verdict == ATTESTATION_GOOD && generation <= question->attested;
    if (verdict == ATTESTATION_GOOD && !is_old) {
        question->attested = generation;
        return true;
    }
    buffer_printf(ret_why, "[attestation] %s %s/%s metadata.annotations[\"%s\"]: the attestation %s",
                  key->kind, key->namespace, key->name, ATTESTATION_ANNOTATION,
                  is_old ? "is older than what was approved" : attestation_verdict_text(verdict));
    return false;
}

static struct review make_review(const struct judging *judging, const struct candidate *candidate,
                                 const struct question *question, int64_t now_s) {
    const struct node *object = question->object ? question->object : question->old_object;
    const char *version = node_string(node_get(object, "apiVersion"));
    const char *slash = version ? strchr(version, '/') : NULL;
    const struct fleet_knowledge *fleet = &judging->options->fleet;
    return (struct review){
        .change = {.operation = question->operation,
                   .key = candidate->key,
                   .version = slash ? slash + 1 : "",
                   .resource = "",
                   .subresource = "",
                   .object = question->object,
                   .old_object = question->old_object},
        .uid = candidate->stored ? candidate->stored->uid : "",
        .user = "",
        .stored = true,
        .door = DOOR_RECONCILE,
        .now = now_s,
        .before = fragment_set_source(judging->set),
        .after = fragment_set_source(judging->set),
        .keeper = fleet->keeper.methods && question->operation != OPERATION_DELETE ? &fleet->keeper : NULL,
    };
}

enum approval_state judge_ask(struct judging *judging, const struct candidate *candidate,
                              struct question *question, struct buffer *ret_why) {
    const struct judge_options *options = judging->options;
    bool is_held = false;
    bool trusts_admission = options->reconciler->attests && question->operation != OPERATION_DELETE;
    CLEANUP(buffer_clear) struct buffer unattested;
    buffer_init(&unattested, LONGEST_LINE);
    if (question->needs_attestation && !is_attested(judging, candidate, question, &unattested)) {
        is_held = options->settings->attestation == UNATTESTED_HOLD;
    }
    struct review review =
        make_review(judging, candidate, question, event_loop_wall_ms(options->reconciler->loop) / 1000);
    CLEANUP(decision_clear) struct decision decision = {0};
    engine_evaluate(options->policies, &review, &decision);
    enum approval_state state = APPROVAL_APPROVED;
    if (is_denied(&review, &decision, trusts_admission, ret_why)) {
        state = APPROVAL_DENIED;
    } else if (is_held) {
        buffer_append_text(ret_why, buffer_text(&unattested));
        state = APPROVAL_HELD;
    }
    decision.allowed = state == APPROVAL_APPROVED;
    const struct verdict *last = verdict_find(judging->verdicts, &candidate->key);
    bool is_repeated =
        last && last->state == state && last->text && strcmp(last->text, buffer_text(ret_why)) == 0;
    bool is_told = !is_repeated && !(state == APPROVAL_APPROVED && is_small_change(question));
    if (options->reconciler->decided && is_told) {
        options->reconciler->decided(options->reconciler->cookie, &review, &decision);
    }
    return state;
}
