// What rotation.c and rotation_picture.c share.
#pragma once

#include "manager/rotation.h"
#include "manager/rotation_objects.h"

enum { ROTATION_MOST_CONFIGURATIONS = 8 };

// One webhook configuration, as it was seen last.
struct rotation_configuration {
    struct kube_name name;
    bool exists;
    struct rotation_webhooks webhooks;
    char *generation; // the last one seen; NULL: none
    int64_t since_steady;
};

struct rotation {
    struct rotation_options options;
    struct kube_name secret;
    struct rotation_configuration configurations[ROTATION_MOST_CONFIGURATIONS];
    size_t configuration_count;

    char *served, *served_key, *served_authority; // NULL: nothing was delivered
    char *settled_authority;
    int64_t settled_steady;
    struct rotation_clock last; // steady 0: no step yet
    int64_t doubt_until_steady;
    char *versions;               // of all objects at the last plan
    int64_t planned_until_steady; // nothing is due before that unless a version changes
    uint64_t random;
    struct rotation_status status;
};

// What one look at the API server found.
struct rotation_picture {
    struct rotation_content content;
    char *version; // of the Secret; NULL: there is none
    struct rotation_bundle bundles[ROTATION_MOST_CONFIGURATIONS * ROTATION_MOST_WEBHOOKS];
    size_t bundle_count;
};

void rotation_picture_clear(struct rotation_picture *picture);
static inline void rotation_picture_clear_cleanup(struct rotation_picture *picture) {
    rotation_picture_clear(picture);
}
// Reads all objects. Fails as the store does, or with CONFLICT when the Secret changed meanwhile.
MUST_CHECK bool rotation_picture_take(struct rotation *rotation, struct rotation_picture *ret_picture,
                                      struct error *error);

struct rotation_clock rotation_clock_read(const struct rotation *rotation);
// Overwrites and frees what is there; text may be NULL and is copied.
void rotation_set_text(char **slot, const char *text);
