// fleetgate completion: scripts for shells, made from the table of commands and options.
#include "cli/commands.h"

#include <stdio.h>
#include <string.h>

static const char *const shells[] = {"bash", "fish", "zsh", NULL};

const struct command completion_command = {
    .name = "completion",
    .arguments = "bash|fish|zsh",
    .summary = "Prints a script that completes commands and options in a shell",
    .details = "  bash: source <(fleetgate completion bash)\n"
               "  zsh:  source <(fleetgate completion zsh)\n"
               "  fish: fleetgate completion fish | source\n",
    .run = completion_main,
};

static const char *inner_word(const struct command *command) {
    const char *space = strrchr(command->name, ' ');
    return space ? space + 1 : command->name;
}

// Calls once for each command and each command inside one.
static void each_command(void (*print)(const struct command *outer, const struct command *command)) {
    for (const struct command *const *command = command_table(); *command; command++) {
        print(NULL, *command);
        for (const struct command *inner = (*command)->inner; inner && inner->name; inner++) {
            print(*command, inner);
        }
    }
}

static void print_words(const struct command *command) {
    for (const struct command *inner = command->inner; inner && inner->name; inner++) {
        printf("%s ", inner_word(inner));
    }
    for (const struct option_entry *option = command->options; option && option->name; option++) {
        printf("--%s ", option->name);
    }
    fputs("--help", stdout);
}

static bool takes_policy(const struct command *command) {
    return strcmp(command->arguments, "POLICY") == 0;
}

static void bash_words(const struct command *outer, const struct command *command) {
    printf("        '%s%s%s') words='", outer ? outer->name : command->name, outer ? " " : "",
           outer ? inner_word(command) : "");
    print_words(command);
    fputs("'", stdout);
    if (strcmp(command->name, "completion") == 0) {
        fputs("; words+=' bash fish zsh'", stdout);
    } else if (takes_policy(command)) {
        fputs("; words+=\" $(fleetgate policy list --names 2>/dev/null)\"", stdout);
    }
    puts(" ;;");
}

static void bash_choices(const struct command *outer, const struct command *command) {
    (void)outer;
    for (const struct option_entry *option = command->options; option && option->name; option++) {
        if (!option->choices) {
            continue;
        }
        printf("        '%s --%s'", command->name, option->name);
        if (option->letter < OPTION_LONG) {
            printf("|'%s -%c'", command->name, option->letter);
        }
        fputs(") words='", stdout);
        for (const char *const *choice = option->choices; *choice; choice++) {
            printf("%s%s", choice == option->choices ? "" : " ", *choice);
        }
        puts("' ;;");
    }
}

static void print_bash(void) {
    puts("# fleetgate completion bash\n"
         "_fleetgate() {\n"
         "    local current=${COMP_WORDS[COMP_CWORD]} previous=${COMP_WORDS[COMP_CWORD-1]} words=\n"
         "    local command=${COMP_WORDS[1]:-}\n"
         "    COMPREPLY=()\n"
         "    if ((COMP_CWORD == 1)); then");
    fputs("        words='", stdout);
    for (const struct command *const *command = command_table(); *command; command++) {
        printf("%s ", (*command)->name);
    }
    puts("help --help --version'\n"
         "        mapfile -t COMPREPLY < <(compgen -W \"$words\" -- \"$current\")\n"
         "        return\n"
         "    fi\n"
         "    case $command in");
    fputs("        ", stdout);
    const char *bar = "";
    for (const struct command *const *command = command_table(); *command; command++) {
        if ((*command)->inner) {
            printf("%s%s", bar, (*command)->name);
            bar = "|";
        }
    }
    puts(") ((COMP_CWORD == 2)) || command+=\" ${COMP_WORDS[2]}\" ;;\n"
         "    esac\n"
         "    case \"$command $previous\" in");
    each_command(bash_choices);
    puts("    esac\n"
         "    if [[ -n $words ]]; then\n"
         "        mapfile -t COMPREPLY < <(compgen -W \"$words\" -- \"$current\")\n"
         "        return\n"
         "    fi\n"
         "    case $command in");
    each_command(bash_words);
    puts("    esac\n"
         "    if [[ $current == -* || $words != -* ]]; then\n"
         "        mapfile -t COMPREPLY < <(compgen -W \"$words\" -- \"$current\")\n"
         "    fi\n"
         "    ((${#COMPREPLY[@]})) || compopt -o default\n"
         "}\n"
         "complete -F _fleetgate fleetgate");
}

// A text in single quotes, for fish and zsh; zsh also escapes what its specifications use.
static void print_quoted(const char *text, const char *escaped) {
    for (; *text; text++) {
        if (*text == '\'') {
            fputs("'\\''", stdout);
        } else {
            if (strchr(escaped, *text)) {
                putchar('\\');
            }
            putchar(*text);
        }
    }
}

static void zsh_options(const struct command *command) {
    for (const struct option_entry *option = command->options; option && option->name; option++) {
        bool maybe = option->argument && *option->argument == '[';
        printf(" \\\n            '*--%s%s[", option->name, maybe ? "=-" : option->argument ? "=" : "");
        print_quoted(option->help, "[]:\\");
        putchar(']');
        if (option->choices) {
            fputs(":value:(", stdout);
            for (const char *const *choice = option->choices; *choice; choice++) {
                printf("%s%s", choice == option->choices ? "" : " ", *choice);
            }
            putchar(')');
        } else if (option->argument) {
            fputs(maybe ? "::value:" : ":value:_files", stdout);
        }
        putchar('\'');
    }
    fputs(" \\\n            '--help[print help]'", stdout);
}

static void zsh_case(const struct command *outer, const struct command *command) {
    (void)outer;
    printf("        '%s')\n            _arguments", command->name);
    zsh_options(command);
    if (command->inner) {
        fputs(" \\\n            '1:command:(", stdout);
        for (const struct command *inner = command->inner; inner->name; inner++) {
            printf("%s%s", inner == command->inner ? "" : " ", inner_word(inner));
        }
        fputs(")'", stdout);
    } else if (takes_policy(command)) {
        fputs(" \\\n            '1:policy:($(fleetgate policy list --names 2>/dev/null))'", stdout);
    } else if (strcmp(command->name, "completion") == 0) {
        fputs(" \\\n            '1:shell:(bash fish zsh)'", stdout);
    } else if (*command->arguments) {
        fputs(" \\\n            '*:file:_files'", stdout);
    }
    puts(" ;;");
}

static void print_zsh(void) {
    puts("#compdef fleetgate\n"
         "_fleetgate() {\n"
         "    local -a commands=(");
    for (const struct command *const *command = command_table(); *command; command++) {
        printf("        '%s:", (*command)->name);
        print_quoted((*command)->summary, ":\\");
        puts("'");
    }
    puts("    )\n"
         "    if ((CURRENT == 2)); then\n"
         "        _describe command commands\n"
         "        return\n"
         "    fi\n"
         "    local command=$words[2]\n"
         "    shift words; ((CURRENT--))\n"
         "    case $command in");
    fputs("        ", stdout);
    const char *bar = "";
    for (const struct command *const *command = command_table(); *command; command++) {
        if ((*command)->inner) {
            printf("%s%s", bar, (*command)->name);
            bar = "|";
        }
    }
    puts(")\n"
         "            if ((CURRENT > 2)); then\n"
         "                command+=\" $words[2]\"\n"
         "                shift words; ((CURRENT--))\n"
         "            fi ;;\n"
         "    esac\n"
         "    case $command in");
    each_command(zsh_case);
    puts("    esac\n"
         "}\n"
         "if [[ $funcstack[1] == _fleetgate ]]; then _fleetgate \"$@\"; else compdef _fleetgate fleetgate; "
         "fi");
}

static void fish_condition(const struct command *outer, const struct command *command) {
    printf("complete -c fleetgate -n '__fish_seen_subcommand_from %s", outer ? outer->name : command->name);
    if (outer) {
        printf("; and __fish_seen_subcommand_from %s", inner_word(command));
    }
    putchar('\'');
}

static void fish_command(const struct command *outer, const struct command *command) {
    if (outer) {
        printf("complete -c fleetgate -f -n '__fish_seen_subcommand_from %s' -a %s -d '", outer->name,
               inner_word(command));
    } else {
        printf("complete -c fleetgate -f -n __fish_use_subcommand -a %s -d '", command->name);
    }
    print_quoted(command->summary, "\\");
    puts("'");
    for (const struct option_entry *option = command->options; option && option->name; option++) {
        fish_condition(outer, command);
        printf(" -l %s", option->name);
        if (option->letter < OPTION_LONG) {
            printf(" -s %c", option->letter);
        }
        fputs(option->argument && *option->argument != '[' ? " -r" : "", stdout);
        if (option->choices) {
            fputs(" -f -a '", stdout);
            for (const char *const *choice = option->choices; *choice; choice++) {
                printf("%s%s", choice == option->choices ? "" : " ", *choice);
            }
            putchar('\'');
        }
        fputs(" -d '", stdout);
        print_quoted(option->help, "\\");
        puts("'");
    }
    if (takes_policy(command)) {
        fish_condition(outer, command);
        puts(" -f -a '(fleetgate policy list --names 2>/dev/null)'");
    } else if (strcmp(command->name, "completion") == 0) {
        fish_condition(outer, command);
        puts(" -f -a 'bash fish zsh'");
    }
}

static void print_fish(void) {
    puts("# fleetgate completion fish");
    each_command(fish_command);
}

int completion_main(int argc, char **argv) {
    static void (*const printers[])(void) = {print_bash, print_fish, print_zsh};
    struct option_reader reader;
    option_reader_begin(&reader, &completion_command, argc, argv);
    int option = option_reader_next(&reader);
    if (option != OPTION_END) {
        return options_exit(option);
    }
    if (optind + 1 != argc) {
        return usage_error(&completion_command, "name one shell: bash, fish or zsh");
    }
    for (size_t i = 0; shells[i]; i++) {
        if (strcmp(argv[optind], shells[i]) == 0) {
            printers[i]();
            return EXIT_CLEAN;
        }
    }
    return usage_error(&completion_command, "unknown shell %s; there are bash, fish and zsh", argv[optind]);
}
