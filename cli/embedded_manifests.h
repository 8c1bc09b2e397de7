// The manifests of deploy/, built into the program (cmake/embed_manifests.cmake writes the .c file).
#pragma once

#include <stddef.h>

struct embedded_manifest {
    const char *name; // "base/namespace.yaml", below deploy/
    const char *text;
};

// In the order in which they are to be applied; a NULL name ends them.
extern const struct embedded_manifest embedded_manifests[];
