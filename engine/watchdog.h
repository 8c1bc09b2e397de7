// Ends Lua code that runs too long, without costing the code that does not.
//
// A count hook makes every Lua instruction slower (2.1 times, measured), so none is set. While a thread
// evaluates, a timer signal ticks on that thread; when a tick finds the budget spent, it sets the hook, which
// then raises an error at the next instruction and stays until watchdog_stop. Policies have no pcall, so
// nothing can swallow it.
#pragma once

#include <lua.h>
#include <stdbool.h>
#include <stdint.h>

enum watchdog_verdict { WATCHDOG_FINE, WATCHDOG_TIME, WATCHDOG_DEADLINE };

// From now until watchdog_stop, this thread runs Lua code in state. budget_ns: CPU time of one piece of work
// (see watchdog_next), enforced to within two ticks of 5 ms. deadline_ns: CLOCK_MONOTONIC, 0 for none.
void watchdog_start(lua_State *state, uint64_t budget_ns, uint64_t deadline_ns);
// The next piece of work begins: its CPU budget counts from here. Clears a verdict and its hook.
void watchdog_next(void);
void watchdog_stop(void);
// Why the piece of work was ended, or WATCHDOG_FINE.
enum watchdog_verdict watchdog_verdict(void);
// Raises the error if a verdict is in; for C functions that loop on behalf of a policy, and for other hooks.
void watchdog_check(lua_State *state);

// The error value that ends a policy.
extern const char watchdog_error;
// CLOCK_MONOTONIC in nanoseconds.
