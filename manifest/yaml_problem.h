// libyaml's complaints in words that say what to do.
#pragma once

#include <stddef.h>

// problem as libyaml has it; character is the one it stopped at. Static, or problem itself.
const char *yaml_problem_words(const char *problem, char character);
