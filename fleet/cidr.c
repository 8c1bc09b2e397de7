#include "fleet/cidr.h"

#include <stddef.h>
#include <stdio.h>
#include <string.h>

static int hex_digit(char c) {
    return c >= '0' && c <= '9'   ? c - '0'
           : c >= 'a' && c <= 'f' ? c - 'a' + 10
           : c >= 'A' && c <= 'F' ? c - 'A' + 10
                                  : -1;
}

// Up to three digits without leading zeros, at most maximum. Moves *cursor past them.
static bool read_decimal(const char **cursor, unsigned maximum, unsigned *ret_value) {
    const char *at = *cursor;
    unsigned value = 0;
    while (*at >= '0' && *at <= '9' && at - *cursor < 3) {
        value = value * 10 + (unsigned)(*at++ - '0');
    }
    if (at == *cursor || (**cursor == '0' && at - *cursor > 1) || (*at >= '0' && *at <= '9') ||
        value > maximum) {
        return false;
    }
    *cursor = at;
    *ret_value = value;
    return true;
}

static bool read_ipv4(const char **cursor, uint8_t ret_bytes[4]) {
    for (size_t i = 0; i < 4; i++) {
        unsigned value;
        if ((i > 0 && *(*cursor)++ != '.') || !read_decimal(cursor, 255, &value)) {
            return false;
        }
        ret_bytes[i] = (uint8_t)value;
    }
    return true;
}

// Where a group of an IPv6 address begins, its digits say whether it is the first number of an IPv4 tail.
static bool is_ipv4_tail(const char *at) {
    at += strspn(at, "0123456789");
    return *at == '.';
}

// One group of at most four hexadecimal digits into bytes at *filled.
static bool read_group(const char **cursor, uint8_t bytes[16], size_t *filled) {
    const char *at = *cursor;
    unsigned value = 0;
    while (at - *cursor < 4 && hex_digit(*at) >= 0) {
        value = value << 4 | (unsigned)hex_digit(*at++);
    }
    if (at == *cursor || hex_digit(*at) >= 0 || *filled > 14) {
        return false;
    }
    bytes[(*filled)++] = (uint8_t)(value >> 8);
    bytes[(*filled)++] = (uint8_t)(value & 0xFF);
    *cursor = at;
    return true;
}

static bool read_ipv6(const char **cursor, uint8_t ret_bytes[16]) {
    uint8_t bytes[16] = {0};
    size_t filled = 0;
    size_t gap = SIZE_MAX; // where :: stands
    const char *at = *cursor;
    if (at[0] == ':' && at[1] != ':') {
        return false;
    }
    while (*at && *at != '/') {
        if (at[0] == ':' && at[1] == ':') {
            if (gap != SIZE_MAX) {
                return false;
            }
            gap = filled;
            at += 2;
            if (*at == '\0' || *at == '/') {
                break;
            }
        } else if (filled > 0 && *at++ != ':') {
            return false;
        }
        if (is_ipv4_tail(at)) {
            if (filled > 12 || !read_ipv4(&at, bytes + filled)) {
                return false;
            }
            filled += 4;
            break;
        }
        if (!read_group(&at, bytes, &filled)) {
            return false;
        }
    }
    // :: stands for at least one group.
    if (gap == SIZE_MAX ? filled != 16 : filled > 14) {
        return false;
    }
    if (gap != SIZE_MAX) {
        memmove(bytes + 16 - (filled - gap), bytes + gap, filled - gap);
        memset(bytes + gap, 0, 16 - filled);
    }
    memcpy(ret_bytes, bytes, 16);
    *cursor = at;
    return true;
}

static unsigned family_bits(int family) {
    return family == 4 ? 32 : 128;
}

// Fills first and last from the address in first.
static void set_range(struct cidr *cidr) {
    memcpy(cidr->last, cidr->first, sizeof(cidr->last));
    for (unsigned bit = cidr->prefix; bit < family_bits(cidr->family); bit++) {
        uint8_t mask = (uint8_t)(0x80 >> bit % 8);
        cidr->has_host_bits |= (cidr->first[bit / 8] & mask) != 0;
        cidr->first[bit / 8] &= (uint8_t)~mask;
        cidr->last[bit / 8] |= mask;
    }
}

static bool read_address(const char **cursor, struct cidr *cidr) {
    cidr->family = strchr(*cursor, ':') ? 6 : 4;
    return cidr->family == 6 ? read_ipv6(cursor, cidr->first) : read_ipv4(cursor, cidr->first);
}

const char *cidr_parse_address(const char *text, struct cidr *ret_cidr) {
    struct cidr cidr = {0};
    if (!read_address(&text, &cidr) || *text != '\0') {
        return "malformed address";
    }
    cidr.prefix = family_bits(cidr.family);
    set_range(&cidr);
    *ret_cidr = cidr;
    return NULL;
}

const char *cidr_parse(const char *text, struct cidr *ret_cidr) {
    struct cidr cidr = {0};
    if (!read_address(&text, &cidr)) {
        return "malformed address";
    }
    if (*text == '\0') {
        return "no prefix length";
    }
    if (*text++ != '/') {
        return "malformed address";
    }
    if (!read_decimal(&text, family_bits(cidr.family), &cidr.prefix) || *text != '\0') {
        return "malformed prefix length";
    }
    set_range(&cidr);
    *ret_cidr = cidr;
    return NULL;
}

bool cidr_contains(const struct cidr *outer, const struct cidr *inner) {
    return outer->family == inner->family && memcmp(outer->first, inner->first, 16) <= 0 &&
           memcmp(inner->last, outer->last, 16) <= 0;
}

bool cidr_overlaps(const struct cidr *a, const struct cidr *b) {
    return cidr_contains(a, b) || cidr_contains(b, a);
}

unsigned cidr_size(const struct cidr *cidr) {
    return family_bits(cidr->family) - cidr->prefix;
}

// The longest run of at least two zero groups, the first of equal ones, is written as ::.
static void find_gap(const unsigned groups[8], size_t *ret_start, size_t *ret_length) {
    *ret_start = 8;
    *ret_length = 1;
    for (size_t i = 0; i < 8;) {
        size_t end = i;
        while (end < 8 && groups[end] == 0) {
            end++;
        }
        if (end - i > *ret_length) {
            *ret_start = i;
            *ret_length = end - i;
        }
        i = end + 1;
    }
}

void cidr_address_text(int family, const uint8_t address[16], char ret_text[CIDR_TEXT_SIZE]) {
    if (family == 4) {
        snprintf(ret_text, CIDR_TEXT_SIZE, "%u.%u.%u.%u", address[0], address[1], address[2], address[3]);
        return;
    }
    unsigned groups[8];
    for (size_t i = 0; i < 8; i++) {
        groups[i] = (unsigned)address[2 * i] << 8 | address[2 * i + 1];
    }
    size_t gap;
    size_t gap_length;
    find_gap(groups, &gap, &gap_length);
    size_t length = 0;
    for (size_t i = 0; i < 8; i++) {
        if (i == gap) {
            length += (size_t)snprintf(ret_text + length, CIDR_TEXT_SIZE - length, "::");
            i += gap_length - 1;
            continue;
        }
        const char *colon = i > 0 && i != gap + gap_length ? ":" : "";
        length += (size_t)snprintf(ret_text + length, CIDR_TEXT_SIZE - length, "%s%x", colon, groups[i]);
    }
}
