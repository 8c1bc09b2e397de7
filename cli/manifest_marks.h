// The marks in the comments of deploy/*.yaml, which say what "fleetgate install" may change there:
//
//   replicas: 3 # @replicas             the value, where one is given
//   fleetgate.yaml: | # @config         the same; the deeper lines behind it are its old value
//   - --cert-mode=self # @when self     the line and the deeper lines behind it are there with a feature only
//   # @when files: - --cert-mode=files  the text behind the colon becomes a line with the feature
//
// To kustomize they are comments.
#pragma once

#include "base/buffer.h"

#define MANIFEST_NAMESPACE "fleetgate-system"

// An array of them ends with a NULL name.
struct manifest_value {
    const char *name;
    const char *text; // YAML, put in as it is; NULL: the manifest's own value stays
};

struct manifest_marks {
    const struct manifest_value *values;
    const char *const *features; // those that are on; ended by NULL
    const char *namespace;       // takes the place of MANIFEST_NAMESPACE in the manifest's own text
};

bool manifest_marks_have(const struct manifest_marks *marks, const char *feature, size_t length);
// Appends the manifest to out, without marks.
void manifest_marks_apply(const char *text, const struct manifest_marks *marks, struct buffer *out);

// A text as a YAML block scalar, for a key that is indented by indentation spaces.
void manifest_block_append(struct buffer *out, const char *text, size_t indentation);
