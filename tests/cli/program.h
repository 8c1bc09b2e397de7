// Runs the program that is tested, as a user would.
#pragma once

struct program_result {
    int code; // its exit code; 128 + N when signal N ended it
    char *out, *err;
};

// arguments are for a shell, from the source folder; standard input is empty unless they redirect it. Caller
// clears.
void program_run(const char *arguments, struct program_result *ret_result);
void program_result_clear(struct program_result *result);
static inline void program_result_clear_cleanup(struct program_result *result) {
    program_result_clear(result);
}
