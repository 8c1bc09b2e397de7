#include "fleet/region.h"

#include <string.h>
#include <strings.h>

void region_normalise(const char *region, char *name) {
    for (const char *byte = region; *byte; byte++) {
        if (*byte != ' ') {
            *name++ = *byte >= 'A' && *byte <= 'Z' ? (char)(*byte - 'A' + 'a') : *byte;
        }
    }
    *name = '\0';
}

static bool is_lower(char c) {
    return c >= 'a' && c <= 'z';
}

static bool is_digit(char c) {
    return c >= '0' && c <= '9';
}

static size_t letters(const char *text) {
    size_t length = 0;
    while (is_lower(text[length])) {
        length++;
    }
    return length;
}

static size_t digits(const char *text) {
    size_t length = 0;
    while (is_digit(text[length])) {
        length++;
    }
    return length;
}

// Words with '-' after each: "us-gov-west-" of us-gov-west-1a. 0 when there are fewer than least.
static size_t words(const char *text, int least) {
    size_t length = 0;
    int count = 0;
    for (size_t word; (word = letters(text + length)) > 0 && text[length + word] == '-'; count++) {
        length += word + 1;
    }
    return count >= least ? length : 0;
}

// A region (words and a number), then a letter, or the name of a local or wavelength zone: "-lax-1a",
// "-wl1-bos-wlz-1".
static size_t aws_region(const char *zone) {
    size_t start = words(zone, 2);
    size_t length = start ? digits(zone + start) : 0;
    if (length == 0) {
        return 0;
    }
    const char *rest = zone + start + length;
    if (is_lower(rest[0]) && rest[1] == '\0') {
        return start + length;
    }
    bool is_extension = rest[0] == '-' && letters(rest + 1) > 0 &&
                        strspn(rest, "abcdefghijklmnopqrstuvwxyz0123456789-") == strlen(rest);
    return is_extension ? start + length : 0;
}

// us-central1-a, us-central1-ai1a: words, a word with a number, then the zone.
static size_t gcp_region(const char *zone) {
    size_t start = words(zone, 1);
    size_t word = start ? letters(zone + start) : 0;
    size_t number = word ? digits(zone + start + word) : 0;
    const char *rest = zone + start + word + number;
    if (number == 0 || rest[0] != '-' || !is_lower(rest[1])) {
        return 0;
    }
    size_t name = 1 + strspn(rest + 1, "abcdefghijklmnopqrstuvwxyz0123456789");
    return rest[name] == '\0' ? start + word + number : 0;
}

// us-south-1: the region has no number of its own.
static size_t ibm_region(const char *zone) {
    size_t start = words(zone, 2);
    size_t number = start ? digits(zone + start) : 0;
    return number > 0 && zone[start + number] == '\0' ? start - 1 : 0;
}

bool region_of_zone(const char *provider, const char *zone, char ret_region[REGION_BYTES]) {
    size_t length = 0;
    if (!provider || strcmp(provider, "aws") == 0) {
        length = aws_region(zone);
    }
    if (length == 0 && (!provider || strcmp(provider, "gcp") == 0)) {
        length = gcp_region(zone);
    }
    if (provider && strcmp(provider, "ibm") == 0) {
        length = ibm_region(zone);
    }
    if (length == 0 || length >= REGION_BYTES) {
        return false;
    }
    memcpy(ret_region, zone, length);
    ret_region[length] = '\0';
    return true;
}

bool region_is_variable(const char *name) {
    static const char *const owners[] = {"",
                                         "aws",
                                         "eks",
                                         "azure",
                                         "aks",
                                         "gcp",
                                         "gke",
                                         "google",
                                         "openstack",
                                         "os",
                                         "hcloud",
                                         "hetzner",
                                         "do",
                                         "digitalocean",
                                         "linode",
                                         "oci",
                                         "ibm",
                                         "ibmvpc",
                                         "vpc",
                                         "cloud",
                                         "infra",
                                         "cluster",
                                         "target",
                                         "provider",
                                         "controlplane",
                                         "vultr",
                                         "scaleway",
                                         "equinix",
                                         "hcloudcontrolplane"};
    static const char *const nouns[] = {"region", "regions", "location"};
    char plain[48];
    size_t length = 0;
    for (; *name; name++) {
        if (*name == '-' || *name == '_' || *name == '.') {
            continue;
        }
        if (length + 1 == sizeof(plain)) {
            return false;
        }
        plain[length++] = *name;
    }
    plain[length] = '\0';
    for (size_t noun = 0; noun < sizeof(nouns) / sizeof(*nouns); noun++) {
        size_t noun_length = strlen(nouns[noun]);
        if (length < noun_length || strcasecmp(plain + length - noun_length, nouns[noun]) != 0) {
            continue;
        }
        for (size_t i = 0; i < sizeof(owners) / sizeof(*owners); i++) {
            if (strlen(owners[i]) == length - noun_length &&
                strncasecmp(plain, owners[i], length - noun_length) == 0) {
                return true;
            }
        }
    }
    return false;
}
