#include "engine/coverage.h"

#include "base/memory.h"
#include "engine/evaluator.h"
#include "engine/watchdog.h"

#include <lauxlib.h>
#include <string.h>

struct covered_file {
    char *name;
    unsigned char *lines;
    size_t size;
};

// One thread only: tests run on one.
struct line_coverage {
    struct covered_file *files;
    size_t count;
};

struct line_coverage *line_coverage_new(void) {
    return memory_calloc(1, sizeof(struct line_coverage));
}

void line_coverage_free(struct line_coverage *coverage) {
    for (size_t i = 0; coverage && i < coverage->count; i++) {
        free(coverage->files[i].name);
        free(coverage->files[i].lines);
    }
    free(coverage ? coverage->files : NULL);
    free(coverage);
}

static struct covered_file *find_file(const struct line_coverage *coverage, const char *name) {
    for (size_t i = 0; i < coverage->count; i++) {
        if (strcmp(coverage->files[i].name, name) == 0) {
            return &coverage->files[i];
        }
    }
    return NULL;
}

static struct covered_file *find_or_add(struct line_coverage *coverage, const char *name) {
    struct covered_file *file = find_file(coverage, name);
    if (!file) {
        coverage->files = memory_realloc(coverage->files, coverage->count + 1, sizeof(*coverage->files));
        file = &coverage->files[coverage->count++];
        *file = (struct covered_file){.name = memory_strdup(name)};
    }
    return file;
}

static void on_line(lua_State *state, lua_Debug *record) {
    watchdog_check(state);
    lua_getinfo(state, "S", record);
    struct covered_file *file = find_or_add(evaluator_of(state)->coverage, record->source + 1);
    size_t line = (size_t)(record->currentline > 0 ? record->currentline : 0);
    if (line >= file->size) {
        file->lines = memory_realloc(file->lines, line * 2 + 64, 1);
        memset(file->lines + file->size, 0, line * 2 + 64 - file->size);
        file->size = line * 2 + 64;
    }
    file->lines[line] = 1;
}

void line_coverage_watch(lua_State *state) {
    lua_sethook(state, on_line, LUA_MASKLINE, 0);
}

bool line_coverage_ran(const struct line_coverage *coverage, const char *file, int line) {
    const struct covered_file *found = find_file(coverage, file);
    return found && line > 0 && (size_t)line < found->size && found->lines[line];
}
