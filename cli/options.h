// The options of every command: read, explained and refused in the same words.
#pragma once

#include "base/attributes.h"

#include <getopt.h>
#include <stdbool.h>

// One option. Tables end with a NULL name; --help is added to each.
struct option_entry {
    int letter;                 // 'o'; from OPTION_LONG on: it has only its long name
    const char *name;           // "output"
    const char *argument;       // "FMT[=FILE]"; NULL: it takes none; "[=TIME]": only behind an equals sign
    const char *help;           // what it does, in one line
    const char *const *choices; // the values it takes, ended by NULL, for shells to complete; may be NULL
};

enum { OPTION_END = -1, OPTION_HELP = 'h', OPTION_WRONG = '?', OPTION_LONG = 256, OPTION_MOST = 64 };

// Options that several commands share.
#define OPTION_CONFIG                                                                                        \
    { 'c', "config", "FILE", "configuration: modes, parameters and exceptions (YAML)", NULL }
#define OPTION_POLICIES                                                                                      \
    { 'p', "policies", "DIR", "policies of this directory in place of the built-in ones", NULL }

struct command {
    const char *name;      // "check"; of a command inside another: "policy list"
    const char *arguments; // "PATH…|-"; "" for none
    const char *summary;   // one line
    const char *details;   // lines for --help, or NULL
    const struct option_entry *options;
    const struct command *inner;       // commands inside this one, ended by a NULL name; or NULL
    int (*run)(int argc, char **argv); // argv[0] is the last word of name; NULL: another function does it
};

// Reads one command's arguments. Not for two threads at a time: getopt has one state.
struct option_reader {
    const struct command *command;
    int argc;
    char **argv;
    const char *value; // of the option read last; NULL: none was given
    struct option longs[OPTION_MOST + 2];
    char letters[2 * OPTION_MOST + 4];
};

void option_reader_begin(struct option_reader *reader, const struct command *command, int argc, char **argv);
// The letter of the next option; OPTION_END when only operands are left, at argv[optind] and behind.
// OPTION_HELP and OPTION_WRONG have been answered on stdout and stderr: the command returns options_exit of
// them.
int option_reader_next(struct option_reader *reader);
int options_exit(int option);
// The place of value among choices (ended by NULL), or -1.
int option_choice(const char *const *choices, const char *value);

// "fleetgate check: <text>" and "try 'fleetgate check --help'" on stderr; returns EXIT_USAGE.
int usage_error(const struct command *command, const char *format, ...) PRINTF_LIKE(2, 3);
void command_print_help(const struct command *command);
// Runs the inner command that argv[1] names; an unknown one is answered with the nearest.
int command_run_inner(const struct command *command, int argc, char **argv);
