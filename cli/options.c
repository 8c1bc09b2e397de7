#include "cli/options.h"

#include "cli/commands.h"
#include "engine/nearest.h"

#include <assert.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

enum { HELP_COLUMN = 26, MOST_NAMES = 64 };

static size_t option_count(const struct command *command) {
    size_t count = 0;
    while (command->options && command->options[count].name) {
        count++;
    }
    return count;
}

static bool takes_maybe(const struct option_entry *entry) {
    return entry->argument && *entry->argument == '[';
}

void option_reader_begin(struct option_reader *reader, const struct command *command, int argc, char **argv) {
    *reader = (struct option_reader){.command = command, .argc = argc, .argv = argv};
    size_t count = option_count(command);
    assert(count <= OPTION_MOST);
    char *letter = reader->letters;
    *letter++ = ':'; // a missing argument is told apart
    for (size_t i = 0; i < count; i++) {
        const struct option_entry *entry = &command->options[i];
        int takes = takes_maybe(entry) ? optional_argument
                    : entry->argument  ? required_argument
                                       : no_argument;
        reader->longs[i] = (struct option){entry->name, takes, NULL, entry->letter};
        if (entry->letter < OPTION_LONG) {
            *letter++ = (char)entry->letter;
            *letter = ':';
            letter += entry->argument != NULL;
        }
    }
    *letter++ = OPTION_HELP;
    *letter = '\0';
    reader->longs[count] = (struct option){"help", no_argument, NULL, OPTION_HELP};
    optind = 0;
    opterr = 0;
}

static void say_unknown(const struct option_reader *reader) {
    const char *word = reader->argv[optind > 0 ? optind - 1 : 0];
    if (optopt && optopt < OPTION_LONG && strncmp(word, "--", 2) != 0) {
        usage_error(reader->command, "unknown option -%c", optopt);
        return;
    }
    int length = (int)strcspn(word, "=");
    if (optopt) { // a known long option that takes no value
        usage_error(reader->command, "option %.*s takes no value", length, word);
        return;
    }
    const char *names[OPTION_MOST + 1] = {"help"};
    size_t count = option_count(reader->command);
    for (size_t i = 0; i < count; i++) {
        names[i + 1] = reader->command->options[i].name;
    }
    char name[NEAREST_MAXIMUM_LENGTH + 1];
    snprintf(name, sizeof(name), "%.*s", length > 2 ? length - 2 : 0, word + 2);
    const char *nearest = nearest_name(name, names, count + 1);
    usage_error(reader->command, nearest ? "unknown option %.*s; did you mean --%s?" : "unknown option %.*s",
                length, word, nearest);
}

int option_reader_next(struct option_reader *reader) {
    int option = getopt_long(reader->argc, reader->argv, reader->letters, reader->longs, NULL);
    reader->value = optarg;
    if (option == OPTION_HELP) {
        command_print_help(reader->command);
    } else if (option == ':') {
        usage_error(reader->command, "option %s needs a value", reader->argv[optind - 1]);
        return OPTION_WRONG;
    } else if (option == OPTION_WRONG) {
        say_unknown(reader);
    }
    return option;
}

int options_exit(int option) {
    return option == OPTION_HELP ? EXIT_CLEAN : EXIT_USAGE;
}

int option_choice(const char *const *choices, const char *value) {
    for (int i = 0; choices[i]; i++) {
        if (strcmp(choices[i], value) == 0) {
            return i;
        }
    }
    return -1;
}

int usage_error(const struct command *command, const char *format, ...) {
    fprintf(stderr, "fleetgate %s: ", command->name);
    va_list arguments;
    va_start(arguments, format);
    vfprintf(stderr, format, arguments);
    va_end(arguments);
    fprintf(stderr, "\ntry 'fleetgate %s --help'\n", command->name);
    return EXIT_USAGE;
}

static void print_row(const char *left, const char *help) {
    int width = printf("  %s", left);
    if (width >= HELP_COLUMN) {
        putchar('\n');
        width = 0;
    }
    printf("%*s%s\n", HELP_COLUMN - width, "", help);
}

static void print_option(const struct option_entry *entry) {
    char left[64];
    bool is_short = entry->letter < OPTION_LONG;
    snprintf(left, sizeof(left), "%c%c%s --%s%s%s", is_short ? '-' : ' ', is_short ? entry->letter : ' ',
             is_short ? "," : " ", entry->name, entry->argument && !takes_maybe(entry) ? " " : "",
             entry->argument ? entry->argument : "");
    print_row(left, entry->help);
}

void command_print_help(const struct command *command) {
    printf("Usage: fleetgate %s%s%s%s\n\n%s.\n", command->name, command->inner ? " COMMAND" : " [OPTION…]",
           *command->arguments ? " " : "", command->arguments, command->summary);
    if (command->inner) {
        puts("\nCommands:");
        for (const struct command *inner = command->inner; inner->name; inner++) {
            char left[64];
            snprintf(left, sizeof(left), "%s%s%s", strrchr(inner->name, ' ') + 1,
                     *inner->arguments ? " " : "", inner->arguments);
            print_row(left, inner->summary);
        }
    }
    puts("\nOptions:");
    for (size_t i = 0; i < option_count(command); i++) {
        print_option(&command->options[i]);
    }
    print_row("-h, --help", "print this");
    if (command->details) {
        printf("\n%s", command->details);
    }
}

int command_run_inner(const struct command *command, int argc, char **argv) {
    const char *names[MOST_NAMES];
    size_t count = 0;
    const char *word = argc > 1 ? argv[1] : "";
    for (const struct command *inner = command->inner; inner->name; inner++) {
        names[count] = strrchr(inner->name, ' ') + 1;
        if (strcmp(word, names[count++]) == 0) {
            return inner->run(argc - 1, argv + 1);
        }
    }
    if (strcmp(word, "-h") == 0 || strcmp(word, "--help") == 0) {
        command_print_help(command);
        return EXIT_CLEAN;
    }
    if (*word == '\0') {
        return usage_error(command, "a command is missing");
    }
    const char *nearest = nearest_name(word, names, count);
    return usage_error(command, nearest ? "unknown command %s; did you mean %s?" : "unknown command %s", word,
                       nearest);
}
