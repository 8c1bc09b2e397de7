// Networks and who holds them: finds a holder of any network that overlaps another one. Any thread may read
// while none changes it.
#pragma once

#include "base/attributes.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct cidr_set;

struct cidr_set *cidr_set_new(void); // caller owns
void cidr_set_free(struct cidr_set *set);
DEFINE_CLEANUP(cidr_set_free, struct cidr_set *)

// "10.0.0.0/16", "fd00::/48", host bits are ignored. False: the text is no network. *ret_place is for
// cidr_set_remove; a holder may hold one network several times.
MUST_CHECK bool cidr_set_add(struct cidr_set *set, const char *text, uint32_t holder, uint32_t *ret_place);
void cidr_set_remove(struct cidr_set *set, uint32_t place, uint32_t holder);

struct cidr_filter {
    // Whether a network that many hold (its place) may have a holder that is accepted; NULL: always.
    bool (*may_accept)(const void *cookie, uint32_t place);
    bool (*accepts)(const void *cookie, uint32_t holder);
    const void *cookie;
};
// A holder of a network that overlaps text and is accepted; false: there is none, or text is no network.
bool cidr_set_find(const struct cidr_set *set, const char *text, const struct cidr_filter *filter,
                   uint32_t *ret_holder);
size_t cidr_set_bytes(const struct cidr_set *set);
