// The annotation by which admission tells the reconciler that it has seen a spec: an HMAC over the object's
// identity, its generation and the digest of its canonical spec (RFC 8785).
#pragma once

#include "attest/key_ring.h"
#include "base/document.h"

#include <stdint.h>

#define ATTESTATION_ANNOTATION "fleetgate.dev/attestation"
#define ATTESTATION_PATH "metadata.annotations[\"" ATTESTATION_ANNOTATION "\"]"
#define ATTESTATION_POINTER "/metadata/annotations/fleetgate.dev~1attestation"
// What denials, warnings and the decision log call it, where they have a policy's name.
#define ATTESTATION_POLICY "attestation"

// "v1.KEYID.GENERATION.BASE64URL"
enum { ATTESTATION_BYTES = 128 };

// What is attested. group and kind without version: an object may be read in another version, but then its
// spec differs, and so does the digest. Borrowed.
struct attested_object {
    const char *group, *kind, *namespace, *name;
    int64_t generation; // that the object has once it is stored
    const struct node
        *object; // all of it: everything is attested but apiVersion, metadata, status and spec.replicas
};

// spec.replicas is left out because /scale changes it without being able to change the annotation: it is
// judged by the reconciler's own evaluation. ret_text: "" when the object is larger than any review.
void attestation_make(const struct key_ring *ring, const struct attested_object *object,
                      char ret_text[ATTESTATION_BYTES]);

enum attestation_verdict {
    ATTESTATION_GOOD,
    ATTESTATION_MISSING, // no annotation
    ATTESTATION_MALFORMED,
    ATTESTATION_UNKNOWN_KEY, // signed by a key that is not in the ring (any more)
    ATTESTATION_WRONG,       // of another object, another spec or another generation, or forged
};

// text NULL: missing. *ret_generation (may be NULL): the one that the annotation names, set where it is
// readable.
enum attestation_verdict attestation_check(const struct key_ring *ring, const struct attested_object *object,
                                           const char *text, int64_t *ret_generation);
const char *
attestation_verdict_text(enum attestation_verdict verdict); // "is missing", "was made for another spec"…

// The generation that an API server will give the object: 1 when old is NULL, old's where nothing but
// metadata and status differs, else one more.
int64_t attestation_next_generation(const struct node *object, const struct node *old);
// The annotation's text, or NULL. Borrowed from object.
const char *attestation_of(const struct node *object);
