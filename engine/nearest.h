// "Did you mean …?": the known name that a mistyped one is closest to.
#pragma once

#include <stdbool.h>
#include <stddef.h>

// Names longer than this are near to nothing.
enum { NEAREST_MAXIMUM_LENGTH = 64, NEAREST_MAXIMUM_DISTANCE = 2 };

// Insertions, deletions, replacements and swaps of neighbours between the two, or NEAREST_MAXIMUM_DISTANCE +
// 1 when it takes more (or one is too long). Letter case does not count.
int edit_distance(const char *a, size_t a_length, const char *b, size_t b_length);

// The first of the nearest names, NULL when none is within NEAREST_MAXIMUM_DISTANCE and less than half of
// name.
const char *nearest_name(const char *name, const char *const *known, size_t count);
// Is a name at this distance worth suggesting? A text of two letters is near to everything.
bool distance_is_near(int distance, size_t name_length);
