// What the Secret of a gate that rotates its own certificates holds, and how its next content is made.
#pragma once

#include "certs/certificate_authority.h"

// PEM texts; NULL: not there. Caller clears (keys are overwritten).
struct rotation_content {
    char *authority, *authority_key; // ca.crt, ca.key: API servers know it, and it signs
    char *next, *next_key;           // next-ca.crt, next-ca.key: on its way to the API servers
    char *old;                       // old-ca.crt: authorities that signed before
    char *certificate, *key;         // tls.crt, tls.key: what all replicas serve
};

// The texts by their places, for loops: count is 7.
enum { ROTATION_TEXTS = 7 };
// "ca.crt", …; and where it stands.
const char *rotation_content_name(size_t index);
char **rotation_content_text(struct rotation_content *content, size_t index);

void rotation_content_clear(struct rotation_content *content);
static inline void rotation_content_clear_cleanup(struct rotation_content *content) {
    rotation_content_clear(content);
}

enum rotation_action {
    ROTATION_NOTHING,
    ROTATION_CREATE,  // the first authority and certificate: nobody trusts another one yet
    ROTATION_PREPARE, // a next authority, which signs nothing yet
    ROTATION_DEMOTE,  // API servers don't know the authority in force: it becomes the next one
    ROTATION_PUBLISH, // bundles lack something or hold too much
    ROTATION_PROMOTE, // the next authority signs from now on, beginning with a new certificate
    ROTATION_ISSUE,   // a new certificate from the authority in force
    ROTATION_RETIRE,  // the old authorities are forgotten
};
const char *rotation_action_name(enum rotation_action action); // "create", …

struct rotation_change {
    enum rotation_action action;         // one that changes the Secret
    const struct rotation_content *from; // NULL: there is no Secret
    const char *known;                   // PEM: what API servers trust now; goes to old; may be NULL
    const struct certificate_names *names;
    int64_t now, authority_seconds, certificate_seconds;
};

// Makes keys and certificates as the change needs. Caller clears *ret_content.
MUST_CHECK bool rotation_content_change(const struct rotation_change *change,
                                        struct rotation_content *ret_content, struct error *error);
