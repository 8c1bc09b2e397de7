#include "cli/commands.h"

#include <string.h>

static const struct command *const table[] = {
    &audit_command,   &breaker_command,    &certs_command,
    &check_command,   &completion_command, &describe_command,
    &explain_command, &get_command,        &install_command,
    &keys_command,    &policy_command,     &replay_command,
    &review_command,  &run_command,        &serve_command,
    &test_command,    &version_command,    NULL,
};

const struct command *const *command_table(void) {
    return table;
}

const struct command *command_find(const char *name) {
    for (const struct command *const *command = table; *command; command++) {
        if (strcmp((*command)->name, name) == 0) {
            return *command;
        }
    }
    return NULL;
}
