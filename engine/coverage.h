// Which lines of the policy files ran: for `fleetgate test`.
#pragma once

#include "base/attributes.h"

#include <lua.h>
#include <stdbool.h>
#include <stddef.h>

struct line_coverage;

struct line_coverage *line_coverage_new(void);
void line_coverage_free(struct line_coverage *coverage);
// Records lines in this state until a watchdog verdict; call before each run.
void line_coverage_watch(lua_State *state);
bool line_coverage_ran(const struct line_coverage *coverage, const char *file, int line);
