// How much time has passed.
#pragma once

#include <stdint.h>

uint64_t clock_now_ns(void); // CLOCK_MONOTONIC, which deadlines are of
