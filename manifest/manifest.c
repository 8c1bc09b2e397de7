#include "manifest/manifest.h"

#include "base/arena.h"
#include "base/memory.h"
#include "manifest/manifest_files.h"
#include "manifest/yaml_reader.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

// Lists in Lists: kubectl makes none, people hardly.
enum { DEEPEST_LIST = 8 };

const struct manifest_limits manifest_default_limits = {
    .file_bytes = 8 * 1024 * 1024,
    .total_bytes = 256 * 1024 * 1024,
    .files = 20 * 1000,
    .manifests = 100 * 1000,
};

struct file {
    const char *name; // the arena's
    char *text;
    size_t length;
    dev_t device; // 0 and 0: not a file with a name
    ino_t inode;
};

struct manifest_set {
    struct manifest_limits limits;
    struct substitution substitution;
    struct arena *arena; // names and problems
    struct file *files;
    size_t file_count, file_capacity;
    size_t total_bytes;
    struct document **documents;
    size_t document_count, document_capacity;
    struct manifest *manifests;
    size_t count, capacity;
};

struct manifest_set *manifest_set_new(const struct manifest_limits *limits,
                                      const struct substitution *substitution) {
    struct manifest_set *set = memory_calloc(1, sizeof(*set));
    set->limits = limits ? *limits : manifest_default_limits;
    if (substitution) {
        set->substitution = *substitution;
    }
    set->arena = arena_new();
    return set;
}

void manifest_set_free(struct manifest_set *set) {
    if (!set) {
        return;
    }
    for (size_t i = 0; i < set->file_count; i++) {
        free(set->files[i].text);
    }
    for (size_t i = 0; i < set->document_count; i++) {
        document_free(set->documents[i]);
    }
    free(set->files);
    free(set->documents);
    free(set->manifests);
    arena_free(set->arena);
    free(set);
}

// Room for one more item in a growing array.
static void *grow(void *items, size_t count, size_t *capacity, size_t size) {
    if (count < *capacity) {
        return items;
    }
    *capacity = *capacity ? *capacity * 2 : 16;
    return memory_realloc(items, *capacity, size);
}

static bool add_manifest(struct manifest_set *set, const struct manifest *manifest, struct error *error) {
    if (set->count >= set->limits.manifests) {
        return error_set(error, ERROR_LIMIT, "%s: more than %u objects in all", manifest->file,
                         set->limits.manifests);
    }
    set->manifests = grow(set->manifests, set->count, &set->capacity, sizeof(*set->manifests));
    set->manifests[set->count++] = *manifest;
    return true;
}

static const struct error *keep_problem(struct manifest_set *set, enum error_kind kind, const char *message) {
    struct error *problem = arena_alloc(set->arena, sizeof(*problem));
    error_set(problem, kind, "%s", message);
    return problem;
}

// Objects

static bool ends_with(const char *text, const char *ending) {
    size_t length = strlen(text);
    size_t ending_length = strlen(ending);
    return length >= ending_length && strcmp(text + length - ending_length, ending) == 0;
}

static bool is_list(const struct node *object) {
    const char *kind = node_string(node_get(object, "kind"));
    const struct node *items = node_get(object, "items");
    return kind && ends_with(kind, "List") && node_string(node_get(object, "apiVersion")) &&
           (node_is(items, NODE_LIST) || (items && items->unknown) || strcmp(kind, "List") == 0);
}

// A kustomization.yaml has apiVersion and kind, but is never sent to a cluster; so do files of tools that
// have no metadata.
static bool is_for_tools(const struct node *object) {
    static const char kustomize[] = "kustomize.config.k8s.io/";
    const char *version = node_string(node_get(object, "apiVersion"));
    return !node_get(object, "metadata") ||
           (version && strncmp(version, kustomize, sizeof(kustomize) - 1) == 0);
}

static void classify(struct manifest_set *set, struct manifest *manifest) {
    const struct node *object = manifest->object;
    const struct node *version = node_get(object, "apiVersion");
    const struct node *kind = node_get(object, "kind");
    if (!version || !kind) {
        manifest->state = MANIFEST_NOT_KUBERNETES;
    } else if (version->unknown || kind->unknown) {
        manifest->state = MANIFEST_UNKNOWN;
        manifest->problem = keep_problem(set, ERROR_INVALID,
                                         "its apiVersion or kind is a variable or template; render it first");
    } else if (!node_string(version) || !node_string(kind)) {
        manifest->state = MANIFEST_BROKEN;
        manifest->problem = keep_problem(set, ERROR_INVALID, "apiVersion and kind must be strings");
    } else {
        manifest->state = is_for_tools(object) ? MANIFEST_NOT_KUBERNETES : MANIFEST_OBJECT;
    }
}

static bool add_object(struct manifest_set *set, const struct manifest *from, const struct node *object,
                       unsigned depth, struct error *error);

static bool add_items(struct manifest_set *set, const struct manifest *list, unsigned depth,
                      struct error *error) {
    const struct node *items = node_get(list->object, "items");
    struct manifest problem = *list;
    if (items && items->unknown) {
        problem.state = MANIFEST_UNKNOWN;
        problem.problem =
            keep_problem(set, ERROR_INVALID, "its items are a variable or template; render it first");
        return add_manifest(set, &problem, error);
    }
    if (depth >= DEEPEST_LIST || (items && !node_is(items, NODE_LIST) && !node_is(items, NODE_NULL))) {
        problem.state = MANIFEST_BROKEN;
        problem.problem = keep_problem(
            set, ERROR_INVALID, depth >= DEEPEST_LIST ? "Lists nested too deep" : "items must be a list");
        return add_manifest(set, &problem, error);
    }
    NODE_EACH(item, items) {
        if (!add_object(set, list, item, depth + 1, error)) {
            return false;
        }
    }
    return true;
}

// Adds an object, or the items of a List. from gives file and document.
static bool add_object(struct manifest_set *set, const struct manifest *from, const struct node *object,
                       unsigned depth, struct error *error) {
    const struct node_position *position = document_position(from->document, object);
    struct manifest manifest = {.file = from->file,
                                .document_number = from->document_number,
                                .document = from->document,
                                .object = object,
                                .line = position->line,
                                .column = position->column};
    if (is_list(object)) {
        return add_items(set, &manifest, depth, error);
    }
    classify(set, &manifest);
    if (depth > 0 && manifest.state == MANIFEST_NOT_KUBERNETES) {
        manifest.state = object->unknown ? MANIFEST_UNKNOWN : MANIFEST_BROKEN;
        manifest.problem =
            keep_problem(set, ERROR_INVALID,
                         object->unknown ? "a variable or template; render it first"
                                         : "an item of a List without apiVersion, kind and metadata");
    } else if (object->unknown) {
        manifest.state = MANIFEST_UNKNOWN;
        manifest.problem = keep_problem(set, ERROR_INVALID, "a variable or template; render it first");
    }
    return add_manifest(set, &manifest, error);
}

// Files

static bool add_result(struct manifest_set *set, const char *name, struct yaml_result *result,
                       struct error *error) {
    struct manifest manifest = {.file = name,
                                .document_number = result->number,
                                .document = result->document,
                                .line = result->line,
                                .column = result->column};
    if (result->outcome != YAML_DOCUMENT) {
        manifest.state = result->outcome == YAML_TEMPLATE ? MANIFEST_UNKNOWN : MANIFEST_BROKEN;
        manifest.problem = keep_problem(set, result->problem.kind, result->problem.message);
        return add_manifest(set, &manifest, error);
    }
    set->documents =
        grow(set->documents, set->document_count, &set->document_capacity, sizeof(struct document *));
    set->documents[set->document_count++] = result->document;
    const struct node *root = document_root(result->document);
    return node_is(root, NODE_NULL) || add_object(set, &manifest, root, 0, error);
}

// Takes ownership of the file's text.
static bool add_file(struct manifest_set *set, struct file file, struct error *error) {
    set->files = grow(set->files, set->file_count, &set->file_capacity, sizeof(*set->files));
    set->files[set->file_count++] = file;
    set->total_bytes += file.length;
    struct yaml_options options = yaml_default_options;
    options.most_bytes = set->limits.file_bytes;
    options.substitution = &set->substitution;
    CLEANUP(yaml_reader_free)
    struct yaml_reader *reader = yaml_reader_new(file.text, file.length, &options);
    struct yaml_result result = {0};
    while (yaml_reader_next(reader, &result)) {
        if (!add_result(set, file.name, &result, error)) {
            return false;
        }
    }
    return true;
}

static bool check_room(const struct manifest_set *set, const char *name, struct error *error) {
    if (set->file_count >= set->limits.files) {
        return error_set(error, ERROR_LIMIT, "%s: more than %u files", name, set->limits.files);
    }
    return true;
}

static bool check_total(const struct manifest_set *set, const char *name, size_t length,
                        struct error *error) {
    if (length > set->limits.total_bytes - set->total_bytes) {
        return error_set(error, ERROR_LIMIT, "%s: more than %zu bytes of manifests in all", name,
                         set->limits.total_bytes);
    }
    return true;
}

static bool add_broken_file(struct manifest_set *set, const char *path, enum error_kind kind,
                            const char *message, struct error *error) {
    struct manifest manifest = {.file = arena_strdup(set->arena, path),
                                .state = MANIFEST_BROKEN,
                                .problem = keep_problem(set, kind, message)};
    return add_manifest(set, &manifest, error);
}

static bool is_known(const struct manifest_set *set, const struct stat *status) {
    for (size_t i = 0; i < set->file_count; i++) {
        if (set->files[i].device == status->st_dev && set->files[i].inode == status->st_ino) {
            return true;
        }
    }
    return false;
}

// Reads what an open file holds. descriptor stays the caller's.
static bool add_open_file(struct manifest_set *set, int descriptor, const char *name,
                          const struct stat *status, struct error *error) {
    struct file file = {.name = arena_strdup(set->arena, name)};
    struct error problem = {0};
    if (status) {
        file.device = status->st_dev;
        file.inode = status->st_ino;
    }
    if (!manifest_file_read(descriptor, set->limits.file_bytes, &file.text, &file.length, &problem)) {
        return add_broken_file(set, name, problem.kind, problem.message, error);
    }
    if (!check_total(set, name, file.length, error)) {
        free(file.text);
        return false;
    }
    return add_file(set, file, error);
}

static bool add_path(struct manifest_set *set, const char *path, struct error *error) {
    struct stat status;
    if (!check_room(set, path, error)) {
        return false;
    }
    // A FIFO named x.yaml must not block; it is refused below.
    int descriptor = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK);
    if (descriptor < 0 || fstat(descriptor, &status) != 0) {
        int cause = errno;
        if (descriptor >= 0) {
            close(descriptor);
        }
        return add_broken_file(set, path, ERROR_IO, strerror(cause), error);
    }
    bool good = S_ISREG(status.st_mode)
                    ? is_known(set, &status) || add_open_file(set, descriptor, path, &status, error)
                    : add_broken_file(set, path, ERROR_INVALID, "not a regular file", error);
    close(descriptor);
    return good;
}

static bool add_directory(struct manifest_set *set, const char *path, struct error *error) {
    struct manifest_paths paths = {0};
    bool good = manifest_paths_find(path, set->limits.files, &paths, error);
    for (size_t i = 0; good && i < paths.count; i++) {
        good = paths.items[i].problem
                   ? add_broken_file(set, paths.items[i].path, ERROR_IO, paths.items[i].problem, error)
                   : add_path(set, paths.items[i].path, error);
    }
    manifest_paths_clear(&paths);
    return good;
}

bool manifest_set_add_path(struct manifest_set *set, const char *path, struct error *error) {
    struct stat status;
    if (stat(path, &status) != 0) {
        enum error_kind kind = errno == ENOENT || errno == ENOTDIR ? ERROR_NOT_FOUND : ERROR_IO;
        return error_set(error, kind, "%s: %s", path, strerror(errno));
    }
    if (S_ISDIR(status.st_mode)) {
        return add_directory(set, path, error);
    }
    if (access(path, R_OK) != 0) {
        return error_set(error, ERROR_IO, "%s: %s", path, strerror(errno));
    }
    return add_path(set, path, error);
}

bool manifest_set_add_stream(struct manifest_set *set, int descriptor, const char *name,
                             struct error *error) {
    return check_room(set, name, error) && add_open_file(set, descriptor, name, NULL, error);
}

bool manifest_set_add_text(struct manifest_set *set, const char *name, const char *text, size_t length,
                           struct error *error) {
    if (!check_room(set, name, error) || !check_total(set, name, length, error)) {
        return false;
    }
    struct file file = {
        .name = arena_strdup(set->arena, name), .text = memory_copy_text(text, length), .length = length};
    return add_file(set, file, error);
}

size_t manifest_set_count(const struct manifest_set *set) {
    return set->count;
}

const struct manifest *manifest_set_get(const struct manifest_set *set, size_t index) {
    return index < set->count ? &set->manifests[index] : NULL;
}

bool manifest_source_line(const struct manifest_set *set, const char *file, uint32_t line,
                          const char **ret_start, size_t *ret_length) {
    const struct file *found = NULL;
    for (size_t i = 0; i < set->file_count && !found; i++) {
        found = strcmp(set->files[i].name, file) == 0 ? &set->files[i] : NULL;
    }
    if (!found || line == 0) {
        return false;
    }
    const char *start = found->text;
    const char *end = found->text + found->length;
    start += found->length >= 3 && memcmp(start, "\xEF\xBB\xBF", 3) == 0 ? 3 : 0;
    for (uint32_t i = 1; i < line; i++) {
        start = memchr(start, '\n', (size_t)(end - start));
        if (!start) {
            return false;
        }
        start++;
    }
    if (start == end && line > 1) {
        return false; // behind the last line end there is no line
    }
    const char *stop = memchr(start, '\n', (size_t)(end - start));
    stop = stop ? stop : end;
    *ret_start = start;
    *ret_length = (size_t)(stop - start) - (stop > start && stop[-1] == '\r');
    return true;
}
