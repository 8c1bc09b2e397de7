#include "fleet/object_change.h"

#include "base/memory.h"

#include <string.h>

bool object_key_equal(const struct object_key *a, const struct object_key *b) {
    return strcmp(a->name, b->name) == 0 && strcmp(a->kind, b->kind) == 0 &&
           strcmp(a->namespace, b->namespace) == 0 && strcmp(a->group, b->group) == 0;
}

size_t object_key_bytes(const struct object_key *key) {
    return strlen(key->group) + strlen(key->kind) + strlen(key->namespace) + strlen(key->name) + 4;
}

struct object_key object_key_copy_to(const struct object_key *key, char **at) {
    struct object_key copy;
    copy.group = memory_put_text(key->group, strlen(key->group), at);
    copy.kind = memory_put_text(key->kind, strlen(key->kind), at);
    copy.namespace = memory_put_text(key->namespace, strlen(key->namespace), at);
    copy.name = memory_put_text(key->name, strlen(key->name), at);
    return copy;
}

char *object_key_copy(const struct object_key *key, struct object_key *ret_key) {
    char *block = memory_alloc(object_key_bytes(key));
    char *at = block;
    *ret_key = object_key_copy_to(key, &at);
    return block;
}

struct object_key object_key_in_arena(struct arena *arena, const struct object_key *key) {
    char *at = arena_alloc(arena, object_key_bytes(key));
    return object_key_copy_to(key, &at);
}

const char *operation_name(enum operation operation) {
    static const char *const names[] = {"CREATE", "UPDATE", "DELETE"};
    return names[operation];
}
