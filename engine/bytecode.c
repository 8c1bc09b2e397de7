#include "engine/bytecode.h"

#include "base/buffer.h"

#include <lauxlib.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

// Layout of ldump.c and lopcodes.h of Lua 5.4.
enum { OPCODE_GETUPVAL = 9, OPCODE_SETUPVAL = 10, OPCODE_SETTABUP = 15 };
enum { OPCODE_BITS = 7, ARGUMENT_A_SHIFT = 7, ARGUMENT_B_SHIFT = 16, LARGEST_DUMP_BYTES = 4 * 1024 * 1024 };
enum {
    CONSTANT_NUMBER_INTEGER = 0x03,
    CONSTANT_NUMBER_FLOAT = 0x13,
    CONSTANT_SHORT = 0x04,
    CONSTANT_LONG = 0x14
};

struct cursor {
    const unsigned char *at, *end;
    bool bad;
    unsigned char *lines; // where to mark lines; NULL: not wanted
    size_t lines_size;
    struct global_use *globals; // where to note the first forbidden use of a global; NULL: not wanted
};

struct global_use {
    bool found;
    bool sets;     // else _ENV itself is read
    char name[64]; // of what is set
    size_t line;
};

// Where an upvalue of a nested function comes from: 0 is a local variable on the way (fine to assign),
// n is upvalue n of the outermost function.
struct scope_map {
    uint8_t outer[256];
};

static const unsigned char *take(struct cursor *cursor, size_t size) {
    if (cursor->bad || (size_t)(cursor->end - cursor->at) < size) {
        cursor->bad = true;
        return NULL;
    }
    const unsigned char *bytes = cursor->at;
    cursor->at += size;
    return bytes;
}

static unsigned take_byte(struct cursor *cursor) {
    const unsigned char *byte = take(cursor, 1);
    return byte ? *byte : 0;
}

static size_t take_size(struct cursor *cursor) {
    size_t value = 0;
    for (int i = 0; i < 10; i++) {
        unsigned byte = take_byte(cursor);
        value = value << 7 | (byte & 0x7F);
        if (byte & 0x80) {
            return value;
        }
    }
    cursor->bad = true;
    return 0;
}

static void skip_string(struct cursor *cursor) {
    size_t size = take_size(cursor);
    if (size > 1) {
        take(cursor, size - 1);
    }
}

static void skip_constants(struct cursor *cursor) {
    for (size_t count = take_size(cursor); count > 0 && !cursor->bad; count--) {
        unsigned type = take_byte(cursor);
        if (type == CONSTANT_NUMBER_INTEGER) {
            take(cursor, sizeof(lua_Integer));
        } else if (type == CONSTANT_NUMBER_FLOAT) {
            take(cursor, sizeof(lua_Number));
        } else if (type == CONSTANT_SHORT || type == CONSTANT_LONG) {
            skip_string(cursor);
        }
    }
}

static void mark_line(struct cursor *cursor, size_t line) {
    if (cursor->lines && line < cursor->lines_size) {
        cursor->lines[line] = 1;
    }
}

// Each instruction has the difference to the line before, or -128: its line stands in the list that follows.
// Returns the line of instruction pc.
static size_t read_lines(struct cursor *cursor, size_t first_line, bool wanted, size_t pc) {
    size_t line_of_pc = 0;
    size_t count = take_size(cursor);
    const signed char *deltas = (const signed char *)take(cursor, count);
    size_t absolute = take_size(cursor);
    struct cursor pairs = *cursor;
    size_t line = first_line;
    for (size_t i = 0; deltas && i < count; i++) {
        if (deltas[i] == -128) {
            take_size(&pairs);
            line = take_size(&pairs);
        } else {
            line = (size_t)((long)line + deltas[i]);
        }
        if (wanted) {
            mark_line(cursor, line);
        }
        line_of_pc = i == pc ? line : line_of_pc;
    }
    for (; absolute > 0 && !cursor->bad; absolute--) {
        take_size(cursor);
        take_size(cursor);
    }
    return line_of_pc;
}

static void skip_names(struct cursor *cursor) {
    for (size_t count = take_size(cursor); count > 0 && !cursor->bad; count--) {
        skip_string(cursor);
        take_size(cursor);
        take_size(cursor);
    }
    for (size_t count = take_size(cursor); count > 0 && !cursor->bad; count--) {
        skip_string(cursor);
    }
}

static int find_assignment(const unsigned char *code, size_t count, const struct scope_map *map) {
    for (size_t i = 0; i < count; i++) {
        uint32_t instruction;
        memcpy(&instruction, code + i * sizeof(instruction), sizeof(instruction));
        if ((instruction & ((1U << OPCODE_BITS) - 1)) == OPCODE_SETUPVAL) {
            uint8_t outer = map->outer[instruction >> ARGUMENT_B_SHIFT & 0xFF];
            if (outer) {
                return outer;
            }
        }
    }
    return 0;
}

// The text of a constant, given a cursor at the list of constants.
static void read_constant(struct cursor constants, size_t index, char *ret_text, size_t size) {
    size_t count = take_size(&constants);
    for (size_t i = 0; i < count && !constants.bad; i++) {
        unsigned type = take_byte(&constants);
        if (type == CONSTANT_NUMBER_INTEGER) {
            take(&constants, sizeof(lua_Integer));
        } else if (type == CONSTANT_NUMBER_FLOAT) {
            take(&constants, sizeof(lua_Number));
        } else if (type == CONSTANT_SHORT || type == CONSTANT_LONG) {
            size_t length = take_size(&constants);
            const unsigned char *text = take(&constants, length > 0 ? length - 1 : 0);
            if (i == index && text) {
                snprintf(ret_text, size, "%.*s", (int)(length - 1 < size ? length - 1 : size - 1),
                         (const char *)text);
                return;
            }
        }
    }
}

// The instruction that sets a global or reads _ENV, which is upvalue 1 of the outermost function; count if
// none does.
static size_t find_global_use(struct cursor *cursor, const unsigned char *code, size_t count,
                              const struct scope_map *map, struct cursor constants) {
    for (size_t i = 0; i < count; i++) {
        uint32_t instruction;
        memcpy(&instruction, code + i * sizeof(instruction), sizeof(instruction));
        unsigned opcode = instruction & ((1U << OPCODE_BITS) - 1);
        unsigned a = instruction >> ARGUMENT_A_SHIFT & 0xFF;
        unsigned b = instruction >> ARGUMENT_B_SHIFT & 0xFF;
        bool sets = opcode == OPCODE_SETTABUP && map->outer[a] == 1;
        bool reads = (opcode == OPCODE_GETUPVAL || opcode == OPCODE_SETUPVAL) && map->outer[b] == 1;
        if (sets || reads) {
            cursor->globals->found = true;
            cursor->globals->sets = sets;
            if (sets) {
                read_constant(constants, b, cursor->globals->name, sizeof(cursor->globals->name));
            }
            return i;
        }
    }
    return count;
}

static int scan_function(struct cursor *cursor, const struct scope_map *parent, int depth) {
    skip_string(cursor);
    size_t first_line = take_size(cursor);
    take_size(cursor);
    take(cursor, 3);
    size_t count = take_size(cursor);
    if (count > LARGEST_DUMP_BYTES || depth > 200) {
        cursor->bad = true;
    }
    const unsigned char *code = take(cursor, count * sizeof(uint32_t));
    struct cursor constants = *cursor;
    skip_constants(cursor);
    struct scope_map map = {0};
    size_t upvalues = take_size(cursor);
    for (size_t i = 0; i < upvalues && !cursor->bad; i++) {
        const unsigned char *upvalue = take(cursor, 3); // instack, index, kind
        if (upvalue && i < sizeof(map.outer)) {
            map.outer[i] = !parent ? (uint8_t)(i + 1) : upvalue[0] ? 0 : parent->outer[upvalue[1]];
        }
    }
    int found = cursor->bad ? 0 : find_assignment(code, count, &map);
    bool search = cursor->globals && !cursor->globals->found && !cursor->bad;
    size_t pc = search ? find_global_use(cursor, code, count, &map, constants) : count;
    for (size_t nested = take_size(cursor); nested > 0 && !cursor->bad; nested--) {
        int inside = scan_function(cursor, &map, depth + 1);
        found = found ? found : inside;
    }
    size_t line = read_lines(cursor, first_line, parent != NULL, pc);
    if (pc < count) {
        cursor->globals->line = line;
    }
    skip_names(cursor);
    return found;
}

static int append_dump(lua_State *state, const void *bytes, size_t size, void *cookie) {
    (void)state;
    struct buffer *dump = cookie;
    buffer_append(dump, bytes, size);
    return dump->cut;
}

// Reads the function on top of the stack. -1: not the bytecode that this knows.
static int scan(lua_State *state, unsigned char *lines, size_t size, struct global_use *globals) {
    CLEANUP(buffer_clear) struct buffer dump;
    buffer_init(&dump, LARGEST_DUMP_BYTES);
    int failed = lua_dump(state, append_dump, &dump, 0);
    // "\x1bLua", version, format, LUAC_DATA, three sizes, LUAC_INT, LUAC_NUM, upvalue count.
    enum { HEADER_BYTES = 4 + 1 + 1 + 6 + 3 + sizeof(lua_Integer) + sizeof(lua_Number) + 1 };
    if (failed || dump.length < HEADER_BYTES || memcmp(dump.data, LUA_SIGNATURE "\x54\x00", 6) != 0 ||
        (unsigned char)dump.data[12] != sizeof(uint32_t)) {
        return -1;
    }
    struct cursor cursor = {.at = (const unsigned char *)dump.data + HEADER_BYTES,
                            .end = (const unsigned char *)dump.data + dump.length,
                            .lines = lines,
                            .lines_size = size,
                            .globals = globals};
    int found = scan_function(&cursor, NULL, 0);
    return cursor.bad || cursor.at != cursor.end ? -1 : found;
}

int bytecode_assigned_upvalue(lua_State *state, int index) {
    lua_pushvalue(state, index);
    int found = scan(state, NULL, 0, NULL);
    lua_pop(state, 1);
    return found;
}

void bytecode_lines(const char *text, size_t length, unsigned char *ret_lines, size_t size) {
    lua_State *state = luaL_newstate();
    if (state && luaL_loadbufferx(state, text, length, "=policy", "t") == LUA_OK) {
        scan(state, ret_lines, size, NULL);
    }
    if (state) {
        lua_close(state);
    }
}

bool bytecode_check_globals(lua_State *state, struct error *error) {
    struct global_use use = {0};
    lua_Debug record = {0};
    lua_pushvalue(state, -1);
    lua_getinfo(state, ">S", &record);
    if (scan(state, NULL, 0, &use) < 0) {
        return error_set(error, ERROR_INVALID, "%s: this Lua library's bytecode can't be checked",
                         record.short_src);
    }
    if (!use.found) {
        return true;
    }
    return use.sets
               ? error_set(error, ERROR_INVALID, "%s:%zu: global '%s' can't be set; declare it with local",
                           record.short_src, use.line, use.name)
               : error_set(error, ERROR_INVALID, "%s:%zu: _ENV is not available in policies",
                           record.short_src, use.line);
}
