#include "engine/lua_libraries.h"

#include "engine/lua_argument.h"
#include "fleet/cidr.h"

#include <lauxlib.h>
#include <string.h>

// What is wrong with the text at index, or NULL and *ret_cidr. address_too: a single address is a range of
// one.
static const char *read_cidr(lua_State *state, const char *function, int index, bool address_too,
                             struct cidr *ret_cidr) {
    size_t length;
    const char *text = lua_argument_text(state, function, index, &length);
    if (strlen(text) != length) {
        return "malformed address";
    }
    if (address_too && !strchr(text, '/')) {
        return cidr_parse_address(text, ret_cidr);
    }
    return cidr_parse(text, ret_cidr);
}

static struct cidr cidr_argument(lua_State *state, const char *function, int index, bool address_too) {
    struct cidr cidr = {0};
    const char *problem = read_cidr(state, function, index, address_too, &cidr);
    if (problem) {
        luaL_error(state, "%s: argument %d is not a CIDR: %s; ask cidr.parse first", function, index,
                   problem);
    }
    return cidr;
}

static void set_address(lua_State *state, const char *name, int family, const uint8_t address[16]) {
    char text[CIDR_TEXT_SIZE];
    cidr_address_text(family, address, text);
    lua_pushstring(state, text);
    lua_setfield(state, -2, name);
}

static int lua_cidr_parse(lua_State *state) {
    struct cidr cidr = {0};
    const char *problem = read_cidr(state, "cidr.parse", 1, false, &cidr);
    if (problem) {
        lua_pushnil(state);
        lua_pushstring(state, problem);
        return 2;
    }
    lua_createtable(state, 0, 5);
    lua_pushinteger(state, cidr.family);
    lua_setfield(state, -2, "family");
    lua_pushinteger(state, cidr.prefix);
    lua_setfield(state, -2, "prefix");
    lua_pushboolean(state, cidr.has_host_bits);
    lua_setfield(state, -2, "has_host_bits");
    set_address(state, "network", cidr.family, cidr.first);
    set_address(state, "broadcast", cidr.family, cidr.last);
    return 1;
}

static int lua_cidr_contains(lua_State *state) {
    struct cidr outer = cidr_argument(state, "cidr.contains", 1, false);
    struct cidr inner = cidr_argument(state, "cidr.contains", 2, true);
    lua_pushboolean(state, cidr_contains(&outer, &inner));
    return 1;
}

static int lua_cidr_overlaps(lua_State *state) {
    struct cidr a = cidr_argument(state, "cidr.overlaps", 1, false);
    struct cidr b = cidr_argument(state, "cidr.overlaps", 2, false);
    lua_pushboolean(state, cidr_overlaps(&a, &b));
    return 1;
}

// The base-2 logarithm of the number of addresses: 16 for a /16, 0 for one address. 2^128 fits no integer.
static int lua_cidr_size(lua_State *state) {
    struct cidr cidr = cidr_argument(state, "cidr.size", 1, false);
    lua_pushinteger(state, cidr_size(&cidr));
    return 1;
}

void lua_cidr_push(lua_State *state) {
    static const luaL_Reg functions[] = {
        {"parse", lua_cidr_parse},
        {"contains", lua_cidr_contains},
        {"overlaps", lua_cidr_overlaps},
        {"size", lua_cidr_size},
        {NULL, NULL},
    };
    luaL_newlib(state, functions);
}
