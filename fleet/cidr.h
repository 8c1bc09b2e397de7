// Address ranges as manifests write them: 10.0.0.0/16, fd00:10::/48. Strict: no shorthand, no octal, no
// zones.
#pragma once

#include "base/attributes.h"

#include <stdbool.h>
#include <stdint.h>

struct cidr {
    int family;        // 4 or 6
    unsigned prefix;   // 0 to 32 or 128
    uint8_t first[16]; // IPv4 takes the first four bytes
    uint8_t last[16];
    bool has_host_bits; // as written the address was not the network's own: 10.0.0.1/8
};

enum { CIDR_TEXT_SIZE = 40 };

// NULL when text is good, else what is wrong with it. *ret_cidr is set only then.
MUST_CHECK const char *cidr_parse(const char *text, struct cidr *ret_cidr);
// The same for a single address, which is a range of one.
MUST_CHECK const char *cidr_parse_address(const char *text, struct cidr *ret_cidr);

bool cidr_contains(const struct cidr *outer, const struct cidr *inner);
bool cidr_overlaps(const struct cidr *a, const struct cidr *b);
unsigned cidr_size(const struct cidr *cidr); // log2 of the number of addresses

// An address of that family as text; IPv6 as RFC 5952 has it.
void cidr_address_text(int family, const uint8_t address[16], char ret_text[CIDR_TEXT_SIZE]);
