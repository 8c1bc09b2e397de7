// Where the reconciler reads and writes objects: the API server, or the embedded one. All calls return at
// once; answers come as callbacks on the event loop's thread, never inside the call.
#pragma once

#include "base/document.h"
#include "base/error.h"
#include "fleet/object_change.h"

#include <stdint.h>

struct store_answer {
    // NONE: it went well. NOT_FOUND, CONFLICT (exists already, another resourceVersion, another uid), DENIED,
    // INVALID, LIMIT, IO (no answer: it may or may not have been carried out).
    struct error error;
    const struct node *object; // as it is now; NULL after remove
};
// What the answer points to is valid during the call.
typedef void store_done(void *cookie, const struct store_answer *answer);

// Texts are borrowed during the call. done may be NULL: nobody waits.
struct object_store_methods {
    void (*read)(void *cookie, const struct object_key *key, store_done *done, void *done_cookie);
    // body: the whole object as JSON, with apiVersion, kind and metadata.
    void (*create)(void *cookie, const struct object_key *key, const char *body, store_done *done,
                   void *done_cookie);
    // The body's metadata.resourceVersion, where it has one, must be the stored one.
    void (*replace)(void *cookie, const struct object_key *key, const char *body, store_done *done,
                    void *done_cookie);
    // A merge patch (RFC 7386). subresource NULL: all but status; "status": status only. A metadata.uid or
    // metadata.resourceVersion in it must be the stored one.
    void (*patch)(void *cookie, const struct object_key *key, const char *subresource, const char *body,
                  store_done *done, void *done_cookie);
    // uid NULL: whoever has the name.
    void (*remove)(void *cookie, const struct object_key *key, const char *uid, store_done *done,
                   void *done_cookie);
    // Answers to this cookie are dropped: who asked is going. Calls may be carried out all the same.
    void (*forget)(void *cookie, void *done_cookie);
    // Tells people, beside the object; never fails, may be left out under load. uid may be NULL.
    void (*event)(void *cookie, const struct object_key *key, const char *uid, bool warning,
                  const char *reason, const char *message);
};

struct object_store {
    const struct object_store_methods *methods;
    void *cookie;
};
