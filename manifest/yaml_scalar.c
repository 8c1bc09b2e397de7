#include "manifest/yaml_scalar.h"

#include "base/memory.h"
#include "base/utf8.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

static const char not_json[] =
    "infinity and not-a-number can't be sent to Kubernetes; put the text in quotes";

static bool is_digit(char c) {
    return c >= '0' && c <= '9';
}

static bool equals(const char *text, uint32_t length, const char *word) {
    return strlen(word) == length && memcmp(text, word, length) == 0;
}

// yes, Yes, YES: the three spellings that YAML 1.1 knows of a word in small letters.
static bool is_word(const char *text, uint32_t length, const char *word) {
    if (strlen(word) != length) {
        return false;
    }
    bool lower = true;
    bool upper = true;
    bool title = true;
    bool first = true;
    for (uint32_t i = 0; i < length; i++) {
        bool letter = word[i] >= 'a' && word[i] <= 'z';
        char capital = (char)(letter ? word[i] - 'a' + 'A' : word[i]);
        lower = lower && text[i] == word[i];
        upper = upper && text[i] == capital;
        title = title && text[i] == (letter && first ? capital : word[i]);
        first = first && !letter;
    }
    return lower || upper || title;
}

// null and the booleans; infinity and NaN fail.
static bool resolve_word(const char *text, uint32_t length, struct node *ret_node, bool *ret_not_json) {
    static const char *const truths[] = {"y", "yes", "true", "on"};
    static const char *const lies[] = {"n", "no", "false", "off"};
    if (length == 0 || equals(text, length, "~") || is_word(text, length, "null")) {
        *ret_node = (struct node){.type = NODE_NULL};
        return true;
    }
    for (size_t i = 0; i < 4; i++) {
        bool truth = is_word(text, length, truths[i]);
        if (truth || is_word(text, length, lies[i])) {
            *ret_node = (struct node){.type = NODE_BOOL, .value.boolean = truth};
            return true;
        }
    }
    bool sign = text[0] == '+' || text[0] == '-';
    const char *rest = text + sign;
    uint32_t rest_length = length - sign;
    // .NaN is written so; is_word's .Nan is not one of go-yaml's spellings.
    *ret_not_json = is_word(rest, rest_length, ".inf") || equals(text, length, ".nan") ||
                    equals(text, length, ".NaN") || equals(text, length, ".NAN");
    return false;
}

static int digit_value(char c) {
    return is_digit(c)            ? c - '0'
           : c >= 'a' && c <= 'f' ? c - 'a' + 10
           : c >= 'A' && c <= 'F' ? c - 'A' + 10
                                  : 99;
}

// As Go's strconv.ParseInt with base 0: 0x, 0o, 0b and a leading 0 for octal. False when it is no integer;
// one that does not fit becomes a number.
static bool parse_integer(const char *text, struct node *ret_node) {
    bool negative = *text == '-';
    text += *text == '-' || *text == '+';
    int base = 10;
    if (text[0] == '0' && text[1]) {
        char mark = (char)(text[1] | 0x20);
        base = mark == 'x' ? 16 : mark == 'b' ? 2 : 8;
        text += mark == 'x' || mark == 'b' || mark == 'o' ? 2 : 1;
    }
    if (!*text) {
        return false;
    }
    uint64_t magnitude = 0;
    double large = 0;
    bool fits = true;
    for (; *text; text++) {
        int digit = digit_value(*text);
        if (digit >= base) {
            return false;
        }
        fits = fits && !__builtin_mul_overflow(magnitude, (uint64_t)base, &magnitude) &&
               !__builtin_add_overflow(magnitude, (uint64_t)digit, &magnitude);
        large = large * base + digit;
    }
    if (fits && magnitude <= (uint64_t)INT64_MAX + negative) {
        int64_t value = negative ? (int64_t)(0 - magnitude) : (int64_t)magnitude;
        *ret_node = (struct node){.type = NODE_INTEGER, .value.integer = value};
    } else {
        *ret_node = (struct node){.type = NODE_NUMBER, .value.number = negative ? -large : large};
    }
    return true;
}

static const char *skip_digits(const char *text) {
    while (is_digit(*text)) {
        text++;
    }
    return text;
}

// [-+]?(\.[0-9]+|[0-9]+(\.[0-9]*)?)([eE][-+]?[0-9]+)?
static bool is_float(const char *text) {
    text += *text == '-' || *text == '+';
    const char *digits = skip_digits(text);
    bool whole = digits > text;
    text = digits;
    if (*text == '.') {
        digits = skip_digits(text + 1);
        if (!whole && digits == text + 1) {
            return false;
        }
        text = digits;
    } else if (!whole) {
        return false;
    }
    if (*text == 'e' || *text == 'E') {
        text++;
        text += *text == '-' || *text == '+';
        if (!is_digit(*text)) {
            return false;
        }
        text = skip_digits(text);
    }
    return !*text;
}

// Numbers; false when it is none.
static bool resolve_number(const char *text, uint32_t length, struct node *ret_node) {
    bool point = text[0] == '.';
    if ((!is_digit(text[0]) && text[0] != '+' && text[0] != '-' && !point) || memchr(text, '\0', length)) {
        return false;
    }
    CLEANUP(free) char *plain = memory_alloc((size_t)length + 1);
    size_t kept = 0;
    for (uint32_t i = 0; i < length; i++) {
        if (text[i] != '_' || point) {
            plain[kept++] = text[i];
        }
    }
    plain[kept] = '\0';
    struct node node = {0};
    bool integer = !point && parse_integer(plain, &node);
    if (!(integer && node.type == NODE_INTEGER) && is_float(plain)) {
        node = (struct node){.type = NODE_NUMBER, .value.number = strtod(plain, NULL)};
    } else if (!integer) {
        return false;
    }
    // Go's ParseFloat refuses what is too large, so it stays a string.
    if (node.type == NODE_NUMBER && !isfinite(node.value.number)) {
        return false;
    }
    *ret_node = node;
    return true;
}

static struct node string_node(const char *text, uint32_t length) {
    return (struct node){.type = NODE_STRING, .value.string = text, .length = length};
}

static bool resolve_by_look(const char *text, uint32_t length, struct node *ret_node,
                            const char **ret_problem) {
    bool unfit = false;
    if (resolve_word(text, length, ret_node, &unfit)) {
        return true;
    }
    if (unfit) {
        *ret_problem = not_json;
        return false;
    }
    if (!resolve_number(text, length, ret_node)) {
        *ret_node = string_node(text, length);
    }
    return true;
}

// A !!int must look like one; a !!float may look like an integer.
static bool resolve_tagged(enum node_type type, const char *text, uint32_t length, struct node *ret_node,
                           const char **ret_problem) {
    struct node node = {0};
    if (!resolve_by_look(text, length, &node, ret_problem)) {
        return false;
    }
    if (type == NODE_NUMBER && node.type == NODE_INTEGER) {
        node = (struct node){.type = NODE_NUMBER, .value.number = (double)node.value.integer};
    }
    if (node.type != type) {
        *ret_problem = "the value does not fit its tag";
        return false;
    }
    *ret_node = node;
    return true;
}

bool yaml_scalar_resolve(const char *tag, const char *text, uint32_t length, struct node *ret_node,
                         const char **ret_problem) {
    static const struct {
        const char *tag;
        enum node_type type;
    } types[] = {{YAML_TAG_PREFIX "null", NODE_NULL},
                 {YAML_TAG_PREFIX "bool", NODE_BOOL},
                 {YAML_TAG_PREFIX "int", NODE_INTEGER},
                 {YAML_TAG_PREFIX "float", NODE_NUMBER}};
    if (!tag) {
        return resolve_by_look(text, length, ret_node, ret_problem);
    }
    for (size_t i = 0; i < sizeof(types) / sizeof(types[0]); i++) {
        if (strcmp(tag, types[i].tag) == 0) {
            return resolve_tagged(types[i].type, text, length, ret_node, ret_problem);
        }
    }
    *ret_node = string_node(text, length);
    return true;
}

// As Go's FormatFloat(value, 'g', -1, 32): the fewest digits that give the same float back.
static void format_float(double value, struct buffer *ret_text) {
    char text[64];
    int digits = 1;
    for (; digits < 9; digits++) {
        snprintf(text, sizeof(text), "%.*e", digits - 1, value);
        if (!(strtof(text, NULL) < (float)value) && !(strtof(text, NULL) > (float)value)) {
            break;
        }
    }
    snprintf(text, sizeof(text), "%.*e", digits - 1, value);
    long exponent = strtol(strchr(text, 'e') + 1, NULL, 10);
    if (exponent < -4 || exponent >= 6) {
        buffer_append_text(ret_text, text);
        return;
    }
    int decimals = digits - 1 - (int)exponent;
    buffer_printf(ret_text, "%.*f", decimals > 0 ? decimals : 0, strtod(text, NULL));
}

bool yaml_scalar_key(const struct node *node, struct buffer *ret_key) {
    switch ((enum node_type)node->type) {
    case NODE_BOOL:
        buffer_append_text(ret_key, node->value.boolean ? "true" : "false");
        return true;
    case NODE_INTEGER:
        buffer_printf(ret_key, "%lld", (long long)node->value.integer);
        return true;
    case NODE_NUMBER:
        format_float(node->value.number, ret_key);
        return true;
    case NODE_STRING:
        buffer_append(ret_key, node->value.string, node->length);
        return true;
    default:
        return false;
    }
}

static int base64_value(char c) {
    static const char alphabet[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    const char *found = c ? strchr(alphabet, c) : NULL;
    return found ? (int)(found - alphabet) : -1;
}

bool yaml_scalar_decode_binary(const char *text, size_t length, struct buffer *ret_bytes) {
    uint32_t bits = 0;
    size_t digits = 0;
    size_t padding = 0;
    for (size_t i = 0; i < length; i++) {
        if (text[i] == '\n' || text[i] == '\r') {
            continue;
        }
        int value = base64_value(text[i]);
        if (text[i] == '=') {
            padding++;
            continue;
        }
        if (value < 0 || padding > 0) {
            return false;
        }
        bits = bits << 6 | (uint32_t)value;
        if (++digits % 4 != 1) {
            buffer_append_char(ret_bytes, (char)(bits >> (4 - digits % 4) * 2 % 8));
        }
    }
    return (digits + padding) % 4 == 0 && padding <= 2 && digits % 4 != 1 && !ret_bytes->cut &&
           utf8_is_valid(buffer_text(ret_bytes), ret_bytes->length);
}
