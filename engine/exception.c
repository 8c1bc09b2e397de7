#include "engine/configuration_internal.h"

#include "engine/glob.h"

#include <stdlib.h>
#include <string.h>

enum { SECONDS_PER_DAY = 86400 };

// Two or four digits at *cursor, which moves past them; -1 when there are fewer.
static int read_digits(const char **cursor, int count) {
    int value = 0;
    for (int i = 0; i < count; i++) {
        char c = (*cursor)[i];
        if (c < '0' || c > '9') {
            return -1;
        }
        value = value * 10 + (c - '0');
    }
    *cursor += count;
    return value;
}

static bool read_mark(const char **cursor, char mark) {
    bool there = **cursor == mark;
    *cursor += there;
    return there;
}

static int days_in_month(int year, int month) {
    static const int days[] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
    bool leap = (year % 4 == 0 && year % 100 != 0) || year % 400 == 0;
    return month == 2 && leap ? 29 : days[month - 1];
}

// Days from 1970-01-01; years begin in March here, so that the leap day is the last one.
static int64_t days_since_1970(int year, int month, int day) {
    int64_t y = month <= 2 ? year - 1 : year;
    int64_t day_of_year = (153 * (month + (month > 2 ? -3 : 9)) + 2) / 5 + day - 1;
    return y * 365 + y / 4 - y / 100 + y / 400 + day_of_year - 719468;
}

static bool read_date(const char **cursor, int64_t *ret_days) {
    int year = read_digits(cursor, 4);
    int month = year >= 1970 && read_mark(cursor, '-') ? read_digits(cursor, 2) : -1;
    int day = month >= 1 && month <= 12 && read_mark(cursor, '-') ? read_digits(cursor, 2) : -1;
    if (day < 1 || day > days_in_month(year, month)) {
        return false;
    }
    *ret_days = days_since_1970(year, month, day);
    return true;
}

// hh:mm:ss, with a fraction that does not count.
static bool read_time(const char **cursor, int64_t *ret_seconds) {
    int hour = read_digits(cursor, 2);
    int minute = hour >= 0 && hour < 24 && read_mark(cursor, ':') ? read_digits(cursor, 2) : -1;
    int second = minute >= 0 && minute < 60 && read_mark(cursor, ':') ? read_digits(cursor, 2) : -1;
    if (second < 0 || second > 59) {
        return false;
    }
    if (read_mark(cursor, '.')) {
        size_t digits = strspn(*cursor, "0123456789");
        *cursor += digits;
        if (digits == 0) {
            return false;
        }
    }
    *ret_seconds = (int64_t)hour * 3600 + minute * 60 + second;
    return true;
}

const char *expiry_parse(const char *text, int64_t *ret_expires) {
    static const char *const malformed =
        "must be a date (2026-12-31) or a time in UTC (2026-12-31T18:00:00Z)";
    int64_t days;
    int64_t seconds;
    if (!read_date(&text, &days)) {
        return malformed;
    }
    if (*text == '\0') {
        *ret_expires = (days + 1) * SECONDS_PER_DAY;
        return NULL;
    }
    if (!read_mark(&text, 'T') || !read_time(&text, &seconds)) {
        return malformed;
    }
    if (*text == '+' || *text == '-') {
        return "must be in UTC and end with Z";
    }
    if (strcmp(text, "Z") != 0) {
        return malformed;
    }
    *ret_expires = days * SECONDS_PER_DAY + seconds;
    return NULL;
}

static bool read_object(struct setting_reader *reader, const struct node *map, struct exception *exception) {
    static const char *const keys[] = {"kind", "namespace", "name"};
    size_t mark = setting_enter_key(reader, "object");
    const struct node *object = node_get(map, "object");
    if (!object) {
        return setting_fail(reader, map, "is required");
    }
    if (!setting_check_map(reader, object, keys, sizeof(keys) / sizeof(keys[0])) ||
        !setting_read_text(reader, object, "kind", true, &exception->kind) ||
        !setting_read_text(reader, object, "namespace", true, &exception->namespace) ||
        !setting_read_text(reader, object, "name", false, &exception->object)) {
        return false;
    }
    setting_leave(reader, mark);
    return true;
}

static bool read_exception(struct setting_reader *reader, const struct node *map,
                           struct exception *exception) {
    static const char *const keys[] = {"name", "policy", "object", "owner", "reason", "expires"};
    const char *expires;
    if (!setting_check_map(reader, map, keys, sizeof(keys) / sizeof(keys[0])) ||
        !setting_read_text(reader, map, "name", false, &exception->name) ||
        !setting_read_text(reader, map, "policy", false, &exception->policy) ||
        !read_object(reader, map, exception) ||
        !setting_read_text(reader, map, "owner", false, &exception->owner) ||
        !setting_read_text(reader, map, "reason", false, &exception->reason) ||
        !setting_read_text(reader, map, "expires", false, &expires)) {
        return false;
    }
    const char *problem = expiry_parse(expires, &exception->expires);
    if (problem) {
        setting_enter_key(reader, "expires");
        return setting_fail(reader, node_get(map, "expires"), "%s", problem);
    }
    exception->line = setting_position(reader, map).line;
    return true;
}

struct named {
    const char *name;
    size_t index;
};

static int compare_named(const void *a, const void *b) {
    const struct named *left = a;
    const struct named *right = b;
    int order = strcmp(left->name, right->name);
    return order ? order : (left->index > right->index) - (left->index < right->index);
}

static bool names_are_unique(struct setting_reader *reader, const struct node *list,
                             const struct exception *exceptions) {
    size_t count = list->length;
    struct named *names = arena_alloc(reader->arena, (count + 1) * sizeof(*names));
    for (size_t i = 0; i < count; i++) {
        names[i] = (struct named){exceptions[i].name, i};
    }
    qsort(names, count, sizeof(*names), compare_named);
    for (size_t i = 1; i < count; i++) {
        if (strcmp(names[i - 1].name, names[i].name) == 0) {
            setting_enter_index(reader, names[i].index);
            setting_enter_key(reader, "name");
            return setting_fail(reader, node_get(node_item(list, names[i].index), "name"),
                                "is the name of an exception above too");
        }
    }
    return true;
}

bool exceptions_read(struct setting_reader *reader, const struct node *list,
                     const struct exception **ret_exceptions, size_t *ret_count) {
    if (!list) {
        return true;
    }
    if (!node_is(list, NODE_LIST)) {
        return setting_wrong_type(reader, list, "a list");
    }
    struct exception *exceptions = arena_alloc(reader->arena, (list->length + 1) * sizeof(*exceptions));
    size_t count = 0;
    NODE_EACH(item, list) {
        size_t mark = setting_enter_index(reader, count);
        if (!read_exception(reader, item, &exceptions[count++])) {
            return false;
        }
        setting_leave(reader, mark);
    }
    if (!names_are_unique(reader, list, exceptions)) {
        return false;
    }
    *ret_exceptions = exceptions;
    *ret_count = count;
    return true;
}

static bool covers_object(const struct exception *exception, const struct object_key *object) {
    return object->kind && (!exception->kind || glob_match(exception->kind, object->kind)) &&
           (!exception->namespace || glob_match(exception->namespace, object->namespace)) &&
           glob_match(exception->object, object->name);
}

// Either object will do: the reviewed one, or the one that the violation points at.
bool exception_covers(const struct exception *exception, const struct violation *violation,
                      const struct object_key *reviewed, int64_t now) {
    return now < exception->expires && strcmp(exception->policy, violation->policy) == 0 &&
           (covers_object(exception, reviewed) || covers_object(exception, &violation->origin.object));
}
