// The reviews that the bench sends: clusters as Flux applies them.
#pragma once

#include <stddef.h>

enum review_body {
    REVIEW_SMALL,  // 1.3 kB: CREATE of a Cluster
    REVIEW_LARGE,  // 10 kB: UPDATE with oldObject, four pools and managedFields
    REVIEW_DENIED, // REVIEW_SMALL in a region that is not allowed
    REVIEW_DELETE, // of a protected Cluster: denied
    REVIEW_COUNT,
};

// JSON; caller owns (free). serial makes uid and name differ from one to the next.
char *review_make(enum review_body body, unsigned serial, size_t *ret_length);
