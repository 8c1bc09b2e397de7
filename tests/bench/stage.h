// Everything that the bench needs on disk, in a temporary folder: certificates, eleven policies, and the
// command lines of both servers.
#pragma once

#include "tests/bench/server_process.h"

#include <limits.h>

enum { STAGE_ARGUMENTS = 20 };

struct stage {
    char folder[64];
    char log[96];
    char texts[8][PATH_MAX];
    char *gate_arguments[STAGE_ARGUMENTS];
    char *bare_arguments[STAGE_ARGUMENTS];
    char gate_port[24], gate_ops_port[24], bare_port[8], threads[8];
    struct server_process gate, bare;
    uint16_t ops_port;
};

// program: the fleetgate to measure.
MUST_CHECK bool stage_make(struct stage *stage, const char *program, unsigned threads, struct error *error);
// Stops what runs and removes the folder.
void stage_clear(struct stage *stage);
static inline void stage_clear_cleanup(struct stage *stage) {
    stage_clear(stage);
}
// Starts a server on a port of its own, and waits until it answers; the time from the start to that answer.
MUST_CHECK bool stage_start(struct stage *stage, struct server_process *process, uint64_t *ret_ns,
                            struct error *error);
