#include "base/json_canonical.h"
#include "base/memory.h"
#include "base/sha256.h"
#include "engine/policy_set_internal.h"

#include <stdio.h>
#include <string.h>

static const char *file_name(const struct policy_source *source) {
    const char *slash = strrchr(source->name, '/');
    return slash ? slash + 1 : source->name;
}

// "lib/NAME.lua" sorts among "NAME.lua" as in a list of both.
static int compare_sources(const void *left, const void *right) {
    const struct policy_source *a = *(const struct policy_source *const *)left;
    const struct policy_source *b = *(const struct policy_source *const *)right;
    char names[2][512];
    snprintf(names[0], sizeof(names[0]), "%s%s", a->is_library ? "lib/" : "", file_name(a));
    snprintf(names[1], sizeof(names[1]), "%s%s", b->is_library ? "lib/" : "", file_name(b));
    return strcmp(names[0], names[1]);
}

static void add_sources(const struct policy_set *set, struct sha256 *list) {
    const struct policy_source **sources = memory_calloc(set->source_count + 1, sizeof(*sources));
    for (size_t i = 0; i < set->source_count; i++) {
        sources[i] = &set->sources[i];
    }
    qsort(sources, set->source_count, sizeof(*sources), compare_sources);
    for (size_t i = 0; i < set->source_count; i++) {
        char hex[SHA256_HEX_BYTES];
        sha256_hex(sources[i]->text, sources[i]->length, hex);
        const char *folder = sources[i]->is_library ? "  lib/" : "  ";
        const char *name = file_name(sources[i]);
        sha256_add(list, hex, strlen(hex));
        sha256_add(list, folder, strlen(folder));
        sha256_add(list, name, strlen(name));
        sha256_add(list, "\n", 1);
    }
    free(sources);
}

static void add_configuration(const struct policy_set *set, struct sha256 *list) {
    if (!set->document) {
        return;
    }
    CLEANUP(buffer_clear) struct buffer text;
    buffer_init(&text, SIZE_MAX / 2); // the file that it was read from was capped
    json_canonical_append(&text, document_root(set->document));
    char hex[SHA256_HEX_BYTES];
    sha256_hex(buffer_text(&text), text.length, hex);
    sha256_add(list, hex, strlen(hex));
    sha256_add(list, "  configuration\n", strlen("  configuration\n"));
}

void policy_set_compute_digest(struct policy_set *set) {
    struct sha256 list;
    unsigned char digest[SHA256_BYTES];
    sha256_begin(&list);
    add_sources(set, &list);
    add_configuration(set, &list);
    sha256_end(&list, digest);
    memcpy(set->digest, "sha256:", sizeof("sha256:"));
    for (size_t i = 0; i < SHA256_BYTES; i++) {
        snprintf(set->digest + strlen("sha256:") + 2 * i, 3, "%02x", digest[i]);
    }
}

const char *policy_set_digest(const struct policy_set *set) {
    return set->digest;
}

const struct document *policy_set_configuration(const struct policy_set *set, const char **ret_file) {
    *ret_file = set->configuration_file;
    return set->document;
}

const char *policy_set_revision(const struct policy_set *set) {
    return set->configuration ? configuration_revision(set->configuration) : "";
}
