// Constant load of good and bad requests for minutes: does the gate grow, or break?
#pragma once

#include "tests/bench/stage.h"

// Prints a line now and then. false when a request was answered wrongly, the gate died, or it grew by more
// than a tenth and 4 MB after the first fifth of the time.
bool soak_run(struct stage *stage, unsigned minutes, unsigned connections);
