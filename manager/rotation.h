// Keeps a webhook's certificates good by itself: a Secret that all replicas share, and the caBundle of the
// webhooks.
#pragma once

#include "certs/rotation_plan.h"
#include "kube/kube_client.h"

// Where the objects are: the API server, or a fake one. All fail as kube_read, kube_create and kube_patch do.
struct rotation_store_methods {
    bool (*read)(void *cookie, const struct kube_name *name, struct document **ret_document,
                 struct error *error);
    bool (*create)(void *cookie, const struct kube_name *name, const char *body, struct error *error);
    bool (*patch)(void *cookie, const struct kube_name *name, const struct kube_patch *patch,
                  struct error *error);
};

struct rotation_store {
    const struct rotation_store_methods *methods;
    void *cookie;
};
// The client is borrowed as long as the store is used.
struct rotation_store rotation_kube_store(struct kube_client *client);

struct rotation_clock {
    int64_t wall;   // seconds since 1970
    int64_t steady; // of a clock that only goes forward, also while the host sleeps
};
struct rotation_clock rotation_clock_now(void);

enum {
    ROTATION_AUTHORITY_DAYS = 730,
    ROTATION_CERTIFICATE_DAYS = 90,
    ROTATION_GRACE_SECONDS = 60,
    ROTATION_RETIRE_SECONDS = 86400,
    ROTATION_POLL_SECONDS = 10,
};

struct rotation_options {
    struct rotation_store store;
    const char *namespace, *secret; // "fleetgate-system", "fleetgate-certs"; not needed to exist
    // Names of webhook configurations; one that does not exist is passed over until it does.
    const char *const *validating, *const *mutating;
    size_t validating_count, mutating_count;      // at most 8 together
    struct rotation_settings settings;            // seconds that are 0: as above
    int64_t poll_seconds;                         // 0: as above; a twelfth of a certificate's life at most
    uint64_t random_seed;                         // of the jitter
    struct rotation_clock (*clock)(void *cookie); // NULL: the host's
    // Called from rotation_step with what is to be served from now on; texts are borrowed during the call.
    void (*deliver)(void *cookie, const char *certificate, const char *key, int64_t not_before,
                    int64_t not_after);
    void *cookie; // for deliver and clock
};

struct rotation;

// All texts in options are borrowed until rotation_free. Fails with INVALID.
MUST_CHECK bool rotation_new(const struct rotation_options *options, struct rotation **ret_rotation,
                             struct error *error);
void rotation_free(struct rotation *rotation);
DEFINE_CLEANUP(rotation_free, struct rotation *)

// Looks at everything, does what is due, and says at which steady second to call again. What fails is logged,
// what was delivered stays in force, and the next try comes after 1 s to 60 s. May block as long as the store
// does. One thread.
int64_t rotation_step(struct rotation *rotation);

struct rotation_status {
    int64_t certificate_not_after; // of what was delivered; 0: nothing yet
    int64_t authority_not_after;   // of the authority that signed it; 0: nothing yet
    unsigned failures;             // steps in a row that failed
    char problem[256];             // of the last one; "": it went well
};
// The thread of rotation_step.
struct rotation_status rotation_status(const struct rotation *rotation);
