// Which step brings a webhook's certificates on, so that at no instant a replica serves what an API server
// that sees changes late can't verify. A pure function: every replica asks it, and the Secret's version
// decides who is first.
#pragma once

#include "certs/rotation_content.h"

// The caBundle of one webhook.
struct rotation_bundle {
    const char *text;     // PEM, "" when it is empty
    int64_t since_steady; // when this process first saw the object as it is now
};

struct rotation_settings {
    struct certificate_names names; // that the serving certificate must have
    int64_t authority_seconds, certificate_seconds;
    int64_t grace_seconds;  // API servers use a changed bundle after so long at the latest
    int64_t retire_seconds; // all replicas serve the new certificate after so long at the latest
};

// wall times: seconds since 1970; steady ones: seconds of a clock that only goes forward.
struct rotation_view {
    const struct rotation_settings *settings;
    // Must be one picture: the Secret was the same before and after the bundles were read.
    const struct rotation_content *content; // NULL: there is no Secret
    const struct rotation_bundle *bundles;  // none: no webhook is registered yet
    size_t bundle_count;
    const char *served, *served_authority; // what this replica serves, and who signed that; NULL: nothing
    int64_t now, steady;
    // The authority with which rotation_plan.settled has held since settled_steady; NULL: it does not hold.
    const char *settled_authority;
    int64_t settled_steady;
    bool clock_doubtful; // the wall clock has just jumped: nothing is judged by it
};

struct rotation_plan {
    enum rotation_action action;
    int64_t wait_seconds; // NOTHING: something may be due after that (at least 1)
    bool serve;           // the Secret's certificate is good, and API servers can verify it
    bool settled;         // and nothing is on its way
    const char *why;      // for the log; borrowed for ever
};

struct rotation_plan rotation_plan(const struct rotation_view *view);
// What bundle index should hold; NULL: what it holds. Caller owns (free).
char *rotation_plan_bundle(const struct rotation_view *view, size_t index);
// All that API servers may trust now, for rotation_change.known. Caller owns (free).
char *rotation_plan_known(const struct rotation_view *view);
