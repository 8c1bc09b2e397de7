#include "kube/kube_time.h"

#include <ctype.h>
#include <stddef.h>
#include <stdio.h>
#include <time.h>

static bool two_digits(const char *text, int *ret_value) {
    if (!isdigit((unsigned char)text[0]) || !isdigit((unsigned char)text[1])) {
        return false;
    }
    *ret_value = (text[0] - '0') * 10 + (text[1] - '0');
    return true;
}

// "Z" or "+01:00" at the end of the text, as seconds east of UTC.
static bool parse_zone(const char *text, int64_t *ret_offset) {
    if ((text[0] == 'Z' || text[0] == 'z') && text[1] == '\0') {
        *ret_offset = 0;
        return true;
    }
    int hours = 0, minutes = 0;
    if ((text[0] != '+' && text[0] != '-') || !two_digits(text + 1, &hours) || text[3] != ':' ||
        !two_digits(text + 4, &minutes) || text[6] != '\0' || hours > 23 || minutes > 59) {
        return false;
    }
    int64_t offset = hours * 3600 + minutes * 60;
    *ret_offset = text[0] == '-' ? -offset : offset;
    return true;
}

bool kube_time_parse(const char *text, int64_t *ret_seconds) {
    struct tm parts = {0};
    const char *rest = strptime(text, "%Y-%m-%dT%H:%M:%S", &parts);
    int64_t offset = 0;
    if (rest && *rest == '.') {
        do {
            rest++;
        } while (isdigit((unsigned char)*rest));
    }
    if (!rest || !parse_zone(rest, &offset)) {
        return false;
    }
    *ret_seconds = (int64_t)timegm(&parts) - offset;
    return true;
}

void kube_time_format(int64_t microseconds, bool with_fraction, char ret_text[KUBE_TIME_BYTES]) {
    time_t seconds = (time_t)(microseconds / 1000000);
    struct tm parts;
    gmtime_r(&seconds, &parts);
    size_t length = strftime(ret_text, KUBE_TIME_BYTES, "%Y-%m-%dT%H:%M:%S", &parts);
    int fraction = (int)(microseconds % 1000000);
    if (with_fraction) {
        length += (size_t)snprintf(ret_text + length, KUBE_TIME_BYTES - length, ".%06d", fraction);
    }
    (void)snprintf(ret_text + length, KUBE_TIME_BYTES - length, "Z");
}
