// What a certificate file says, for people: names, issuer, how long it is still good.
#pragma once

#include "base/arena.h"
#include "base/error.h"

#include <stdint.h>

struct certificate_info {
    struct arena *arena; // holds every text below
    const char *subject; // "CN=fleetgate webhook CA,O=fleetgate"
    const char *issuer;
    const char *const *dns;
    size_t dns_count;
    const char *const *addresses;
    size_t address_count;
    int64_t not_before, not_after; // seconds since 1970
    bool is_authority;
};

void certificate_info_clear(struct certificate_info *info);
static inline void certificate_info_clear_cleanup(struct certificate_info *info) {
    certificate_info_clear(info);
}

// The first certificate of a PEM file. Fails with NOT_FOUND, IO or INVALID. Caller clears.
MUST_CHECK bool certificate_info_read(const char *path, struct certificate_info *ret_info,
                                      struct error *error);
// The same from a PEM text.
MUST_CHECK bool certificate_info_read_text(const char *text, struct certificate_info *ret_info,
                                           struct error *error);
// Whole days until it ends, rounded down; negative once it has.
int64_t certificate_info_days_left(const struct certificate_info *info, int64_t now);

// INVALID when the key in key_path is not the one of the first certificate in certificate_path.
MUST_CHECK bool certificate_pair_check(const char *certificate_path, const char *key_path,
                                       struct error *error);
// INVALID when the authority in authority_path did not sign the certificate, or a date does not hold now.
MUST_CHECK bool certificate_chain_check(const char *authority_path, const char *certificate_path,
                                        struct error *error);
