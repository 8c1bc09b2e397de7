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

// What the annotation has to be; NULL: none. Where the spec stays as it is, only what was attested before is
// attested again, or a change of a label would vouch for a spec that came in past the gate.
static const char *choose_text(const struct key_ring *keys, const struct object_change *change,
                               const struct node *object, char *made) {
    if (keeps_generation(change, object)) {
        const char *old = attestation_of(change->old_object);
        const struct attested_object before =
            attested(change, change->old_object, generation_of(change->old_object));
        if (attestation_check(keys, &before, old, NULL) != ATTESTATION_GOOD) {
            return old;
        }
    }
    const struct attested_object now =
        attested(change, object, attestation_next_generation(object, change->old_object));
    attestation_make(keys, &now, made);
    return *made ? made : NULL;
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

enum attestation_result admission_attestation_write(const struct key_ring *keys,
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
    char made[ATTESTATION_BYTES];
    const char *wanted = choose_text(keys, change, object, made);
    const char *present = attestation_of(object);
    if (!wanted || (present && strcmp(present, wanted) == 0)) {
        return ATTESTATION_UNCHANGED;
    }
    add_annotation(object, wanted, decision);
    return ATTESTATION_WRITTEN;
}

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
    const struct attested_object object = attested(change, change->object, found.wanted);
    const char *text = attestation_of(change->object);
    found.verdict = attestation_check(keys, &object, text, &found.named);
    bool is_left = change->old_object && is_same_text(text, attestation_of(change->old_object));
    if (found.verdict == ATTESTATION_GOOD) {
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
        violation.message = "not attested by /mutate: held where a policy needs the user";
    } else {
        return;
    }
    decision_add_violation(decision, &violation);
}
