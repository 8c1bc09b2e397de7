#include "fleet/kubernetes_version.h"

#include <ctype.h>
#include <stddef.h>
#include <string.h>

// Nine digits always fit uint32_t; no product counts further.
enum { MOST_DIGITS = 9 };

static bool is_digit(char c) {
    return c >= '0' && c <= '9';
}

static bool is_suffix_character(char c) {
    return is_digit(c) || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '.' || c == '-';
}

static bool read_number(const char **cursor, uint32_t *ret_number) {
    const char *at = *cursor;
    uint32_t number = 0;
    for (; is_digit(*at); at++) {
        if (at - *cursor == MOST_DIGITS) {
            return false;
        }
        number = number * 10 + (uint32_t)(*at - '0');
    }
    if (at == *cursor) {
        return false;
    }
    *cursor = at;
    *ret_number = number;
    return true;
}

// The suffix ends the text: "-rc.1+rke2r1" has both parts, and each has at least one character.
static bool suffix_is_well_formed(const char *suffix) {
    const char *at = suffix;
    if (*at == '-') {
        const char *start = ++at;
        while (is_suffix_character(*at)) {
            at++;
        }
        if (at == start) {
            return false;
        }
    }
    if (*at == '+' || *at == '_') {
        const char *start = ++at;
        while (is_suffix_character(*at)) {
            at++;
        }
        if (at == start) {
            return false;
        }
    }
    return *at == '\0' && (size_t)(at - suffix) < sizeof((struct kubernetes_version){0}.suffix);
}

static enum version_suffix_kind classify(const char *suffix) {
    static const char *const stages[] = {"-alpha", "-beta", "-rc"};
    for (size_t i = 0; i < sizeof(stages) / sizeof(*stages); i++) {
        size_t length = strlen(stages[i]);
        // "-rc1" and "-rc.1" are prereleases, "-rcloud" is somebody's build.
        if (strncmp(suffix, stages[i], length) == 0 && !isalpha((unsigned char)suffix[length])) {
            return VERSION_PRERELEASE;
        }
    }
    return *suffix ? VERSION_VENDOR_BUILD : VERSION_PLAIN;
}

enum version_outcome kubernetes_version_parse(const char *text, struct kubernetes_version *ret_version) {
    if (!text) {
        return VERSION_MALFORMED;
    }
    if (*text == '\0' || strcmp(text, "-") == 0 || strcmp(text, "latest") == 0) {
        return VERSION_ALIAS;
    }
    struct kubernetes_version version = {0};
    const char *at = text + (*text == 'v');
    if (!read_number(&at, &version.major) || *at++ != '.' || !read_number(&at, &version.minor)) {
        return VERSION_MALFORMED;
    }
    if (*at == '.') {
        at++;
        version.has_patch = read_number(&at, &version.patch);
        if (!version.has_patch) {
            return VERSION_MALFORMED;
        }
    }
    if (!suffix_is_well_formed(at)) {
        return VERSION_MALFORMED;
    }
    version.suffix_kind = classify(at);
    memcpy(version.suffix, at, strlen(at));
    *ret_version = version;
    return VERSION_OK;
}

static int compare_numbers(uint32_t a, uint32_t b) {
    return (a > b) - (a < b);
}

// Runs of digits compare as numbers of any length: without leading zeros, the longer one is greater.
static int compare_digits(const char **a, const char **b) {
    while (**a == '0') {
        ++*a;
    }
    while (**b == '0') {
        ++*b;
    }
    size_t length_a = strspn(*a, "0123456789");
    size_t length_b = strspn(*b, "0123456789");
    int order = length_a == length_b ? strncmp(*a, *b, length_a) : (length_a > length_b ? 1 : -1);
    *a += length_a;
    *b += length_b;
    return order;
}

// '-', '+' and '_' are one separator: v1.24.10+k3s1 is v1.24.10-k3s1. The end comes before everything.
static unsigned char rank(char c) {
    return (unsigned char)(c == '+' || c == '_' ? '-' : c);
}

static int compare_suffixes(const char *a, const char *b) {
    while (*a && *b) {
        if (is_digit(*a) && is_digit(*b)) {
            int order = compare_digits(&a, &b);
            if (order != 0) {
                return order;
            }
            continue;
        }
        if (rank(*a) != rank(*b)) {
            return rank(*a) < rank(*b) ? -1 : 1;
        }
        a++;
        b++;
    }
    return (*a != '\0') - (*b != '\0');
}

static uint32_t stage(const struct kubernetes_version *version) {
    return version->suffix_kind == VERSION_PRERELEASE ? 0 : version->suffix_kind == VERSION_PLAIN ? 1 : 2;
}

int kubernetes_version_compare(const struct kubernetes_version *a, const struct kubernetes_version *b) {
    int order = compare_numbers(a->major, b->major);
    order = order ? order : compare_numbers(a->minor, b->minor);
    order = order ? order : compare_numbers(a->patch, b->patch);
    order = order ? order : compare_numbers(stage(a), stage(b));
    return order ? order : compare_suffixes(a->suffix, b->suffix);
}

bool kubernetes_version_minor_distance(const struct kubernetes_version *a, const struct kubernetes_version *b,
                                       int64_t *ret_distance) {
    if (a->major != b->major) {
        return false;
    }
    *ret_distance = (int64_t)a->minor - (int64_t)b->minor;
    return true;
}
