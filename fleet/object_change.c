#include "fleet/object_change.h"

#include <string.h>

bool object_key_equal(const struct object_key *a, const struct object_key *b) {
    return strcmp(a->name, b->name) == 0 && strcmp(a->kind, b->kind) == 0 &&
           strcmp(a->namespace, b->namespace) == 0 && strcmp(a->group, b->group) == 0;
}

const char *operation_name(enum operation operation) {
    static const char *const names[] = {"CREATE", "UPDATE", "DELETE"};
    return names[operation];
}
