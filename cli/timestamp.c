#include "cli/timestamp.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

static bool parse_offset(const char *text, int64_t *ret_offset) {
    int hours = 0;
    int minutes = 0;
    int end = 0;
    if (strcmp(text, "Z") == 0 || strcmp(text, "z") == 0) {
        *ret_offset = 0;
        return true;
    }
    if (sscanf(text + 1, "%2d:%2d%n", &hours, &minutes, &end) != 2 || text[1 + end] != '\0' || hours > 23 ||
        hours < 0 || minutes > 59 || minutes < 0 || (*text != '+' && *text != '-')) {
        return false;
    }
    *ret_offset = (*text == '-' ? -60 : 60) * (hours * (int64_t)60 + minutes);
    return true;
}

bool timestamp_parse(const char *text, int64_t *ret_seconds, struct error *error) {
    struct tm date = {0};
    int64_t offset = 0;
    if (*text == '@') {
        char *end = NULL;
        errno = 0;
        long long seconds = strtoll(text + 1, &end, 10);
        if (errno == 0 && end > text + 1 && *end == '\0') {
            *ret_seconds = seconds;
            return true;
        }
    }
    const char *rest = strptime(text, "%Y-%m-%d", &date);
    if (rest && *rest == 'T') {
        rest = strptime(rest, "T%H:%M:%S", &date);
        rest = rest && parse_offset(rest, &offset) ? "" : NULL;
    }
    // timegm makes March of 30 February: a date that changes is none.
    struct tm normal = date;
    time_t seconds = rest && *rest == '\0' ? timegm(&normal) : 0;
    if (!rest || *rest != '\0' || normal.tm_mday != date.tm_mday) {
        return error_set(error, ERROR_INVALID,
                         "%.100s is no time; write 2026-01-31, 2026-01-31T12:00:00Z or @SECONDS", text);
    }
    *ret_seconds = seconds - offset;
    return true;
}
