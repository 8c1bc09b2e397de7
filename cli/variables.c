#include "cli/variables.h"

#include "base/memory.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

enum { LONGEST_LINE = 64 * 1024, MOST_VARIABLES = 10 * 1000 };

void variables_init(struct variables *variables) {
    *variables = (struct variables){.arena = arena_new()};
}

void variables_clear(struct variables *variables) {
    arena_free(variables->arena);
    free(variables->names);
    free(variables->values);
    *variables = (struct variables){0};
}

static size_t find(const struct variables *variables, const char *name) {
    size_t i = 0;
    while (i < variables->count && strcmp(variables->names[i], name) != 0) {
        i++;
    }
    return i;
}

const char *variables_get(const struct variables *variables, const char *name) {
    size_t index = find(variables, name);
    return index < variables->count ? variables->values[index] : NULL;
}

static void set(struct variables *variables, const char *name, const char *value) {
    size_t index = find(variables, name);
    if (index == variables->capacity) {
        variables->capacity = variables->capacity ? 2 * variables->capacity : 16;
        variables->names = memory_realloc(variables->names, variables->capacity, sizeof(char *));
        variables->values = memory_realloc(variables->values, variables->capacity, sizeof(char *));
    }
    variables->names[index] = name;
    variables->values[index] = value;
    variables->count += index == variables->count;
}

static char *skip_blanks(char *text) {
    return text + strspn(text, " \t");
}

static bool is_name(const char *name) {
    static const char letters[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz_";
    return *name && strchr(letters, *name) &&
           strspn(name + 1, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
                            "0123456789_") == strlen(name) - 1;
}

// Takes the quotes off in place; false when the closing one is missing or text follows it.
static bool unquote(char *value) {
    char quote = *value;
    char *to = value;
    char *from = value + 1;
    for (; *from && *from != quote; from++) {
        if (*from == '\\' && quote == '"' && from[1] && strchr("nt\"\\$", from[1])) {
            from++;
            *to++ = (char)(*from == 'n' ? '\n' : *from == 't' ? '\t' : *from);
        } else {
            *to++ = *from;
        }
    }
    if (*from != quote) {
        return false;
    }
    const char *rest = skip_blanks(from + 1);
    *to = '\0';
    return *rest == '\0' || *rest == '#';
}

// Without a comment that begins after a blank, and without blanks at the end.
static void trim(char *value) {
    for (char *mark = strchr(value, '#'); mark; mark = strchr(mark + 1, '#')) {
        if (mark == value || mark[-1] == ' ' || mark[-1] == '\t') {
            *mark = '\0';
            break;
        }
    }
    for (size_t length = strlen(value); length > 0 && strchr(" \t", value[length - 1]); length--) {
        value[length - 1] = '\0';
    }
}

// What is wrong with the line, or NULL.
static const char *read_line(struct variables *variables, char *line) {
    line[strcspn(line, "\r\n")] = '\0';
    char *name = skip_blanks(line);
    if (strncmp(name, "export ", 7) == 0) {
        name = skip_blanks(name + 7);
    }
    if (*name == '\0' || *name == '#') {
        return NULL;
    }
    char *equals = strchr(name, '=');
    if (!equals) {
        return "want NAME=VALUE";
    }
    char *value = skip_blanks(equals + 1);
    *equals = '\0';
    trim(name);
    if (!is_name(name)) {
        return "a name has letters, digits and _";
    }
    if (*value == '"' || *value == '\'') {
        if (!unquote(value)) {
            return "the quote does not end, or text follows it";
        }
    } else {
        trim(value);
    }
    if (variables->count >= MOST_VARIABLES) {
        return "too many variables";
    }
    set(variables, arena_strdup(variables->arena, name), arena_strdup(variables->arena, value));
    return NULL;
}

bool variables_read_file(struct variables *variables, const char *path, struct error *error) {
    FILE *file = fopen(path, "re");
    if (!file) {
        return error_set(error, errno == ENOENT ? ERROR_NOT_FOUND : ERROR_IO, "%s: %s", path,
                         strerror(errno));
    }
    CLEANUP(free) char *line = memory_alloc(LONGEST_LINE);
    const char *problem = NULL;
    unsigned number = 0;
    while (!problem && fgets(line, LONGEST_LINE, file)) {
        number++;
        problem = strlen(line) == LONGEST_LINE - 1 ? "longer than 64 KiB" : read_line(variables, line);
    }
    int cause = ferror(file) ? errno : 0;
    fclose(file);
    if (problem) {
        return error_set(error, ERROR_INVALID, "%s:%u: %s", path, number, problem);
    }
    return cause ? error_set(error, ERROR_IO, "%s: %s", path, strerror(cause)) : true;
}

static const char *lookup(void *cookie, const char *name) {
    return variables_get(cookie, name);
}

struct substitution variables_substitution(struct variables *variables) {
    return (struct substitution){.lookup = lookup, .cookie = variables};
}
