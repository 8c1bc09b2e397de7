#include "webhook/admission_attestation.h"

#include "base/json_canonical.h"
#include "engine/engine.h"
#include "fleet/cluster_view.h"

#include <inttypes.h>
#include <string.h>

#define ANNOTATIONS_POINTER "/metadata/annotations"

// Kubernetes has no larger annotations.
enum { LARGEST_VALUE = 512 * 1024 };

const char *attestation_result_name(enum attestation_result result) {
    static const char *const names[] = {"not_due", "written", "unchanged", "good",
                                        "kept",    "absent",  "refused"};
    return names[result];
}

static const struct node *metadata_of(const struct node *object, const char *name) {
    return node_get(node_get(object, "metadata"), name);
}

static int64_t generation_of(const struct node *object) {
    int64_t generation = 0;
    (void)node_integer(metadata_of(object, "generation"), &generation);
    return generation;
}

// An object that is being deleted must be able to lose its finalizers, whatever it looks like. One that has
// no name yet could be attested for any.
static bool is_due(const struct object_change *change) {
    return change->operation != OPERATION_DELETE && *change->subresource == '\0' && change->object &&
           *change->key.name != '\0' && cluster_view_knows(change->key.group, change->key.kind) &&
           !metadata_of(change->object, "deletionTimestamp") &&
           !metadata_of(change->old_object, "deletionTimestamp");
}

static struct attested_object attested(const struct object_change *change, const struct node *object,
                                       int64_t generation) {
    return (struct attested_object){.group = change->key.group,
                                    .kind = change->key.kind,
                                    .namespace = change->key.namespace,
                                    .name = change->key.name,
                                    .generation = generation,
                                    .object = object};
}

static bool keeps_generation(const struct object_change *change, const struct node *object) {
    return change->old_object &&
           attestation_next_generation(object, change->old_object) == generation_of(change->old_object);
}

// ---- objects whose spec stays as it is ----

// The generation that the old object's annotation names, where that is the annotation of this spec; else -1.
// It may be an earlier one than the object's: /scale raises the generation and can't write the annotation.
static int64_t attested_before(const struct key_ring *keys, const struct object_change *change) {
    const char *text = attestation_of(change->old_object);
    int64_t named = -1;
    struct attested_object old = attested(change, change->old_object, generation_of(change->old_object));
    if (attestation_check(keys, &old, text, &named) == ATTESTATION_GOOD) {
        return named;
    }
    bool is_earlier = named >= 0 && named < old.generation;
    old.generation = named;
    return is_earlier && attestation_check(keys, &old, text, NULL) == ATTESTATION_GOOD ? named : -1;
}

static bool is_empty(const struct node *node) {
    return !node || node->type == NODE_NULL || node_first(node) == NULL;
}

static bool holds_others(const struct node *map, const struct node *other) {
    NODE_EACH(member, map) {
        if (strcmp(member->key, ATTESTATION_ANNOTATION) != 0 &&
            !node_equal(member, node_get_sized(other, member->key, member->key_length))) {
            return false;
        }
    }
    return true;
}

// Does the request change nothing, or nothing but the attestation? A manifest that is applied again does not.
static bool is_repeat(const struct object_change *change) {
    static const char *const parts[] = {"labels", "finalizers", "ownerReferences"};
    for (size_t i = 0; i < sizeof(parts) / sizeof(parts[0]); i++) {
        const struct node *now = metadata_of(change->object, parts[i]);
        const struct node *before = metadata_of(change->old_object, parts[i]);
        if (!node_equal(now, before) && !(is_empty(now) && is_empty(before))) {
            return false;
        }
    }
    const struct node *now = metadata_of(change->object, "annotations");
    const struct node *before = metadata_of(change->old_object, "annotations");
    return holds_others(now, before) && holds_others(before, now);
}

// Would this user be allowed to make the object as it is? Then applying it again vouches for it. A label or a
// finalizer does not: controllers write these all day, and a spec that came in past the gate must not become
// good by that.
static bool is_vouched_for(struct policy_set *set, const struct admission_review *admission,
                           const struct node *object) {
    if (!is_repeat(&admission->review.change)) {
        return false;
    }
    struct review review = admission->review;
    review.change.operation = OPERATION_CREATE;
    review.change.object = object;
    review.change.old_object = NULL;
    review.stored = true;
    review.refused = true; // it has its place: none is promised
    review.keeper = NULL;
    CLEANUP(decision_clear) struct decision decision = {0};
    engine_evaluate(set, &review, &decision);
    return decision.allowed;
}

// ---- /mutate ----

// The generation to attest; -1: the annotation is to be what it was.
static int64_t choose_generation(const struct key_ring *keys, struct policy_set *set,
                                 const struct admission_review *admission, const struct node *object) {
    const struct object_change *change = &admission->review.change;
    int64_t next = attestation_next_generation(object, change->old_object);
    if (!keeps_generation(change, object)) {
        return next;
    }
    int64_t before = attested_before(keys, change);
    return before >= 0 ? before : is_vouched_for(set, admission, object) ? next : -1;
}

static void add_annotation(const struct node *object, const char *text, struct decision *decision) {
    const struct node *annotations = metadata_of(object, "annotations");
    bool has_map = node_is(annotations, NODE_MAP);
    // An old text may be anything that an annotation may be.
    CLEANUP(buffer_clear) struct buffer value;
    buffer_init(&value, LARGEST_VALUE);
    buffer_append_text(&value, has_map ? "" : "{\"" ATTESTATION_ANNOTATION "\":");
    json_string_append(&value, text, strlen(text));
    buffer_append_text(&value, has_map ? "" : "}");
    const struct patch_operation operation = {
        .replace = has_map ? node_get(annotations, ATTESTATION_ANNOTATION) != NULL : annotations != NULL,
        .path = has_map ? ATTESTATION_POINTER : ANNOTATIONS_POINTER,
        .value = arena_copy_text(decision->arena, buffer_text(&value), value.length)};
    if (!value.cut) {
        decision_add_patch(decision, &operation);
    }
}

enum attestation_result admission_attestation_write(const struct key_ring *keys, struct policy_set *set,
                                                    const struct admission_review *admission,
                                                    struct decision *decision) {
    const struct object_change *change = &admission->review.change;
    if (!decision->allowed || !is_due(change)) {
        return ATTESTATION_NOT_DUE;
    }
    CLEANUP(document_free) struct document *patched = NULL;
    const struct node *object = change->object;
    if (decision->patch_count > 0) {
        struct error error;
        // The API server will refuse such a patch, too.
        if (!engine_apply_patch(admission->document, object, decision, &patched, &error)) {
            return ATTESTATION_NOT_DUE;
        }
        object = document_root(patched);
    }
    char made[ATTESTATION_BYTES] = "";
    const char *wanted = made;
    int64_t generation = choose_generation(keys, set, admission, object);
    if (generation >= 0) {
        const struct attested_object now = attested(change, object, generation);
        attestation_make(keys, &now, made);
    } else {
        wanted = attestation_of(change->old_object);
    }
    const char *present = attestation_of(object);
    if (!wanted || *wanted == '\0' || (present && strcmp(present, wanted) == 0)) {
        return ATTESTATION_UNCHANGED;
    }
    add_annotation(object, wanted, decision);
    return ATTESTATION_WRITTEN;
}

// ---- /validate ----

static bool is_same_text(const char *left, const char *right) {
    return left && right ? strcmp(left, right) == 0 : left == right;
}

struct admission_attestation admission_attestation_check(const struct key_ring *keys,
                                                         const struct admission_review *admission) {
    const struct object_change *change = &admission->review.change;
    struct admission_attestation found = {.result = ATTESTATION_NOT_DUE, .named = -1};
    if (!is_due(change)) {
        return found;
    }
    found.wanted = generation_of(change->object);
    struct attested_object object = attested(change, change->object, found.wanted);
    const char *text = attestation_of(change->object);
    found.verdict = attestation_check(keys, &object, text, &found.named);
    bool is_left = change->old_object && is_same_text(text, attestation_of(change->old_object));
    bool is_good = found.verdict == ATTESTATION_GOOD;
    if (found.verdict == ATTESTATION_WRONG && found.named >= 0 && keeps_generation(change, change->object) &&
        attested_before(keys, change) == found.named) {
        object.generation = found.named; // signed with another key since
        is_good = attestation_check(keys, &object, text, NULL) == ATTESTATION_GOOD;
    }
    if (is_good) {
        found.result = ATTESTATION_CORRECT;
    } else if (is_left && keeps_generation(change, change->object)) {
        found.result = ATTESTATION_KEPT;
    } else if (is_left || found.verdict == ATTESTATION_MISSING) {
        found.result = ATTESTATION_ABSENT;
    } else {
        found.result = ATTESTATION_REFUSED;
    }
    return found;
}

static const char *explain(const struct admission_attestation *attestation, struct arena *arena) {
    if (attestation->named < 0 || attestation->named == attestation->wanted) {
        return NULL;
    }
    return arena_printf(arena, "it names generation %" PRId64 "; the object has generation %" PRId64,
                        attestation->named, attestation->wanted);
}

void admission_attestation_tell(const struct admission_attestation *attestation,
                                const struct admission_review *admission, struct decision *decision) {
    const struct object_change *change = &admission->review.change;
    struct violation violation = {.policy = ATTESTATION_POLICY,
                                  .severity = SEVERITY_CRITICAL,
                                  .mode = MODE_DENY,
                                  .origin = {.object = change->key, .path = "", .root = change->object}};
    if (attestation->result == ATTESTATION_REFUSED) {
        violation.origin.path = ATTESTATION_PATH;
        violation.message = attestation_verdict_text(attestation->verdict);
        violation.detail = explain(attestation, decision->arena);
        violation.hint = "leave the annotation out of Git and apply again: fleetgate writes it; if it stays, "
                         "register /mutate with reinvocationPolicy: IfNeeded";
    } else if (attestation->result == ATTESTATION_ABSENT) {
        violation.mode = MODE_WARN;
        violation.message = "not attested by /mutate: it may be held until applied again";
    } else {
        return;
    }
    decision_add_violation(decision, &violation);
}
