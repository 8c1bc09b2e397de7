// fleetgate: finds the command and runs it.
#include "cli/commands.h"
#include "engine/nearest.h"

#include <stdio.h>
#include <string.h>

enum { MOST_COMMANDS = 32 };

static void print_help(FILE *out) {
    fputs("Usage: fleetgate COMMAND [OPTION…] [ARGUMENT…]\n"
          "\n"
          "Guards a fleet of Kubernetes clusters that are declared as Cluster API objects: every create, "
          "update,\n"
          "scale and delete passes its policies first.\n"
          "\n"
          "Commands:\n",
          out);
    for (const struct command *const *command = command_table(); *command; command++) {
        fprintf(out, "  %-12s%s\n", (*command)->name, (*command)->summary);
    }
    fputs("\n"
          "'fleetgate help COMMAND' says more.\n"
          "Exit codes: 0 clean, 1 denied, 2 usage or configuration, 3 could not be evaluated.\n",
          out);
}

static int unknown_command(const char *word) {
    const char *names[MOST_COMMANDS];
    size_t count = 0;
    for (const struct command *const *command = command_table(); *command && count < MOST_COMMANDS;
         command++) {
        names[count++] = (*command)->name;
    }
    const char *nearest = nearest_name(word, names, count);
    const char *what = *word == '-' ? "option" : "command";
    fprintf(stderr, "fleetgate: unknown %s %s", what, word);
    if (nearest) {
        fprintf(stderr, "; did you mean %s?", nearest);
    }
    fputs("\ntry 'fleetgate --help'\n", stderr);
    return EXIT_USAGE;
}

static int run(int argc, char **argv) {
    const struct command *command = command_find(argv[0]);
    return command ? command->run(argc, argv) : unknown_command(argv[0]);
}

// "help check" is "check --help", "help policy list" is "policy list --help".
static int help(int argc, char **argv) {
    static char option[] = "--help";
    if (argc == 1) {
        print_help(stdout);
        return EXIT_CLEAN;
    }
    char *words[] = {argv[1], argc > 2 ? argv[2] : option, option, NULL};
    return run(argc > 2 ? 3 : 2, words);
}

int main(int argc, char **argv) {
    static char version[] = "version";
    static char *version_words[] = {version, NULL};
    if (argc < 2) {
        print_help(stderr);
        return EXIT_USAGE;
    }
    const char *word = argv[1];
    int code;
    if (strcmp(word, "--help") == 0 || strcmp(word, "-h") == 0) {
        print_help(stdout);
        code = EXIT_CLEAN;
    } else if (strcmp(word, "--version") == 0 || strcmp(word, "-V") == 0) {
        code = version_main(1, version_words);
    } else if (strcmp(word, "help") == 0) {
        code = help(argc - 1, argv + 1);
    } else {
        code = run(argc - 1, argv + 1);
    }
    // A full disk or a closed pipe must not look like a clean verdict.
    if (fflush(stdout) != 0 || ferror(stdout)) {
        fputs("fleetgate: can't write to standard output\n", stderr);
        return code == EXIT_CLEAN ? EXIT_NOT_EVALUATED : code;
    }
    return code;
}
