#include "base/json_internal.h"

#include <math.h>
#include <string.h>

static bool is_digit(const struct json_reader *reader, const char *at) {
    return at < reader->end && *at >= '0' && *at <= '9';
}

static const char *skip_digits(const struct json_reader *reader, const char *at) {
    while (is_digit(reader, at)) {
        at++;
    }
    return at;
}

static bool fail(struct json_reader *reader, const char *at, const char *what) {
    return json_fail(reader, ERROR_INVALID, at, what);
}

// Where the number at reader->at ends.
static bool scan_number(struct json_reader *reader, const char **ret_end, bool *ret_integer) {
    const char *at = reader->at;
    bool integer = true;
    bool negative = at < reader->end && *at == '-';
    at += negative;
    if (!is_digit(reader, at)) {
        return fail(reader, at, negative ? "expected a digit" : "expected a value");
    }
    if (*at == '0' && is_digit(reader, at + 1)) {
        return fail(reader, at, "a number can't begin with 0");
    }
    at = skip_digits(reader, at);
    if (at < reader->end && *at == '.') {
        integer = false;
        if (!is_digit(reader, ++at)) {
            return fail(reader, at, "expected a digit after the decimal point");
        }
        at = skip_digits(reader, at);
    }
    if (at < reader->end && (*at == 'e' || *at == 'E')) {
        integer = false;
        at++;
        at += at < reader->end && (*at == '+' || *at == '-');
        if (!is_digit(reader, at)) {
            return fail(reader, at, "expected a digit in the exponent");
        }
        at = skip_digits(reader, at);
    }
    *ret_end = at;
    *ret_integer = integer;
    return true;
}

static bool parse_integer(const char *text, const char *end, int64_t *ret_value) {
    bool negative = *text == '-';
    int64_t value = 0;
    for (text += negative; text < end; text++) {
        int digit = *text - '0';
        // Towards the sign's own end, so that the smallest integer fits too.
        if (__builtin_mul_overflow(value, 10, &value) ||
            __builtin_add_overflow(value, negative ? -digit : digit, &value)) {
            return false;
        }
    }
    *ret_value = value;
    return true;
}

// strtod needs an end: the place of the next text has room for the number, as if it were one.
static bool parse_double(struct json_reader *reader, const char *end, double *ret_value) {
    size_t length = (size_t)(end - reader->at);
    memcpy(reader->write, reader->at, length);
    reader->write[length] = '\0';
    *ret_value = strtod(reader->write, NULL);
    return isfinite(*ret_value);
}

bool json_read_number(struct json_reader *reader, struct node *ret_node) {
    const char *end = NULL;
    bool integer = false;
    if (!scan_number(reader, &end, &integer)) {
        return false;
    }
    if (integer && !parse_integer(reader->at, end, &ret_node->value.integer)) {
        return fail(reader, reader->at, "an integer that does not fit in 64 bits");
    }
    if (!integer && !parse_double(reader, end, &ret_node->value.number)) {
        return fail(reader, reader->at, "a number that does not fit in a double");
    }
    ret_node->type = integer ? NODE_INTEGER : NODE_NUMBER;
    reader->at = end;
    return true;
}
