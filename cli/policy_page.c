#include "cli/policy_page.h"

#include "cli/policy_text.h"

#include <string.h>

enum { MOST_CELL = 16 * 1024 };

// One cell of a table: bars escaped, lines joined.
static void append_cell(struct buffer *page, const char *text) {
    for (; *text; text++) {
        if (*text == '|') {
            buffer_append_text(page, "\\|");
        } else {
            buffer_append_char(page, *text == '\n' ? ' ' : *text);
        }
    }
}

static void append_params(struct buffer *page, const struct policy *policy) {
    buffer_append_text(page, "\n## Parameters\n\n");
    if (policy->params->count == 0) {
        buffer_append_text(page, "None.\n");
        return;
    }
    buffer_append_text(page, "| name | type | default | meaning |\n|---|---|---|---|\n");
    for (size_t i = 0; i < policy->params->count; i++) {
        const struct param *param = &policy->params->params[i];
        CLEANUP(buffer_clear) struct buffer type;
        buffer_init(&type, MOST_CELL);
        param_type_text(param, &type);
        buffer_printf(page, "| `%s` | ", param->name);
        append_cell(page, buffer_text(&type));
        buffer_append_text(page, param->default_json ? " | `" : " | ");
        append_cell(page, param->default_json ? param->default_json
                          : param->optional   ? "optional"
                                              : "required");
        buffer_append_text(page, param->default_json ? "` | " : " | ");
        append_cell(page, param->description ? param->description : "");
        buffer_append_text(page, " |\n");
    }
}

void policy_page_write(const struct policy *policy, struct buffer *ret_markdown) {
    buffer_printf(ret_markdown,
                  "# %s\n\n%s.\n\n| severity | category | mode |\n|---|---|---|\n| %s | %s | %s |\n",
                  policy->name, policy->title, severity_name(policy->severity), policy->category,
                  policy_mode_name(policy->mode));
    if (policy->description) {
        size_t length = strlen(policy->description);
        buffer_printf(ret_markdown, "\n%s%s", policy->description,
                      length > 0 && policy->description[length - 1] == '\n' ? "" : "\n");
    }
    buffer_printf(ret_markdown, "\n## What it %s\n\n",
                  policy->validates && policy->mutates ? "judges and fills in"
                  : policy->validates                  ? "judges"
                                                       : "fills in");
    for (size_t i = 0; i < policy_matcher_count(policy); i++) {
        buffer_append_text(ret_markdown, "- ");
        policy_matcher_text(policy, i, ret_markdown);
        buffer_append_char(ret_markdown, '\n');
    }
    append_params(ret_markdown, policy);
    buffer_append_text(ret_markdown, "\n## Example\n\n```yaml\n");
    policy_example(policy, ret_markdown);
    buffer_append_text(ret_markdown, "```\n");
    if (policy->docs) {
        buffer_printf(ret_markdown, "\nSee <%s>.\n", policy->docs);
    }
}

void policy_index_write(const struct policy_set *set, struct buffer *ret_markdown) {
    buffer_append_text(ret_markdown, "# Policies\n\nMade by `fleetgate policy docs`; don't edit.\n\n"
                                     "| policy | severity | category | mode | what it is for |\n"
                                     "|---|---|---|---|---|\n");
    for (size_t i = 0; i < policy_set_count(set); i++) {
        const struct policy *policy = policy_set_policy(set, i);
        buffer_printf(ret_markdown, "| [%s](%s.md) | %s | ", policy->name, policy->name,
                      severity_name(policy->severity));
        append_cell(ret_markdown, policy->category);
        buffer_printf(ret_markdown, " | %s | ", policy_mode_name(policy->mode));
        append_cell(ret_markdown, policy->title);
        buffer_append_text(ret_markdown, " |\n");
    }
}
