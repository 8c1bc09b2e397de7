#include "engine/lua_text_names.h"

#include "base/utf8.h"
#include "engine/lua_argument.h"
#include "engine/nearest.h"

#include <lauxlib.h>
#include <stdbool.h>
#include <string.h>

// The lengths of k8s.io/apimachinery/pkg/util/validation.
enum { LABEL_MAXIMUM = 63, SUBDOMAIN_MAXIMUM = 253, NEAREST_MOST_NAMES = 1000 };

static bool is_lower_or_digit(char c) {
    return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9');
}

static bool is_letter_or_digit(char c) {
    return is_lower_or_digit(c) || (c >= 'A' && c <= 'Z');
}

// [a-z0-9]([-a-z0-9]*[a-z0-9])?
static bool is_label(const char *text, size_t length) {
    if (length == 0 || !is_lower_or_digit(text[0]) || !is_lower_or_digit(text[length - 1])) {
        return false;
    }
    for (size_t i = 0; i < length; i++) {
        if (!is_lower_or_digit(text[i]) && text[i] != '-') {
            return false;
        }
    }
    return true;
}

static int text_is_dns_label(lua_State *state) {
    size_t length;
    const char *text = lua_argument_text(state, "text.is_dns_label", 1, &length);
    lua_pushboolean(state, length <= LABEL_MAXIMUM && is_label(text, length));
    return 1;
}

// Labels with dots between them. As in Kubernetes, only the whole has a maximum.
static int text_is_dns_subdomain(lua_State *state) {
    size_t length;
    const char *text = lua_argument_text(state, "text.is_dns_subdomain", 1, &length);
    bool good = length <= SUBDOMAIN_MAXIMUM;
    for (size_t from = 0; good && from <= length;) {
        const char *dot = memchr(text + from, '.', length - from);
        size_t end = dot ? (size_t)(dot - text) : length;
        good = is_label(text + from, end - from);
        from = end + 1;
    }
    lua_pushboolean(state, good);
    return 1;
}

// (([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9])?
static int text_is_label_value(lua_State *state) {
    size_t length;
    const char *text = lua_argument_text(state, "text.is_label_value", 1, &length);
    bool good = length <= LABEL_MAXIMUM;
    for (size_t i = 0; good && i < length; i++) {
        bool inside = i > 0 && i + 1 < length;
        good = is_letter_or_digit(text[i]) || (inside && strchr("-_.", text[i]) && text[i]);
    }
    lua_pushboolean(state, good);
    return 1;
}

static void add_quoted(luaL_Buffer *buffer, const char *at, size_t size) {
    static const char hex[] = "0123456789abcdef";
    unsigned char byte = (unsigned char)*at;
    if (size == 0) {
        luaL_addlstring(buffer, "\xEF\xBF\xBD", 3);
    } else if (*at == '"' || *at == '\\') {
        luaL_addchar(buffer, '\\');
        luaL_addchar(buffer, *at);
    } else if (*at == '\n') {
        luaL_addlstring(buffer, "\\n", 2);
    } else if (byte < 0x20 || byte == 0x7F) {
        luaL_addlstring(buffer, "\\u00", 4);
        luaL_addchar(buffer, hex[byte >> 4]);
        luaL_addchar(buffer, hex[byte & 0xF]);
    } else {
        luaL_addlstring(buffer, at, size);
    }
}

// In double quotes, on one line, as JSON would write it; bytes that are not UTF-8 become U+FFFD.
static int text_quote(lua_State *state) {
    size_t length;
    const char *text = lua_argument_text(state, "text.quote", 1, &length);
    luaL_Buffer buffer;
    luaL_buffinit(state, &buffer);
    luaL_addchar(&buffer, '"');
    for (size_t i = 0; i < length;) {
        size_t size = utf8_decode(text + i, length - i, NULL);
        add_quoted(&buffer, text + i, size);
        i += size ? size : 1;
    }
    luaL_addchar(&buffer, '"');
    luaL_pushresult(&buffer);
    return 1;
}

static int text_nearest(lua_State *state) {
    const char *function = "text.nearest";
    size_t length;
    const char *name = lua_argument_text(state, function, 1, &length);
    lua_Integer count = lua_argument_list(state, function, 2, true);
    int least = NEAREST_MAXIMUM_DISTANCE + 1;
    lua_pushnil(state);
    for (lua_Integer i = 1; i <= count && i <= NEAREST_MOST_NAMES; i++) {
        bool unknown = false;
        size_t known_length = 0;
        const char *known = lua_argument_item(state, function, 2, i, &known_length, &unknown);
        int distance = known ? edit_distance(name, length, known, known_length) : least;
        if (distance < least && distance_is_near(distance, length)) {
            least = distance;
            lua_replace(state, -2);
        } else {
            lua_pop(state, 1);
        }
    }
    return 1;
}

void lua_text_names_add(lua_State *state) {
    static const luaL_Reg functions[] = {
        {"is_dns_label", text_is_dns_label},
        {"is_dns_subdomain", text_is_dns_subdomain},
        {"is_label_value", text_is_label_value},
        {"quote", text_quote},
        {"nearest", text_nearest},
        {NULL, NULL},
    };
    luaL_setfuncs(state, functions, 0);
}
