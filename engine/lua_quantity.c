#include "engine/lua_libraries.h"

#include "engine/lua_argument.h"
#include "engine/lua_unknown.h"

#include <lauxlib.h>
#include <math.h>
#include <stdbool.h>
#include <stdint.h>
#include <string.h>

// Quantities as k8s.io/apimachinery has them: a number of billionths, rounded away from zero, at most 2^63-1
// whole ones. Then "0.1" equals "100m" and "1Gi" equals "1024Mi" exactly.
__extension__ typedef unsigned __int128 wide;

static const wide billionths = 1000000000;

struct quantity {
    bool negative;
    wide billionths;
};

static wide largest(void) {
    return (wide)INT64_MAX * billionths;
}

// Digits of the number, without sign, point and leading zeros. 19 hold every int64; 19 digits times 2^60 fit
// wide.
enum { KEPT_DIGITS = 19, MOST_EXPONENT = 10000 };

struct digits {
    wide value;
    int kept;
    int64_t power;  // of ten that value is to be multiplied by
    bool remainder; // a dropped digit was not zero
};

static void add_digit(struct digits *digits, char digit, bool fraction) {
    if (digits->kept == KEPT_DIGITS) {
        digits->remainder |= digit != '0';
        digits->power += !fraction;
        return;
    }
    digits->value = digits->value * 10 + (unsigned)(digit - '0');
    digits->kept += digits->value > 0;
    digits->power -= fraction;
}

// digits, digits., digits.digits or .digits
static bool read_digits(const char **cursor, struct digits *ret_digits) {
    struct digits digits = {0};
    bool any = false;
    bool fraction = false;
    const char *at = *cursor;
    for (; (*at >= '0' && *at <= '9') || (*at == '.' && !fraction); at++) {
        if (*at == '.') {
            fraction = true;
            continue;
        }
        any = true;
        add_digit(&digits, *at, fraction);
    }
    *cursor = at;
    *ret_digits = digits;
    return any;
}

static bool read_exponent(const char *at, int64_t *ret_power) {
    bool negative = *at == '-';
    at += *at == '-' || *at == '+';
    int64_t power = 0;
    if (*at == '\0') {
        return false;
    }
    for (; *at >= '0' && *at <= '9'; at++) {
        power = power > MOST_EXPONENT ? power : power * 10 + (*at - '0');
    }
    *ret_power = negative ? -power : power;
    return *at == '\0';
}

// What the number is to be multiplied by: 2^binary * 10^power.
static bool read_suffix(const char *suffix, int *ret_binary, int64_t *ret_power) {
    static const struct {
        const char *name;
        int binary;
        int power;
    } suffixes[] = {
        {"", 0, 0},    {"n", 0, -9},  {"u", 0, -6},  {"m", 0, -3},  {"k", 0, 3},   {"M", 0, 6},
        {"G", 0, 9},   {"T", 0, 12},  {"P", 0, 15},  {"E", 0, 18},  {"Ki", 10, 0}, {"Mi", 20, 0},
        {"Gi", 30, 0}, {"Ti", 40, 0}, {"Pi", 50, 0}, {"Ei", 60, 0},
    };
    for (size_t i = 0; i < sizeof(suffixes) / sizeof(suffixes[0]); i++) {
        if (strcmp(suffix, suffixes[i].name) == 0) {
            *ret_binary = suffixes[i].binary;
            *ret_power = suffixes[i].power;
            return true;
        }
    }
    *ret_binary = 0;
    return (*suffix == 'e' || *suffix == 'E') && read_exponent(suffix + 1, ret_power);
}

// value * 10^power in billionths, rounded up; capped at the largest.
static wide scale(wide value, int64_t power, bool remainder) {
    for (; power > 0 && value > 0 && value <= largest(); power--) {
        value *= 10;
    }
    for (; power < 0 && value > 0; power++) {
        remainder |= value % 10 != 0;
        value /= 10;
    }
    value += remainder;
    return value < largest() ? value : largest();
}

static bool parse_text(const char *text, struct quantity *ret_quantity) {
    const char *at = text;
    bool negative = *at == '-';
    at += *at == '-' || *at == '+';
    struct digits digits;
    int binary = 0;
    int64_t power = 0;
    if (!read_digits(&at, &digits) || !read_suffix(at, &binary, &power)) {
        return false;
    }
    wide value = scale(digits.value << binary, digits.power + power + 9, digits.remainder);
    *ret_quantity = (struct quantity){.negative = negative && value > 0, .billionths = value};
    return true;
}

static bool from_number(lua_State *state, int index, struct quantity *ret_quantity) {
    if (lua_isinteger(state, index)) {
        lua_Integer value = lua_tointeger(state, index);
        wide size = value < 0 ? (wide)0 - (wide)value : (wide)value;
        *ret_quantity = (struct quantity){.negative = value < 0, .billionths = size * billionths};
        return true;
    }
    lua_Number value = lua_tonumber(state, index);
    double size = fabs(value);
    if (!isfinite(value)) {
        return false;
    }
    wide scaled = largest();
    if (size < 0x1p63) {
        uint64_t whole = (uint64_t)size;
        scaled = (wide)whole * billionths + (wide)((size - (double)whole) * 1e9 + 0.5);
    }
    *ret_quantity = (struct quantity){.negative = value < 0, .billionths = scaled};
    return true;
}

static bool read_quantity(lua_State *state, const char *function, int index, struct quantity *ret_quantity) {
    switch (lua_type(state, index)) {
    case LUA_TNUMBER:
        return from_number(state, index, ret_quantity);
    case LUA_TSTRING: {
        size_t length;
        const char *text = lua_tolstring(state, index, &length);
        return strlen(text) == length && parse_text(text, ret_quantity);
    }
    default:
        if (lua_is_unknown(state, index)) {
            return lua_unknown_used(state);
        }
        return luaL_error(state, "%s: argument %d must be a string or a number, got %s", function, index,
                          lua_argument_type(state, index));
    }
}

// A whole number comes as an integer, exact; others as the nearest float.
static int quantity_parse(lua_State *state) {
    struct quantity quantity = {0};
    if (!read_quantity(state, "quantity.parse", 1, &quantity)) {
        lua_pushnil(state);
        lua_pushliteral(state, "malformed");
        return 2;
    }
    wide whole = quantity.billionths / billionths;
    if (quantity.billionths % billionths == 0) {
        bool smallest = whole > (wide)INT64_MAX;
        lua_Integer value = smallest ? INT64_MIN : (lua_Integer)whole;
        lua_pushinteger(state, quantity.negative && !smallest ? -value : value);
    } else {
        double value = (double)quantity.billionths / 1e9;
        lua_pushnumber(state, quantity.negative ? -value : value);
    }
    return 1;
}

static struct quantity quantity_argument(lua_State *state, int index) {
    struct quantity quantity = {0};
    if (!read_quantity(state, "quantity.compare", index, &quantity)) {
        luaL_error(state, "quantity.compare: argument %d is not a quantity; ask quantity.parse first", index);
    }
    return quantity;
}

static int quantity_compare(lua_State *state) {
    struct quantity a = quantity_argument(state, 1);
    struct quantity b = quantity_argument(state, 2);
    int order = (a.billionths > b.billionths) - (a.billionths < b.billionths);
    if (a.negative != b.negative) {
        order = a.negative ? -1 : 1;
    } else if (a.negative) {
        order = -order;
    }
    lua_pushinteger(state, order);
    return 1;
}

void lua_quantity_push(lua_State *state) {
    static const luaL_Reg functions[] = {
        {"parse", quantity_parse},
        {"compare", quantity_compare},
        {NULL, NULL},
    };
    luaL_newlib(state, functions);
}
