#include "engine/lua_libraries.h"

#include "engine/lua_argument.h"
#include "fleet/kubernetes_version.h"

#include <lauxlib.h>
#include <stdbool.h>
#include <string.h>

// A NUL byte inside makes it malformed: the C parser would see only what is before it.
static enum version_outcome read_version(lua_State *state, const char *function, int index,
                                         struct kubernetes_version *ret_version) {
    size_t length;
    const char *text = lua_argument_text(state, function, index, &length);
    return strlen(text) == length ? kubernetes_version_parse(text, ret_version) : VERSION_MALFORMED;
}

static struct kubernetes_version version_argument(lua_State *state, const char *function, int index) {
    struct kubernetes_version version = {0};
    switch (read_version(state, function, index, &version)) {
    case VERSION_OK:
        break;
    case VERSION_ALIAS:
        luaL_error(state, "%s: argument %d is the alias \"%s\", not a version; ask version.parse first",
                   function, index, lua_tostring(state, index));
        break;
    case VERSION_MALFORMED:
        luaL_error(state, "%s: argument %d is not a version; ask version.parse first", function, index);
        break;
    }
    return version;
}

static const char *kind_name(enum version_suffix_kind kind) {
    return kind == VERSION_PLAIN ? "release" : kind == VERSION_PRERELEASE ? "prerelease" : "vendor";
}

static void set_integer(lua_State *state, const char *name, lua_Integer value) {
    lua_pushinteger(state, value);
    lua_setfield(state, -2, name);
}

static int version_parse(lua_State *state) {
    struct kubernetes_version version;
    enum version_outcome outcome = read_version(state, "version.parse", 1, &version);
    if (outcome != VERSION_OK) {
        lua_pushnil(state);
        lua_pushstring(state, outcome == VERSION_ALIAS ? "alias" : "malformed");
        return 2;
    }
    lua_createtable(state, 0, 6);
    set_integer(state, "major", version.major);
    set_integer(state, "minor", version.minor);
    set_integer(state, "patch", version.patch);
    lua_pushboolean(state, version.has_patch);
    lua_setfield(state, -2, "has_patch");
    lua_pushstring(state, version.suffix);
    lua_setfield(state, -2, "suffix");
    lua_pushstring(state, kind_name(version.suffix_kind));
    lua_setfield(state, -2, "kind");
    return 1;
}

// Like parse, for those who only ask whether it is one.
static int version_valid(lua_State *state) {
    struct kubernetes_version version;
    lua_pushboolean(state, read_version(state, "version.valid", 1, &version) == VERSION_OK);
    return 1;
}

static int version_compare(lua_State *state) {
    struct kubernetes_version a = version_argument(state, "version.compare", 1);
    struct kubernetes_version b = version_argument(state, "version.compare", 2);
    int order = kubernetes_version_compare(&a, &b);
    lua_pushinteger(state, (order > 0) - (order < 0));
    return 1;
}

// a's minor minus b's, as in fleet/. Another major is further away than any minor can be.
static int version_minor_distance(lua_State *state) {
    struct kubernetes_version a = version_argument(state, "version.minor_distance", 1);
    struct kubernetes_version b = version_argument(state, "version.minor_distance", 2);
    int64_t distance;
    if (!kubernetes_version_minor_distance(&a, &b, &distance)) {
        distance = a.major > b.major ? INT32_MAX : -INT32_MAX;
    }
    lua_pushinteger(state, distance);
    return 1;
}

// "1.31" leaves the patch to the provider: only the minor counts then.
static int version_is_downgrade(lua_State *state) {
    struct kubernetes_version from = version_argument(state, "version.is_downgrade", 1);
    struct kubernetes_version to = version_argument(state, "version.is_downgrade", 2);
    bool same_minor = from.major == to.major && from.minor == to.minor;
    bool patch_is_open = !from.has_patch || !to.has_patch;
    lua_pushboolean(state, !(same_minor && patch_is_open) && kubernetes_version_compare(&to, &from) < 0);
    return 1;
}

static int version_same_minor(lua_State *state) {
    struct kubernetes_version a = version_argument(state, "version.same_minor", 1);
    struct kubernetes_version b = version_argument(state, "version.same_minor", 2);
    lua_pushboolean(state, a.major == b.major && a.minor == b.minor);
    return 1;
}

void lua_version_push(lua_State *state) {
    static const luaL_Reg functions[] = {
        {"parse", version_parse},
        {"valid", version_valid},
        {"compare", version_compare},
        {"minor_distance", version_minor_distance},
        {"is_downgrade", version_is_downgrade},
        {"same_minor", version_same_minor},
        {NULL, NULL},
    };
    luaL_newlib(state, functions);
}
