// The declared objects as JSON.
#pragma once

#include "base/buffer.h"
#include "tests/simulation/declared.h"

#define WAVE_LABEL "environment"
#define CANARY "canary"

#define ALLOW_SKIP_ANNOTATION "simulation.test/allow-skip"
#define ALLOW_DELETE_ANNOTATION "simulation.test/allow-delete"

struct manifest_form {
    bool is_patch;           // a merge patch, with null for what is not said
    const char *attestation; // the annotation; "": none; NULL: the one that stands there stays
};
// The whole object.
void manifest_write(struct buffer *text, const struct declared_cluster *cluster,
                    const struct declared_object *object, const struct content *content,
                    const struct manifest_form *form);
// What topologies are made from: a ClusterClass and its templates.
struct manifest_part {
    struct object_key key;
    const char *text;
};
enum { MANIFEST_CLASS_PARTS = 3 };
extern const struct manifest_part manifest_class[MANIFEST_CLASS_PARTS];
