#include "engine/lua_libraries.h"

#include "engine/glob.h"
#include "engine/lua_argument.h"
#include "engine/lua_text_names.h"
#include "engine/lua_unknown.h"

#include <lauxlib.h>
#include <stdint.h>
#include <string.h>

// A call in C can't be interrupted: its work is capped. 16 million glob steps take about 20 ms.
enum { MOST_GLOB_STEPS = 16 * 1024 * 1024, MOST_PIECES = 100000 };

struct text {
    const char *bytes;
    size_t length;
};

static struct text argument(lua_State *state, const char *function, int index) {
    struct text text;
    text.bytes = lua_argument_text(state, function, index, &text.length);
    return text;
}

static struct text argument_not_empty(lua_State *state, const char *function, int index) {
    struct text text = argument(state, function, index);
    if (text.length == 0) {
        luaL_error(state, "%s: argument %d must not be empty", function, index);
    }
    return text;
}

// memmem is linear in glibc (two-way, or Horspool on needles of at most 256 bytes).
static const char *find_text(struct text text, size_t from, struct text needle) {
    return needle.length == 0 ? text.bytes + from
                              : memmem(text.bytes + from, text.length - from, needle.bytes, needle.length);
}

static bool glob(lua_State *state, const char *function, struct text pattern, struct text text,
                 uint64_t *steps) {
    enum glob_outcome outcome =
        glob_match_sized(pattern.bytes, pattern.length, text.bytes, text.length, steps);
    if (outcome == GLOB_TOO_LONG) {
        luaL_error(state, "%s: the patterns and the text are too long to compare", function);
    }
    return outcome == GLOB_MATCHES;
}

static int text_glob(lua_State *state) {
    struct text pattern = argument(state, "text.glob", 1);
    struct text text = argument(state, "text.glob", 2);
    uint64_t steps = MOST_GLOB_STEPS;
    lua_pushboolean(state, glob(state, "text.glob", pattern, text, &steps));
    return 1;
}

// An unknown pattern decides only when no other one matches.
static int text_glob_any(lua_State *state) {
    const char *function = "text.glob_any";
    lua_Integer count = lua_argument_list(state, function, 1, true);
    struct text text = argument(state, function, 2);
    uint64_t steps = MOST_GLOB_STEPS;
    bool matches = false;
    bool unknown = false;
    for (lua_Integer i = 1; i <= count && !matches; i++) {
        struct text pattern;
        pattern.bytes = lua_argument_item(state, function, 1, i, &pattern.length, &unknown);
        matches = pattern.bytes && glob(state, function, pattern, text, &steps);
        lua_pop(state, 1);
    }
    if (!matches && unknown) {
        return lua_unknown_used(state);
    }
    lua_pushboolean(state, matches);
    return 1;
}

static int text_starts_with(lua_State *state) {
    struct text text = argument(state, "text.starts_with", 1);
    struct text start = argument(state, "text.starts_with", 2);
    lua_pushboolean(state, start.length <= text.length && memcmp(text.bytes, start.bytes, start.length) == 0);
    return 1;
}

static int text_ends_with(lua_State *state) {
    struct text text = argument(state, "text.ends_with", 1);
    struct text end = argument(state, "text.ends_with", 2);
    lua_pushboolean(state, end.length <= text.length &&
                               memcmp(text.bytes + text.length - end.length, end.bytes, end.length) == 0);
    return 1;
}

static int text_contains(lua_State *state) {
    struct text text = argument(state, "text.contains", 1);
    struct text needle = argument(state, "text.contains", 2);
    lua_pushboolean(state, find_text(text, 0, needle) != NULL);
    return 1;
}

static int text_find(lua_State *state) {
    struct text text = argument(state, "text.find", 1);
    struct text needle = argument(state, "text.find", 2);
    lua_Integer init = lua_argument_integer(state, "text.find", 3, 1);
    lua_Integer length = (lua_Integer)text.length;
    if (init < 0) {
        init = init < -length ? 1 : length + init + 1;
    }
    if (init < 1) {
        init = 1;
    }
    const char *found = init > length + 1 ? NULL : find_text(text, (size_t)(init - 1), needle);
    if (!found) {
        lua_pushnil(state);
    } else {
        lua_pushinteger(state, (lua_Integer)(found - text.bytes) + 1);
    }
    return 1;
}

static void add_piece(lua_State *state, const char *function, const char *bytes, size_t length,
                      lua_Integer number) {
    if (number > MOST_PIECES) {
        luaL_error(state, "%s: more than %d pieces", function, MOST_PIECES);
    }
    lua_pushlstring(state, bytes, length);
    lua_rawseti(state, -2, number);
}

// At most max pieces: the last one holds the rest.
static int text_split(lua_State *state) {
    const char *function = "text.split";
    struct text text = argument(state, function, 1);
    struct text separator = argument_not_empty(state, function, 2);
    lua_Integer most = lua_argument_integer(state, function, 3, LUA_MAXINTEGER);
    if (most < 1) {
        return luaL_error(state, "%s: argument 3 must be at least 1", function);
    }
    lua_newtable(state);
    size_t from = 0;
    lua_Integer count = 1;
    for (; count < most; count++) {
        const char *found = find_text(text, from, separator);
        if (!found) {
            break;
        }
        size_t at = (size_t)(found - text.bytes);
        add_piece(state, function, text.bytes + from, at - from, count);
        from = at + separator.length;
    }
    add_piece(state, function, text.bytes + from, text.length - from, count);
    return 1;
}

// Without the line ends (\n or \r\n); a line end at the very end makes no empty last line.
static int text_lines(lua_State *state) {
    struct text text = argument(state, "text.lines", 1);
    lua_newtable(state);
    lua_Integer count = 0;
    for (size_t from = 0; from < text.length;) {
        const char *found = memchr(text.bytes + from, '\n', text.length - from);
        size_t at = found ? (size_t)(found - text.bytes) : text.length;
        size_t end = found && at > from && text.bytes[at - 1] == '\r' ? at - 1 : at;
        add_piece(state, "text.lines", text.bytes + from, end - from, ++count);
        from = at + 1;
    }
    return 1;
}

static bool is_space(char c) {
    return c == ' ' || (c >= '\t' && c <= '\r');
}

static int text_trim(lua_State *state) {
    struct text text = argument(state, "text.trim", 1);
    size_t start = 0;
    size_t end = text.length;
    while (start < end && is_space(text.bytes[start])) {
        start++;
    }
    while (end > start && is_space(text.bytes[end - 1])) {
        end--;
    }
    lua_pushlstring(state, text.bytes + start, end - start);
    return 1;
}

// ASCII letters only: names, regions and labels have no others.
static int change_case(lua_State *state, const char *function, char first, char last) {
    struct text text = argument(state, function, 1);
    luaL_Buffer buffer;
    char *bytes = luaL_buffinitsize(state, &buffer, text.length);
    for (size_t i = 0; i < text.length; i++) {
        char c = text.bytes[i];
        bytes[i] = c >= first && c <= last ? (char)(c ^ 0x20) : c;
    }
    luaL_pushresultsize(&buffer, text.length);
    return 1;
}

static int text_lower(lua_State *state) {
    return change_case(state, "text.lower", 'A', 'Z');
}

static int text_upper(lua_State *state) {
    return change_case(state, "text.upper", 'a', 'z');
}

static int text_replace(lua_State *state) {
    const char *function = "text.replace";
    struct text text = argument(state, function, 1);
    struct text plain = argument_not_empty(state, function, 2);
    struct text with = argument(state, function, 3);
    lua_Integer most = lua_argument_integer(state, function, 4, LUA_MAXINTEGER);
    luaL_Buffer buffer;
    luaL_buffinit(state, &buffer);
    size_t from = 0;
    for (lua_Integer count = 0; count < most; count++) {
        const char *found = find_text(text, from, plain);
        if (!found) {
            break;
        }
        if (count == MOST_PIECES) {
            return luaL_error(state, "%s: more than %d replacements", function, MOST_PIECES);
        }
        size_t at = (size_t)(found - text.bytes);
        luaL_addlstring(&buffer, text.bytes + from, at - from);
        luaL_addlstring(&buffer, with.bytes, with.length);
        from = at + plain.length;
    }
    luaL_addlstring(&buffer, text.bytes + from, text.length - from);
    luaL_pushresult(&buffer);
    return 1;
}

static int text_join(lua_State *state) {
    const char *function = "text.join";
    lua_Integer count = lua_argument_list(state, function, 1, false);
    struct text separator = {"", 0};
    if (!lua_isnoneornil(state, 2)) {
        separator = argument(state, function, 2);
    }
    // One string on the stack at a time: a buffer in use wants the top of the stack for itself, so each item
    // is added as a value.
    luaL_Buffer buffer;
    luaL_buffinit(state, &buffer);
    for (lua_Integer i = 1; i <= count; i++) {
        if (i > 1) {
            luaL_addlstring(&buffer, separator.bytes, separator.length);
        }
        size_t length;
        lua_argument_item(state, function, 1, i, &length, NULL);
        luaL_addvalue(&buffer);
    }
    luaL_pushresult(&buffer);
    return 1;
}

void lua_text_push(lua_State *state) {
    static const luaL_Reg functions[] = {
        {"glob", text_glob},
        {"glob_any", text_glob_any},
        {"starts_with", text_starts_with},
        {"ends_with", text_ends_with},
        {"contains", text_contains},
        {"find", text_find},
        {"split", text_split},
        {"lines", text_lines},
        {"trim", text_trim},
        {"lower", text_lower},
        {"upper", text_upper},
        {"replace", text_replace},
        {"join", text_join},
        {NULL, NULL},
    };
    luaL_newlib(state, functions);
    lua_text_names_add(state);
}
