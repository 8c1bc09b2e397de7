// A certificate authority of our own, and the serving certificates that it signs (ECDSA P-256, X.509 v3).
#pragma once

#include "base/error.h"

#include <stddef.h>
#include <stdint.h>

enum { AUTHORITY_DAYS = 3650, LEAF_DAYS = 365 };

// What a server may be called. At least one name in all; at most 100.
struct certificate_names {
    const char *const *dns; // "fleetgate.fleetgate-system.svc", "*.example.org"
    size_t dns_count;
    const char *const *addresses; // IPv4 or IPv6
    size_t address_count;
};

// A certificate and its private key as PEM texts; caller clears (the key is overwritten).
struct certificate_pair {
    char *certificate;
    char *key;
};

void certificate_pair_clear(struct certificate_pair *pair);
static inline void certificate_pair_clear_cleanup(struct certificate_pair *pair) {
    certificate_pair_clear(pair);
}

// How long a certificate is good. It begins up to five minutes and a tenth of its life before now, for
// verifiers whose clocks are behind.
struct certificate_period {
    int64_t now; // seconds since 1970
    int64_t seconds;
};

struct certificate_authority;

// A new key and a self-signed certificate that is valid for days. *ret_authority: caller owns.
MUST_CHECK bool certificate_authority_new(unsigned days, struct certificate_authority **ret_authority,
                                          struct error *error);
MUST_CHECK bool certificate_authority_new_for(const struct certificate_period *period,
                                              struct certificate_authority **ret_authority,
                                              struct error *error);
// From PEM texts. Fails with INVALID: not PEM, the key does not match, not a CA certificate, expired.
MUST_CHECK bool certificate_authority_read(const struct certificate_pair *pair,
                                           struct certificate_authority **ret_authority, struct error *error);
// The same, but whether it has expired is judged at now (seconds since 1970).
MUST_CHECK bool certificate_authority_read_at(const struct certificate_pair *pair, int64_t now,
                                              struct certificate_authority **ret_authority,
                                              struct error *error);
void certificate_authority_free(struct certificate_authority *authority);
DEFINE_CLEANUP(certificate_authority_free, struct certificate_authority *)

MUST_CHECK bool certificate_authority_export(const struct certificate_authority *authority,
                                             struct certificate_pair *ret_pair, struct error *error);
// A new key and certificate for a server. It never outlives the authority: days are cut to that. Fails with
// INVALID on a name that is neither a DNS name nor an address.
MUST_CHECK bool certificate_authority_issue(const struct certificate_authority *authority,
                                            const struct certificate_names *names, unsigned days,
                                            struct certificate_pair *ret_pair, struct error *error);
MUST_CHECK bool certificate_authority_issue_for(const struct certificate_authority *authority,
                                                const struct certificate_names *names,
                                                const struct certificate_period *period,
                                                struct certificate_pair *ret_pair, struct error *error);
