// Small documents that all replicas share, changed by compare-and-swap.
#pragma once

#include "base/attributes.h"
#include "base/error.h"

#include <stdint.h>

enum { SHARED_VERSION_BYTES = 64 };

struct shared_store_methods {
    // *ret_text: malloc, caller owns; NULL when there is no such document (then the version is ""). Fails
    // with IO.
    bool (*read)(void *cookie, const char *name, uint64_t deadline_ns, char **ret_text,
                 char ret_version[SHARED_VERSION_BYTES], struct error *error);
    // version: of the document that was read ("": there was none). Fails with CONFLICT when somebody else was
    // first, IO when it is not known whether it was written.
    bool (*write)(void *cookie, const char *name, const char *text, const char *version, uint64_t deadline_ns,
                  char ret_version[SHARED_VERSION_BYTES], struct error *error);
};

struct shared_store {
    const struct shared_store_methods *methods;
    void *cookie;
};
