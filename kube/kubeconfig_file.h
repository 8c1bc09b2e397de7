// Kubeconfig files as they were written: merged look-ups, and errors that say where.
#pragma once

#include "base/arena.h"
#include "base/document.h"
#include "base/error.h"

enum { KUBECONFIG_MOST_FILES = 16 };

struct kubeconfig_file {
    char *path; // absolute
    struct document *document;
};

struct kubeconfig_files {
    struct kubeconfig_file items[KUBECONFIG_MOST_FILES];
    size_t count;
};

void kubeconfig_files_clear(struct kubeconfig_files *files);
static inline void kubeconfig_files_clear_cleanup(struct kubeconfig_files *files) {
    kubeconfig_files_clear(files);
}
// Adds one. Fails with NOT_FOUND, IO, LIMIT, or INVALID: "FILE:line:column: what".
MUST_CHECK bool kubeconfig_files_add(struct kubeconfig_files *files, const char *path, struct error *error);

// A map of a file, such as the cluster of an entry of clusters; its texts live as long as the files. file
// NULL: nothing there, as for an entry that nobody has.
struct kubeconfig_map {
    const struct kubeconfig_file *file;
    const struct node *node;
};

// Always false. at NULL: the map itself.
bool kubeconfig_error(const struct kubeconfig_map *map, const struct node *at, struct error *error,
                      const char *format, ...) PRINTF_LIKE(4, 5);

// The current-context of the first file that has one; NULL: none.
MUST_CHECK bool kubeconfig_current_context(const struct kubeconfig_files *files, const char **ret_name,
                                           struct error *error);
// The member of the entry called name: list "clusters", member "cluster". The first file that has it counts;
// none: ret_map->file is NULL.
MUST_CHECK bool kubeconfig_find(const struct kubeconfig_files *files, const char *list, const char *member,
                                const char *name, struct kubeconfig_map *ret_map, struct error *error);

// Members of a map. Missing, null and "" give NULL or false. Fail with INVALID.
MUST_CHECK bool kubeconfig_text(const struct kubeconfig_map *map, const char *key, const char **ret_text,
                                struct error *error);
MUST_CHECK bool kubeconfig_flag(const struct kubeconfig_map *map, const char *key, bool *ret_flag,
                                struct error *error);
// A file's name, made absolute from the kubeconfig's folder.
MUST_CHECK bool kubeconfig_path(const struct kubeconfig_map *map, const char *key, struct arena *arena,
                                const char **ret_path, struct error *error);
// PEM that is written in base64.
MUST_CHECK bool kubeconfig_pem(const struct kubeconfig_map *map, const char *key, struct arena *arena,
                               const char **ret_pem, struct error *error);
// text as a path seen from the folder of map's file.
const char *kubeconfig_resolve(const struct kubeconfig_map *map, const char *text, struct arena *arena);
