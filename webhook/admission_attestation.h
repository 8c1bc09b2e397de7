// Attestations at the door: /mutate writes them, /validate checks them against the object as it will be
// stored.
#pragma once

#include "attest/attestation.h"
#include "engine/decision.h"
#include "engine/policy_set.h"
#include "webhook/admission_review.h"

// What became of a review's attestation, for the metrics.
enum attestation_result {
    ATTESTATION_NOT_DUE,   // of this kind of object or change there is none
    ATTESTATION_WRITTEN,   // by /mutate
    ATTESTATION_UNCHANGED, // /mutate had nothing to write
    ATTESTATION_CORRECT,   // found by /validate
    ATTESTATION_KEPT,      // the change has nothing to do with it, so it stays as it was, good or not
    ATTESTATION_ABSENT,    // or left over from an older spec: a warning
    ATTESTATION_REFUSED,
};
const char *attestation_result_name(enum attestation_result result); // "written", "absent", …

// Adds the annotation to the patch of an allowed decision, made for the object as that patch leaves it. Where
// the spec stays as it is, so does the attestation, but for the key; one that is missing or wrong is made
// only when the object is applied again without a change, and set would let this user create it.
enum attestation_result admission_attestation_write(const struct key_ring *keys, struct policy_set *set,
                                                    const struct admission_review *admission,
                                                    struct decision *decision);

// What /validate finds, told to the decision once policies have judged.
struct admission_attestation {
    enum attestation_result result;
    enum attestation_verdict verdict;
    int64_t named, wanted; // generations; named is -1 where the annotation has none that can be read
};
struct admission_attestation admission_attestation_check(const struct key_ring *keys,
                                                         const struct admission_review *admission);
void admission_attestation_tell(const struct admission_attestation *attestation,
                                const struct admission_review *admission, struct decision *decision);
