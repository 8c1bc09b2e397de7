#include "webhook/http_message.h"

#include "base/buffer.h"
#include "base/memory.h"

#include <json-c/json.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

bool http_refuse(struct http_response *ret_response, unsigned status, const char *format, ...) {
    char message[600];
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(message, sizeof(message), format, arguments);
    va_end(arguments);
    struct json_object *root = json_object_new_object();
    json_object_object_add(root, "error", json_object_new_string(message));
    const char *text =
        json_object_to_json_string_ext(root, JSON_C_TO_STRING_PLAIN | JSON_C_TO_STRING_NOSLASHESCAPE);
    *ret_response = (struct http_response){.status = status, .body = memory_strdup(text)};
    json_object_put(root);
    return false;
}

// "application/json", with or without parameters.
static bool is_json(const char *content_type) {
    static const char wanted[] = "application/json";
    size_t length = sizeof(wanted) - 1;
    if (!content_type || strncasecmp(content_type, wanted, length) != 0) {
        return false;
    }
    const char *rest = content_type + length + strspn(content_type + length, " \t");
    return *rest == '\0' || *rest == ';';
}

// Two readers that disagree on where a body ends see different requests (RFC 9112 11.2); the server library
// accepts both forms, so they end here, with the connection.
static bool check_framing(const struct http_head *head, struct http_response *ret_response) {
    const char *wrong = head->content_lengths > 1      ? "more than one Content-Length"
                        : head->transfer_encodings > 1 ? "more than one Transfer-Encoding"
                        : head->content_lengths > 0 && head->transfer_encodings > 0
                            ? "both Content-Length and Transfer-Encoding"
                            : NULL;
    if (wrong) {
        (void)http_refuse(ret_response, 400, "the request has %s", wrong);
        ret_response->close = true;
        return false;
    }
    return true;
}

static bool check_length(const char *text, struct http_response *ret_response) {
    uint64_t length = 0;
    const char *digit = text;
    for (; *digit >= '0' && *digit <= '9' && length <= LARGEST_BODY_BYTES; digit++) {
        length = length * 10 + (uint64_t)(*digit - '0');
    }
    if (length > LARGEST_BODY_BYTES) {
        (void)http_refuse(ret_response, 413, "the body is larger than %d bytes", LARGEST_BODY_BYTES);
        ret_response->close = true;
        return false;
    }
    if (digit == text || *digit != '\0') {
        (void)http_refuse(ret_response, 400, "Content-Length is not a number");
        ret_response->close = true;
        return false;
    }
    return true;
}

static bool find_endpoint(const char *path, enum http_endpoint *ret_endpoint) {
    bool validates = strcmp(path, "/validate") == 0;
    if (!validates && strcmp(path, "/mutate") != 0) {
        return false;
    }
    *ret_endpoint = validates ? ENDPOINT_VALIDATE : ENDPOINT_MUTATE;
    return true;
}

bool http_head_check(const struct http_head *head, enum http_endpoint *ret_endpoint,
                     struct http_response *ret_response) {
    enum http_endpoint endpoint;
    if (!check_framing(head, ret_response)) {
        return false;
    }
    if (!find_endpoint(head->path, &endpoint)) {
        return http_refuse(ret_response, 404, "no such path; there are /validate and /mutate");
    }
    if (strcmp(head->method, "POST") != 0) {
        return http_refuse(ret_response, 405, "only POST is answered here");
    }
    if (!is_json(head->content_type)) {
        return http_refuse(ret_response, 415, "Content-Type: want application/json, got %.100s",
                           head->content_type ? head->content_type : "none");
    }
    if (head->content_length && !check_length(head->content_length, ret_response)) {
        return false;
    }
    *ret_endpoint = endpoint;
    return true;
}

static const struct {
    const char *name;
    double nanoseconds;
} units[] = {
    {"ns", 1}, {"us", 1e3}, {"µs", 1e3}, {"ms", 1e6}, {"s", 1e9}, {"m", 60e9}, {"h", 3600e9},
};

static bool read_unit(const char **cursor, double *ret_nanoseconds) {
    for (size_t i = 0; i < sizeof(units) / sizeof(units[0]); i++) {
        size_t length = strlen(units[i].name);
        const char *after = *cursor + length;
        if (strncmp(*cursor, units[i].name, length) == 0 &&
            (*after == '\0' || (*after >= '0' && *after <= '9'))) {
            *cursor = after;
            *ret_nanoseconds = units[i].nanoseconds;
            return true;
        }
    }
    return false;
}

static bool read_number(const char **cursor, double *ret_number) {
    const char *start = *cursor;
    double number = 0;
    double place = 1;
    bool fraction = false;
    for (; (**cursor >= '0' && **cursor <= '9') || (**cursor == '.' && !fraction); (*cursor)++) {
        if (**cursor == '.') {
            fraction = true;
            continue;
        }
        place = fraction ? place / 10 : 1;
        number = fraction ? number + place * (**cursor - '0') : number * 10 + (**cursor - '0');
    }
    *ret_number = number;
    return *cursor > start && (*cursor)[-1] != '.';
}

bool http_long_duration_parse(const char *text, unsigned most_hours, uint64_t *ret_ns, struct error *error) {
    const char *cursor = text;
    double total = 0;
    do {
        double number, unit;
        if (strlen(text) > 32 || !read_number(&cursor, &number) || !read_unit(&cursor, &unit)) {
            return error_set(error, ERROR_INVALID, "\"%.32s\" is not a duration such as 10s or 500ms", text);
        }
        total += number * unit;
    } while (*cursor != '\0');
    if (total > 3600e9 * most_hours) {
        return error_set(error, ERROR_INVALID, "\"%.32s\" is longer than %uh", text, most_hours);
    }
    *ret_ns = (uint64_t)total;
    return true;
}

bool http_duration_parse(const char *text, uint64_t *ret_ns, struct error *error) {
    return http_long_duration_parse(text, 1, ret_ns, error);
}
