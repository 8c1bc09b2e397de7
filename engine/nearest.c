#include "engine/nearest.h"

#include <string.h>

enum { TOO_FAR = NEAREST_MAXIMUM_DISTANCE + 1 };

static char lower(char c) {
    return c >= 'A' && c <= 'Z' ? (char)(c - 'A' + 'a') : c;
}

static int smaller(int a, int b) {
    return a < b ? a : b;
}

int edit_distance(const char *a, size_t a_length, const char *b, size_t b_length) {
    size_t longer = a_length > b_length ? a_length : b_length;
    size_t shorter = a_length > b_length ? b_length : a_length;
    if (longer > NEAREST_MAXIMUM_LENGTH || longer - shorter > NEAREST_MAXIMUM_DISTANCE) {
        return TOO_FAR;
    }
    // Three rows of the optimal string alignment table: two back, the previous one, and this one.
    int rows[3][NEAREST_MAXIMUM_LENGTH + 1];
    for (size_t j = 0; j <= b_length; j++) {
        rows[0][j] = (int)j;
    }
    for (size_t i = 1; i <= a_length; i++) {
        int *row = rows[i % 3];
        const int *previous = rows[(i + 2) % 3];
        const int *before = rows[(i + 1) % 3];
        row[0] = (int)i;
        for (size_t j = 1; j <= b_length; j++) {
            int replaced = previous[j - 1] + (lower(a[i - 1]) != lower(b[j - 1]));
            row[j] = smaller(replaced, smaller(previous[j], row[j - 1]) + 1);
            if (i > 1 && j > 1 && lower(a[i - 1]) == lower(b[j - 2]) && lower(a[i - 2]) == lower(b[j - 1])) {
                row[j] = smaller(row[j], before[j - 2] + 1);
            }
        }
    }
    return smaller(rows[a_length % 3][b_length], TOO_FAR);
}

bool distance_is_near(int distance, size_t name_length) {
    return distance <= NEAREST_MAXIMUM_DISTANCE && (size_t)distance * 2 < name_length;
}

const char *nearest_name(const char *name, const char *const *known, size_t count) {
    size_t length = strlen(name);
    const char *nearest = NULL;
    int least = TOO_FAR;
    for (size_t i = 0; i < count; i++) {
        int distance = edit_distance(name, length, known[i], strlen(known[i]));
        if (distance < least) {
            least = distance;
            nearest = known[i];
        }
    }
    return distance_is_near(least, length) ? nearest : NULL;
}
