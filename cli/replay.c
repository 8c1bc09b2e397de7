// fleetgate replay: what other policies would have said to the decisions of a log.
#include "cli/commands.h"
#include "cli/policy_files.h"
#include "cli/replay_line.h"
#include "cli/replay_report.h"
#include "engine/engine.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

static const char *const formats[] = {"text", "json", NULL};

static const struct option_entry options[] = {
    OPTION_CONFIG,
    OPTION_POLICIES,
    {'o', "output", "FMT", "text or json", formats},
    {0, NULL, NULL, NULL, NULL},
};

const struct command replay_command = {
    .name = "replay",
    .arguments = "LOG…|-",
    .summary = "Judges the decisions of a log again and says what other policies would change",
    .details =
        "LOG is what 'fleetgate serve --decision-log LOG' wrote, rotated files too: LOG.2 LOG.1 LOG. Each\n"
        "record is judged by the policies at hand, as the same user and at the same time (for exceptions).\n"
        "The fleet of then is not in the log: where a policy reads other objects, a limit over the fleet or\n"
        "a masked value, the verdict is undecided, unless it was unknown then too.\n"
        "\n"
        "Exit code: 0 no verdict, reason or patch changes, 1 some do, 2 usage or configuration, 3 nothing "
        "could be\nreplayed.\n",
    .options = options,
    .run = replay_main,
};

struct replay {
    struct policy_set *policies;
    struct replay_report report;
};

static void say(const char *file, unsigned long line, const char *what) {
    fprintf(stderr, "fleetgate replay: %s:%lu: %s\n", file, line, what);
}

static void judge(struct replay *replay, const char *file, unsigned long line,
                  const struct replay_record *record) {
    CLEANUP(arena_free) struct arena *arena = arena_new();
    CLEANUP(decision_clear) struct decision decision = {0};
    if (record->mutates) {
        engine_mutate(replay->policies, &record->review, &decision);
    } else {
        engine_evaluate(replay->policies, &record->review, &decision);
    }
    struct replay_difference difference;
    replay_compare(record, &decision, arena, &difference);
    replay_report_add(
        &replay->report,
        &(struct replay_entry){
            .file = file, .line = line, .record = record, .decision = &decision, .difference = &difference});
}

static void replay_line(struct replay *replay, const char *file, const struct line_reader *reader) {
    struct error error = {0};
    CLEANUP(replay_record_clear) struct replay_record record = {0};
    if (reader->too_long) {
        say(file, reader->number, "the line is longer than 4 MiB");
        replay->report.bad++;
    } else if (reader->length == 0) {
        return;
    } else if (!replay_record_read(reader->text, reader->length, &record, &error)) {
        say(file, reader->number, error.message);
        replay->report.bad++;
    } else if (record.dropped) {
        fprintf(stderr, "fleetgate replay: %s:%lu: not replayed, the record has no input: %s\n", file,
                reader->number, record.dropped);
        replay->report.dropped++;
    } else {
        judge(replay, file, reader->number, &record);
    }
}

// False: it can't be read, which was said.
static bool replay_file(struct replay *replay, const char *path) {
    bool is_stdin = strcmp(path, "-") == 0;
    FILE *file = is_stdin ? stdin : fopen(path, "re");
    const char *name = is_stdin ? "<stdin>" : path;
    struct stat status;
    if (file && fstat(fileno(file), &status) == 0 && S_ISDIR(status.st_mode)) {
        fclose(file);
        file = NULL;
        errno = EISDIR;
    }
    if (!file) {
        fprintf(stderr, "fleetgate replay: %s: %s\n", name, strerror(errno));
        return false;
    }
    struct line_reader reader = {.file = file};
    while (line_reader_next(&reader)) {
        replay_line(replay, name, &reader);
    }
    bool good = ferror(file) == 0;
    if (!good) {
        fprintf(stderr, "fleetgate replay: %s: %s\n", name, strerror(errno));
    }
    free(reader.text);
    if (!is_stdin) {
        fclose(file);
    }
    return good;
}

static int replay_files(struct replay *replay, char **paths) {
    bool good = true;
    replay_report_begin(&replay->report, policy_set_digest(replay->policies));
    for (char **path = paths; *path; path++) {
        good &= replay_file(replay, *path);
    }
    replay_report_end(&replay->report);
    const struct replay_report *report = &replay->report;
    bool changes =
        report->counts[REPLAY_DENIED] + report->counts[REPLAY_ALLOWED] + report->counts[REPLAY_DIFFERENT] > 0;
    int code = !good                                 ? EXIT_USAGE
               : replay_report_replayed(report) == 0 ? EXIT_NOT_EVALUATED
               : changes                             ? EXIT_DENIED
                                                     : EXIT_CLEAN;
    replay_report_clear(&replay->report);
    return code;
}

int replay_main(int argc, char **argv) {
    struct policy_set_request request = {.evaluators = 1};
    struct replay replay = {.report = {.out = stdout}};
    struct option_reader reader;
    option_reader_begin(&reader, &replay_command, argc, argv);
    for (int option; (option = option_reader_next(&reader)) != OPTION_END;) {
        if (option == 'c') {
            request.configuration = reader.value;
        } else if (option == 'p') {
            request.policies = reader.value;
        } else if (option == 'o' && option_choice(formats, reader.value) >= 0) {
            replay.report.json = option_choice(formats, reader.value) == 1;
        } else {
            return option == 'o' ? usage_error(&replay_command, "unknown format %s; there are text and json",
                                               reader.value)
                                 : options_exit(option);
        }
    }
    if (optind == argc) {
        return usage_error(&replay_command, "name decision logs, or - for standard input");
    }
    struct error error = {0};
    if (!policy_files_load(&request, &replay.policies, &error)) {
        fprintf(stderr, "fleetgate replay: %s\n", error.message);
        return EXIT_USAGE;
    }
    int code = replay_files(&replay, argv + optind);
    policy_set_unref(replay.policies);
    return code;
}
