// fleetgate version
#include "cli/commands.h"

#include <stdio.h>

const struct command version_command = {
    .name = "version",
    .arguments = "",
    .summary = "Prints the version of this program",
    .run = version_main,
};

int version_main(int argc, char **argv) {
    struct option_reader reader;
    option_reader_begin(&reader, &version_command, argc, argv);
    int option = option_reader_next(&reader);
    if (option != OPTION_END) {
        return options_exit(option);
    }
    if (optind < argc) {
        return usage_error(&version_command, "unexpected argument %s", argv[optind]);
    }
    puts("fleetgate " FLEETGATE_VERSION);
    return EXIT_CLEAN;
}
