// The Kubernetes objects in files, directories and standard input, each with its place in its file.
#pragma once

#include "base/document.h"
#include "base/error.h"
#include "manifest/substitution.h"

enum manifest_state {
    MANIFEST_OBJECT,
    MANIFEST_UNKNOWN, // a template, or an object whose apiVersion or kind is not known: render it first
    MANIFEST_NOT_KUBERNETES, // readable, but no object: Helm values, a kustomization.yaml
    MANIFEST_BROKEN,         // can't be read
};

// All pointers are borrowed until manifest_set_free.
struct manifest {
    const char *file;         // as it was named or found
    unsigned document_number; // from 1; 0: the file as a whole
    enum manifest_state state;
    const struct document *document; // for positions; NULL when the whole document can't be read
    const struct node *object;       // the object: the root, or an item of a List; NULL with document
    uint32_t line, column;           // where the object begins, or where the problem is; 0: nowhere
    const struct error *problem;     // of UNKNOWN and BROKEN, without the position; else NULL
};

struct manifest_limits {
    size_t file_bytes;
    size_t total_bytes; // of all files of a set
    unsigned files;
    unsigned manifests;
};
// 8 MiB a file, 256 MiB in all, 20,000 files, 100,000 manifests.
extern const struct manifest_limits manifest_default_limits;

struct manifest_set;

// limits NULL: the default ones. substitution NULL: only the defaults of ${X:=default} are filled in; its
// cookie is borrowed until the last add. Caller owns.
struct manifest_set *manifest_set_new(const struct manifest_limits *limits,
                                      const struct substitution *substitution);
void manifest_set_free(struct manifest_set *set);
DEFINE_CLEANUP(manifest_set_free, struct manifest_set *)

// Adds a file, or all *.yaml, *.yml and *.json below a directory by path, hidden ones left out. A file that
// is reached twice is read once. Fails with NOT_FOUND or IO when path itself can't be opened, and with LIMIT;
// what is wrong with a file inside is a BROKEN manifest.
MUST_CHECK bool manifest_set_add_path(struct manifest_set *set, const char *path, struct error *error);
// Adds what a descriptor (standard input) gives, under this name. Fails with LIMIT; what can't be read is a
// BROKEN manifest.
MUST_CHECK bool manifest_set_add_stream(struct manifest_set *set, int descriptor, const char *name,
                                        struct error *error);
// Adds a text; it is copied. Fails with LIMIT.
MUST_CHECK bool manifest_set_add_text(struct manifest_set *set, const char *name, const char *text,
                                      size_t length, struct error *error);

// In the order of adding, files by path, objects as they stand in the file. Empty documents are left out.
// Pointers to manifests are borrowed until the next add.
size_t manifest_set_count(const struct manifest_set *set);
const struct manifest *manifest_set_get(const struct manifest_set *set, size_t index);

// The text of a line (1-based, without its line end) of a file of the set; false when there is none. Borrowed
// until manifest_set_free; not NUL-terminated.
bool manifest_source_line(const struct manifest_set *set, const char *file, uint32_t line,
                          const char **ret_start, size_t *ret_length);
