#include "kube/kubeconfig_file.h"

#include "base/buffer.h"
#include "base/memory.h"
#include "kube/kube_file.h"
#include "manifest/yaml_reader.h"
#include "manifest/yaml_scalar.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

void kubeconfig_files_clear(struct kubeconfig_files *files) {
    for (size_t i = 0; i < files->count; i++) {
        free(files->items[i].path);
        document_free(files->items[i].document);
    }
    *files = (struct kubeconfig_files){0};
}

bool kubeconfig_error(const struct kubeconfig_map *map, const struct node *at, struct error *error,
                      const char *format, ...) {
    char what[400];
    va_list arguments;
    va_start(arguments, format);
    (void)vsnprintf(what, sizeof(what), format, arguments);
    va_end(arguments);
    const struct node_position *position = document_position(map->file->document, at ? at : map->node);
    return error_set(error, ERROR_INVALID, "%s:%u:%u: %s", map->file->path, position ? position->line : 1,
                     position ? position->column : 1, what);
}

static char *absolute(const char *path) {
    CLEANUP(free) char *folder = *path == '/' ? NULL : getcwd(NULL, 0);
    CLEANUP(buffer_clear) struct buffer text;
    buffer_init(&text, KUBE_LARGEST_FILE_BYTES);
    buffer_append_text(&text, folder ? folder : "");
    buffer_append_text(&text, folder ? "/" : "");
    buffer_append_text(&text, path);
    return buffer_take(&text);
}

static bool parse(const char *path, const char *text, size_t length, struct document **ret_document,
                  struct error *error) {
    CLEANUP(yaml_reader_free)
    struct yaml_reader *reader = yaml_reader_new(text, length, &yaml_default_options);
    struct yaml_result result, second;
    if (!yaml_reader_next(reader, &result)) {
        return error_set(error, ERROR_INVALID, "%s:1:1: the file is empty", path);
    }
    CLEANUP(document_free)
    struct document *document = result.outcome == YAML_DOCUMENT ? result.document : NULL;
    if (!document) {
        return error_set(error, result.problem.kind, "%s:%u:%u: %s", path, result.line, result.column,
                         result.problem.message);
    }
    if (yaml_reader_next(reader, &second)) {
        if (second.outcome == YAML_DOCUMENT) {
            document_free(second.document);
        }
        return error_set(error, ERROR_INVALID, "%s:%u:%u: a kubeconfig is one document", path, second.line,
                         second.column);
    }
    const struct node *root = document_root(document);
    const char *kind = node_string(node_get(root, "kind"));
    if (!node_is(root, NODE_MAP) || (kind && strcmp(kind, "Config") != 0)) {
        return error_set(error, ERROR_INVALID, "%s:%u:%u: is no kubeconfig (kind: Config)", path, result.line,
                         result.column);
    }
    *ret_document = document_free_take(&document);
    return true;
}

bool kubeconfig_files_add(struct kubeconfig_files *files, const char *path, struct error *error) {
    if (files->count == KUBECONFIG_MOST_FILES) {
        return error_set(error, ERROR_LIMIT, "more than %d kubeconfig files", KUBECONFIG_MOST_FILES);
    }
    CLEANUP(kube_secret_free) char *text = NULL;
    size_t length = 0;
    struct document *document = NULL;
    if (!kube_file_read(path, &text, &length, error) || !parse(path, text, length, &document, error)) {
        return false;
    }
    files->items[files->count++] = (struct kubeconfig_file){absolute(path), document};
    return true;
}

bool kubeconfig_current_context(const struct kubeconfig_files *files, const char **ret_name,
                                struct error *error) {
    const char *name = NULL;
    for (size_t i = 0; i < files->count && !name; i++) {
        const struct kubeconfig_map root = {&files->items[i], document_root(files->items[i].document)};
        if (!kubeconfig_text(&root, "current-context", &name, error)) {
            return false;
        }
    }
    *ret_name = name;
    return true;
}

static bool find_in(const struct kubeconfig_file *file, const char *list, const char *name,
                    struct kubeconfig_map *ret_entry, struct error *error) {
    const struct kubeconfig_map root = {file, document_root(file->document)};
    const struct node *entries = node_get(root.node, list);
    struct kubeconfig_map found = {0};
    if (entries && !node_is(entries, NODE_LIST) && !node_is(entries, NODE_NULL)) {
        return kubeconfig_error(&root, entries, error, "%s must be a list, not a %s", list,
                                node_type_name(entries));
    }
    NODE_EACH(entry, entries) {
        const struct kubeconfig_map map = {file, entry};
        const char *entry_name = NULL;
        if (!node_is(entry, NODE_MAP)) {
            return kubeconfig_error(&root, entry, error, "%s: an entry must be a map with a name", list);
        }
        if (!kubeconfig_text(&map, "name", &entry_name, error)) {
            return false;
        }
        if (!entry_name || strcmp(entry_name, name) != 0) {
            continue;
        }
        if (found.file) {
            return kubeconfig_error(&map, entry, error, "%s has two entries called \"%s\"", list, name);
        }
        found = map;
    }
    *ret_entry = found;
    return true;
}

bool kubeconfig_find(const struct kubeconfig_files *files, const char *list, const char *member,
                     const char *name, struct kubeconfig_map *ret_map, struct error *error) {
    struct kubeconfig_map entry = {0};
    for (size_t i = 0; i < files->count && !entry.file; i++) {
        if (!find_in(&files->items[i], list, name, &entry, error)) {
            return false;
        }
    }
    if (entry.file) {
        const struct node *inside = node_get(entry.node, member);
        if (!node_is(inside, NODE_MAP)) {
            return kubeconfig_error(&entry, inside, error, "%s \"%s\" must have a map called %s", list, name,
                                    member);
        }
        entry.node = inside;
    }
    *ret_map = entry;
    return true;
}

static const struct node *member_of(const struct kubeconfig_map *map, const char *key) {
    const struct node *member = node_get(map->node, key);
    return node_is(member, NODE_NULL) ? NULL : member;
}

bool kubeconfig_text(const struct kubeconfig_map *map, const char *key, const char **ret_text,
                     struct error *error) {
    const struct node *member = member_of(map, key);
    const char *text = node_string(member);
    if (member && !text) {
        return kubeconfig_error(map, member, error, "%s must be a text, not a %s", key,
                                node_type_name(member));
    }
    *ret_text = text && *text ? text : NULL;
    return true;
}

bool kubeconfig_flag(const struct kubeconfig_map *map, const char *key, bool *ret_flag, struct error *error) {
    const struct node *member = member_of(map, key);
    bool flag = false;
    if (member && !node_boolean(member, &flag)) {
        return kubeconfig_error(map, member, error, "%s must be true or false", key);
    }
    *ret_flag = flag;
    return true;
}

const char *kubeconfig_resolve(const struct kubeconfig_map *map, const char *text, struct arena *arena) {
    if (*text == '/') {
        return arena_strdup(arena, text);
    }
    int folder = (int)(strrchr(map->file->path, '/') - map->file->path);
    return arena_printf(arena, "%.*s/%s", folder, map->file->path, text);
}

bool kubeconfig_path(const struct kubeconfig_map *map, const char *key, struct arena *arena,
                     const char **ret_path, struct error *error) {
    const char *text = NULL;
    if (!kubeconfig_text(map, key, &text, error)) {
        return false;
    }
    *ret_path = text ? kubeconfig_resolve(map, text, arena) : NULL;
    return true;
}

bool kubeconfig_pem(const struct kubeconfig_map *map, const char *key, struct arena *arena,
                    const char **ret_pem, struct error *error) {
    const char *text = NULL;
    if (!kubeconfig_text(map, key, &text, error)) {
        return false;
    }
    if (!text) {
        *ret_pem = NULL;
        return true;
    }
    CLEANUP(buffer_clear) struct buffer pem;
    buffer_init(&pem, KUBE_LARGEST_FILE_BYTES);
    bool decoded = yaml_scalar_decode_binary(text, strlen(text), &pem);
    if (decoded && strstr(buffer_text(&pem), "-----BEGIN ") && strlen(buffer_text(&pem)) == pem.length) {
        *ret_pem = arena_copy_text(arena, buffer_text(&pem), pem.length);
    } else {
        decoded = kubeconfig_error(map, member_of(map, key), error, "%s must be base64 of PEM", key);
    }
    if (pem.data) {
        explicit_bzero(pem.data, pem.length);
    }
    return decoded;
}
