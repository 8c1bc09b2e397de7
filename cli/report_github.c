#include "cli/report.h"

#include <string.h>

// GitHub shows ten annotations of a kind for each step.
enum { MOST_SHOWN = 10 };

static const char *command_of(enum finding_result result) {
    switch (result) {
    case FINDING_ERROR:
    case FINDING_DENY:
    case FINDING_FAULT:
    case FINDING_UNKNOWN:
        return "error";
    case FINDING_WARN:
        return "warning";
    default:
        return "notice";
    }
}

// https://docs.github.com/actions/reference/workflow-commands-for-github-actions: %, CR and LF always, and :
// and , in properties.
static void print_escaped(FILE *out, const char *text, bool is_property) {
    for (; *text; text++) {
        bool special = strchr(is_property ? "%\r\n:," : "%\r\n", *text) != NULL;
        if (special) {
            fprintf(out, "%%%02X", (unsigned char)*text);
        } else {
            fputc(*text, out);
        }
    }
}

static void print_line(FILE *out, const char *name, const char *text) {
    if (text && *text) {
        fprintf(out, "%%0A%s", name);
        print_escaped(out, text, false);
    }
}

static void print_finding(FILE *out, const struct finding *finding) {
    const struct place *place = &finding->place;
    fprintf(out, "::%s ", command_of(finding->result));
    if (place->file) {
        fputs("file=", out);
        print_escaped(out, place->file, true);
        fputc(',', out);
    }
    if (place->line > 0) {
        fprintf(out, "line=%u,endLine=%u,col=%u,endColumn=%u,", place->line, place->end_line, place->column,
                place->end_column);
    }
    fputs("title=fleetgate", out);
    if (finding->policy) {
        fputc(' ', out);
        print_escaped(out, finding->policy, true);
    }
    fputs("::", out);
    print_escaped(out, finding->headline, false);
    print_line(out, "", finding->detail);
    print_line(out, "fix: ", finding->hint);
    print_line(out, "docs: ", finding->docs);
    fputc('\n', out);
}

static bool is_kind(const struct finding *finding, const char *command) {
    return strcmp(command_of(finding->result), command) == 0;
}

void report_github(const struct report *report, FILE *out) {
    static const char *const commands[] = {"error", "warning", "notice"};
    const struct finding_list *list = report->findings;
    for (size_t c = 0; c < sizeof(commands) / sizeof(commands[0]); c++) {
        size_t count = 0;
        for (size_t i = 0; i < list->count; i++) {
            if (is_kind(&list->items[i], commands[c]) && count++ < MOST_SHOWN) {
                print_finding(out, &list->items[i]);
            }
        }
        if (count > MOST_SHOWN) {
            fprintf(out, "fleetgate: %zu more of level %s are not shown as annotations\n", count - MOST_SHOWN,
                    commands[c]);
        }
    }
}
