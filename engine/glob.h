// Globs as users write them in scopes and region lists: * any run, ? one character, [abc] is not special.
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

// At worst strlen(pattern) * strlen(text) steps; no backtracking beyond the last star.
bool glob_match(const char *pattern, const char *text);

enum glob_outcome { GLOB_DIFFERS, GLOB_MATCHES, GLOB_TOO_LONG };

// The same for texts that a policy makes, which may hold NUL bytes. *steps is what the match may still cost
// and counts down; GLOB_TOO_LONG when it is used up.
enum glob_outcome glob_match_sized(const char *pattern, size_t pattern_length, const char *text,
                                   size_t text_length, uint64_t *steps);
