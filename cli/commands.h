// The subcommands: one file each. argv[0] is the subcommand's name; the result is the exit code.
#pragma once

#include "cli/options.h"

#include <stddef.h>

enum exit_code {
    EXIT_CLEAN = 0,
    EXIT_DENIED = 1,
    EXIT_USAGE = 2,         // usage or configuration
    EXIT_NOT_EVALUATED = 3, // could not evaluate: unparsable, policy error, unknown, nothing matched
};

int audit_main(int argc, char **argv);
int breaker_main(int argc, char **argv);
int certs_main(int argc, char **argv);
int check_main(int argc, char **argv);
int completion_main(int argc, char **argv);
int describe_main(int argc, char **argv);
int explain_main(int argc, char **argv);
int get_main(int argc, char **argv);
int install_main(int argc, char **argv);
int keys_main(int argc, char **argv);
int policy_main(int argc, char **argv);
int replay_main(int argc, char **argv);
int review_main(int argc, char **argv);
int run_main(int argc, char **argv);
int serve_main(int argc, char **argv);
int test_main(int argc, char **argv);
int version_main(int argc, char **argv);

// What the commands take, for --help and completion.
extern const struct command describe_command, get_command, run_command;
extern const struct command audit_command, breaker_command, certs_command, check_command, completion_command,
    explain_command, install_command, keys_command, policy_command, replay_command, review_command,
    serve_command, test_command, version_command;

// All commands, by name; NULL ends the table.
const struct command *const *command_table(void);
const struct command *command_find(const char *name); // NULL: there is none
