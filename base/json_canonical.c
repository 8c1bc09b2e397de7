#include "base/json_canonical.h"

#include "base/memory.h"
#include "base/utf8.h"

#include <assert.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

// 17 digits tell every double from its neighbours.
enum { MOST_DIGITS = 17, LARGEST_PLAIN_EXPONENT = 21, SMALLEST_PLAIN_EXPONENT = -6 };

// --- strings ---

static bool is_plain(unsigned char byte) {
    return byte >= 0x20 && byte < 0x80 && byte != '"' && byte != '\\';
}

static void append_escape(struct buffer *text, unsigned char byte) {
    static const char from[] = "\"\\\b\f\n\r\t";
    static const char to[] = "\"\\bfnrt";
    const char *found = byte ? strchr(from, byte) : NULL;
    if (found) {
        buffer_append_char(text, '\\');
        buffer_append_char(text, to[found - from]);
    } else {
        buffer_printf(text, "\\u%04x", byte);
    }
}

void json_string_append(struct buffer *text, const char *string, size_t length) {
    const char *end = string + length;
    buffer_append_char(text, '"');
    while (string < end) {
        const char *plain = string;
        while (plain < end && is_plain((unsigned char)*plain)) {
            plain++;
        }
        buffer_append(text, string, (size_t)(plain - string));
        string = plain;
        if (string == end) {
            break;
        }
        if ((unsigned char)*string < 0x80) {
            append_escape(text, (unsigned char)*string++);
            continue;
        }
        size_t size = utf8_decode(string, (size_t)(end - string), NULL);
        size > 0 ? buffer_append(text, string, size) : buffer_append_text(text, "\xEF\xBF\xBD");
        string += size > 0 ? size : 1;
    }
    buffer_append_char(text, '"');
}

// --- numbers ---

// "d.ddde±x", taken apart: digits without the point, and where the point is (ECMAScript's n).
struct decimal {
    char digits[MOST_DIGITS + 2];
    int count;
    int point;
};

static double value_of(const struct decimal *decimal) {
    char text[MOST_DIGITS + 16];
    snprintf(text, sizeof(text), "0.%se%d", decimal->digits, decimal->point);
    return strtod(text, NULL);
}

static void round_to(double number, int count, struct decimal *ret_decimal) {
    char text[MOST_DIGITS + 16];
    snprintf(text, sizeof(text), "%.*e", count - 1, number);
    char *exponent = strchr(text, 'e');
    ret_decimal->point = (int)strtol(exponent + 1, NULL, 10) + 1;
    ret_decimal->count = 0;
    for (const char *at = text; at < exponent; at++) {
        if (*at >= '0' && *at <= '9') {
            ret_decimal->digits[ret_decimal->count++] = *at;
        }
    }
    ret_decimal->digits[ret_decimal->count] = '\0';
}

static void step_up(struct decimal *decimal) {
    int at = decimal->count - 1;
    while (at >= 0 && decimal->digits[at] == '9') {
        decimal->digits[at--] = '0';
    }
    if (at >= 0) {
        decimal->digits[at]++;
        return;
    }
    decimal->digits[0] = '1';
    decimal->point++;
}

// The fewest digits that read back as number (> 0). Below a power of two doubles lie closer than above it, so
// there the nearest decimal may be another number's while the next one up is still this one's.
static void shorten(double number, struct decimal *ret_decimal) {
    int exponent;
    bool is_power_of_two = frexp(number, &exponent) == 0.5;
    for (int count = 1; count <= MOST_DIGITS; count++) {
        round_to(number, count, ret_decimal);
        if (value_of(ret_decimal) == number) {
            break;
        }
        step_up(ret_decimal);
        if (is_power_of_two && value_of(ret_decimal) == number) {
            break;
        }
    }
    while (ret_decimal->count > 1 && ret_decimal->digits[ret_decimal->count - 1] == '0') {
        ret_decimal->digits[--ret_decimal->count] = '\0';
    }
}

// https://tc39.es/ecma262/#sec-numeric-types-number-tostring
void json_number_append(struct buffer *text, double number) {
    assert(isfinite(number));
    if (number == 0) {
        buffer_append_char(text, '0');
        return;
    }
    struct decimal decimal;
    shorten(fabs(number), &decimal);
    buffer_append_text(text, number < 0 ? "-" : "");
    int point = decimal.point;
    if (point > SMALLEST_PLAIN_EXPONENT && point <= 0) {
        buffer_printf(text, "0.%.*s%s", -point, "000000", decimal.digits);
    } else if (point > 0 && point <= LARGEST_PLAIN_EXPONENT && point >= decimal.count) {
        buffer_printf(text, "%s%.*s", decimal.digits, point - decimal.count, "000000000000000000000");
    } else if (point > 0 && point <= LARGEST_PLAIN_EXPONENT) {
        buffer_printf(text, "%.*s.%s", point, decimal.digits, decimal.digits + point);
    } else {
        buffer_printf(text, "%c%s%se%+d", decimal.digits[0], decimal.count > 1 ? "." : "", decimal.digits + 1,
                      point - 1);
    }
}

void json_integer_append(struct buffer *text, int64_t integer) {
    // printf would be a tenth of writing an object.
    char digits[20];
    char *at = digits + sizeof(digits);
    uint64_t rest = integer < 0 ? -(uint64_t)integer : (uint64_t)integer;
    do {
        *--at = (char)('0' + rest % 10);
        rest /= 10;
    } while (rest > 0);
    if (integer < 0) {
        buffer_append_char(text, '-');
    }
    buffer_append(text, at, (size_t)(digits + sizeof(digits) - at));
}

// --- the tree ---

int json_key_compare(const struct node *left, const struct node *right) {
    size_t shorter = left->key_length < right->key_length ? left->key_length : right->key_length;
    for (size_t i = 0; i < shorter; i++) {
        unsigned char a = (unsigned char)left->key[i];
        unsigned char b = (unsigned char)right->key[i];
        if (a != b) {
            // UTF-16 writes what is past U+FFFF (from 0xF0 on in UTF-8) with surrogates, which sort before
            // U+E000 to U+FFFF (0xEE and 0xEF).
            bool crosses = (a >= 0xF0 && (b == 0xEE || b == 0xEF)) || (b >= 0xF0 && (a == 0xEE || a == 0xEF));
            return (a < b) != crosses ? -1 : 1;
        }
    }
    return (left->key_length > right->key_length) - (left->key_length < right->key_length);
}

static int compare_members(const void *left, const void *right) {
    return json_key_compare(*(const struct node *const *)left, *(const struct node *const *)right);
}

static void append_list(struct buffer *text, const struct node *list) {
    const char *separator = "[";
    NODE_EACH(item, list) {
        buffer_append_text(text, separator);
        json_canonical_append(text, item);
        separator = ",";
    }
    buffer_append_text(text, list->length > 0 ? "]" : "[]");
}

static void append_map(struct buffer *text, const struct node *map) {
    const struct node **members = memory_calloc(map->length + (size_t)1, sizeof(struct node *));
    size_t count = 0;
    NODE_EACH(member, map) {
        members[count++] = member;
    }
    qsort(members, count, sizeof(struct node *), compare_members);
    buffer_append_char(text, '{');
    for (size_t i = 0; i < count; i++) {
        buffer_append_text(text, i > 0 ? "," : "");
        json_string_append(text, members[i]->key, members[i]->key_length);
        buffer_append_char(text, ':');
        json_canonical_append(text, members[i]);
    }
    buffer_append_char(text, '}');
    free(members);
}

// The depth is bounded by the limits that the document was read with.
void json_canonical_append(struct buffer *text, const struct node *node) {
    switch (node ? (enum node_type)node->type : NODE_NULL) {
    case NODE_NULL:
        buffer_append_text(text, "null");
        break;
    case NODE_BOOL:
        buffer_append_text(text, node->value.boolean ? "true" : "false");
        break;
    case NODE_INTEGER:
        // As RFC 8785 writes the double, up to 2^53.
        json_integer_append(text, node->value.integer);
        break;
    case NODE_NUMBER:
        json_number_append(text, node->value.number);
        break;
    case NODE_STRING:
        json_string_append(text, node->value.string, node->length);
        break;
    case NODE_LIST:
        append_list(text, node);
        break;
    case NODE_MAP:
        append_map(text, node);
        break;
    }
}
