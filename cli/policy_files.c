#include "cli/policy_files.h"

#include "base/buffer.h"
#include "base/memory.h"
#include "cli/embedded_policies.h"
#include "manifest/yaml_reader.h"
#include "reconciler/reconcile_settings.h"

#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

enum { MOST_FILES = 1000, LARGEST_FILE = 1024 * 1024, LARGEST_CONFIGURATION = 8 * 1024 * 1024 };

void policy_files_clear(struct policy_files *files) {
    for (size_t i = 0; i < files->count && !files->embedded; i++) {
        free((void *)(uintptr_t)files->sources[i].name);
        free((void *)(uintptr_t)files->sources[i].text);
    }
    free(files->sources);
    *files = (struct policy_files){0};
}

static bool ends_with(const char *text, const char *ending) {
    size_t length = strlen(text);
    size_t ending_length = strlen(ending);
    return length >= ending_length && strcmp(text + length - ending_length, ending) == 0;
}

// Fails with NOT_FOUND, IO or LIMIT; caller owns the text.
static bool read_file(const char *path, size_t most, char **ret_text, size_t *ret_length,
                      struct error *error) {
    FILE *file = fopen(path, "re");
    if (!file) {
        return error_set(error, errno == ENOENT ? ERROR_NOT_FOUND : ERROR_IO, "%s: %s", path,
                         strerror(errno));
    }
    struct buffer text;
    buffer_init(&text, most);
    char chunk[8192];
    for (size_t size; !text.cut && (size = fread(chunk, 1, sizeof(chunk), file)) > 0;) {
        buffer_append(&text, chunk, size);
    }
    int cause = ferror(file) ? errno : 0;
    fclose(file);
    if (cause || text.cut) {
        bool cut = text.cut;
        buffer_clear(&text);
        return cut ? error_set(error, ERROR_LIMIT, "%s: larger than %zu bytes", path, most)
                   : error_set(error, ERROR_IO, "%s: %s", path, strerror(cause));
    }
    *ret_length = text.length;
    *ret_text = buffer_take(&text);
    return true;
}

static bool add_file(struct policy_files *files, const char *path, bool is_library, struct error *error) {
    if (files->count >= MOST_FILES) {
        return error_set(error, ERROR_LIMIT, "%s: more than %d policy files", path, MOST_FILES);
    }
    char *text = NULL;
    size_t length = 0;
    if (!read_file(path, LARGEST_FILE, &text, &length, error)) {
        return false;
    }
    files->sources = memory_realloc(files->sources, files->count + 1, sizeof(*files->sources));
    files->sources[files->count++] = (struct policy_source){
        .name = memory_strdup(path), .text = text, .length = length, .is_library = is_library};
    return true;
}

static int is_policy_file(const struct dirent *entry) {
    return *entry->d_name != '.' && ends_with(entry->d_name, ".lua") &&
           !ends_with(entry->d_name, "_test.lua");
}

static int by_bytes(const struct dirent **a, const struct dirent **b) {
    return strcmp((*a)->d_name, (*b)->d_name);
}

// Libraries need not be there.
static bool add_directory(struct policy_files *files, const char *directory, bool is_library,
                          struct error *error) {
    struct dirent **entries = NULL;
    int count = scandir(directory, &entries, is_policy_file, by_bytes);
    if (count < 0) {
        enum error_kind kind = errno == ENOENT || errno == ENOTDIR ? ERROR_NOT_FOUND : ERROR_IO;
        return (is_library && kind == ERROR_NOT_FOUND) ||
               error_set(error, kind, "%s: %s", directory, strerror(errno));
    }
    bool good = true;
    for (int i = 0; i < count; i++) {
        struct buffer path;
        buffer_init(&path, 4096);
        buffer_printf(&path, "%s/%s", directory, entries[i]->d_name);
        good = good && add_file(files, buffer_text(&path), is_library, error);
        buffer_clear(&path);
        free(entries[i]);
    }
    free(entries);
    return good;
}

bool policy_files_read(const char *directory, struct policy_files *ret_files, struct error *error) {
    CLEANUP(policy_files_clear) struct policy_files files = {0};
    if (directory) {
        size_t length = strlen(directory);
        while (length > 1 && directory[length - 1] == '/') {
            length--; // "policies/" and "policies" give the same names
        }
        CLEANUP(free) char *path = memory_copy_text(directory, length);
        CLEANUP(buffer_clear) struct buffer libraries;
        buffer_init(&libraries, 4096);
        buffer_printf(&libraries, "%s/lib", path);
        if (!add_directory(&files, path, false, error) ||
            !add_directory(&files, buffer_text(&libraries), true, error)) {
            return false;
        }
    } else {
        files.embedded = true;
        files.count = embedded_policy_count;
        files.sources = memory_calloc(files.count + 1, sizeof(*files.sources));
        memcpy(files.sources, embedded_policies, files.count * sizeof(*files.sources));
    }
    *ret_files = files;
    files = (struct policy_files){0};
    return true;
}

// "line 3 column 5: what" as "FILE:3:5: what".
static bool place_error(struct error *error, const char *file) {
    unsigned line = 0;
    unsigned column = 0;
    int end = 0;
    char message[sizeof(error->message)];
    memcpy(message, error->message, sizeof(message));
    if (sscanf(message, "line %u column %u: %n", &line, &column, &end) == 2 && end > 0) {
        return error_set(error, error->kind, "%s:%u:%u: %s", file, line, column, message + end);
    }
    return error_wrap(error, "%s", file);
}

static bool read_configuration(const char *path, struct document **ret_document, struct error *error) {
    CLEANUP(free) char *text = NULL;
    size_t length = 0;
    struct stat status;
    if (stat(path, &status) == 0 && S_ISDIR(status.st_mode)) {
        return error_set(error, ERROR_INVALID, "%s: is a directory; name a file", path);
    }
    if (!read_file(path, LARGEST_CONFIGURATION, &text, &length, error)) {
        return false;
    }
    return yaml_read_one(text, length, &yaml_default_options, ret_document, error) ||
           place_error(error, path);
}

bool policy_files_load(const struct policy_set_request *request, struct policy_set **ret_set,
                       struct error *error) {
    CLEANUP(policy_files_clear) struct policy_files files = {0};
    struct document *configuration = NULL;
    if (!policy_files_read(request->policies, &files, error)) {
        return false;
    }
    if (request->configuration && !read_configuration(request->configuration, &configuration, error)) {
        return false;
    }
    struct policy_set_options options = {.sources = files.sources,
                                         .source_count = files.count,
                                         .configuration = configuration,
                                         .configuration_file = request->configuration,
                                         .evaluators = request->evaluators};
    CLEANUP(policy_set_unref) struct policy_set *set = NULL;
    if (!policy_set_load(&options, &set, error)) {
        return false;
    }
    // Who does not carry out refuses a wrong section all the same: all commands take the same files.
    const char *file;
    const struct document *document = policy_set_configuration(set, &file);
    struct reconcile_settings settings;
    if (!reconcile_settings_read(document, file, &settings, error)) {
        return false;
    }
    // A gate without policies lets everything pass: that is never what a directory was named for.
    if (policy_set_count(set) == 0) {
        return error_set(error, ERROR_NOT_FOUND, "%s: no policies (NAME.lua) in it", request->policies);
    }
    *ret_set = policy_set_unref_take(&set);
    return true;
}
