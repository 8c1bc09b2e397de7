#include "cli/policy_text.h"

#include "base/memory.h"
#include "engine/nearest.h"

#include <stdio.h>

size_t policy_matcher_count(const struct policy *policy) {
    return policy->object_count + policy->match_clusters;
}

static void append_operations(struct buffer *text, unsigned operations) {
    if ((operations & OPERATIONS_ALL) == OPERATIONS_ALL) {
        buffer_append_text(text, ", on every operation");
        return;
    }
    const char *separator = ", on ";
    for (int operation = OPERATION_CREATE; operation <= OPERATION_DELETE; operation++) {
        if (operations & 1U << operation) {
            buffer_printf(text, "%s%s", separator, operation_name((enum operation)operation));
            separator = " or ";
        }
    }
}

static void append_list(struct buffer *text, const char *what, const struct text_list *list) {
    for (size_t i = 0; i < list->count; i++) {
        buffer_printf(text, "%s%s", i == 0 ? what : " or ", list->items[i]);
    }
}

void policy_matcher_text(const struct policy *policy, size_t index, struct buffer *ret_text) {
    if (index == policy->object_count) {
        buffer_append_text(ret_text, "every object that makes up a cluster (Cluster, control plane, "
                                     "infrastructure, pools, /scale)");
        append_operations(ret_text, policy->cluster_operations);
        return;
    }
    const struct object_matcher *matcher = &policy->objects[index];
    buffer_append_text(ret_text, matcher->kind ? matcher->kind : "every kind");
    if (matcher->subresource && *matcher->subresource) {
        buffer_printf(ret_text, "/%s", matcher->subresource);
    }
    if (matcher->group && *matcher->group == '\0') {
        buffer_append_text(ret_text, " in the core group");
    } else if (matcher->group) {
        buffer_printf(ret_text, " in %s", matcher->group);
    }
    append_operations(ret_text, matcher->operations);
    append_list(ret_text, ", in namespace ", &matcher->namespaces);
    for (size_t i = 0; i < matcher->label_names.count; i++) {
        buffer_printf(ret_text, "%s%s=%s", i == 0 ? ", with label " : " and ", matcher->label_names.items[i],
                      matcher->label_values.items[i]);
    }
    append_list(ret_text, ", by user ", &matcher->users);
    append_list(ret_text, ", by group ", &matcher->groups);
}

static const char *const type_names[] = {
    [PARAM_STRING] = "string",   [PARAM_INTEGER] = "integer", [PARAM_NUMBER] = "number",
    [PARAM_BOOLEAN] = "boolean", [PARAM_LIST] = "list",       [PARAM_MAP] = "map",
};

void param_type_text(const struct param *param, struct buffer *ret_text) {
    buffer_append_text(ret_text, type_names[param->type]);
    if (param->type == PARAM_LIST || param->type == PARAM_MAP) {
        buffer_printf(ret_text, " of %s", type_names[param->items]);
    }
    for (size_t i = 0; i < param->allowed_count; i++) {
        const char *separator = i == 0 ? ": " : i + 1 == param->allowed_count ? " or " : ", ";
        buffer_printf(ret_text, "%s%s", separator, param->allowed[i]);
    }
    if (param->has_minimum && param->has_maximum) {
        buffer_printf(ret_text, " from %.15g to %.15g", param->minimum, param->maximum);
    } else if (param->has_minimum) {
        buffer_printf(ret_text, " from %.15g", param->minimum);
    } else if (param->has_maximum) {
        buffer_printf(ret_text, " up to %.15g", param->maximum);
    }
}

void param_default_text(const struct param *param, struct buffer *ret_text) {
    if (param->default_json) {
        buffer_printf(ret_text, "default %s", param->default_json);
    } else {
        buffer_append_text(ret_text, param->optional ? "optional" : "required");
    }
}

static const char *sample_value(const struct param *param, char *number, size_t size) {
    switch (param->type) {
    case PARAM_STRING:
        return param->allowed_count > 0 ? param->allowed[0] : "\"…\"";
    case PARAM_BOOLEAN:
        return "true";
    case PARAM_LIST:
        return "[]";
    case PARAM_MAP:
        return "{}";
    case PARAM_INTEGER:
    case PARAM_NUMBER:
        break;
    }
    snprintf(number, size, "%.15g", param->has_minimum && param->minimum > 10 ? param->minimum : 10.0);
    return number;
}

void policy_example(const struct policy *policy, struct buffer *ret_yaml) {
    buffer_printf(ret_yaml,
                  "apiVersion: fleetgate.dev/v1alpha1\nkind: Configuration\npolicies:\n  %s:\n    mode: %s\n",
                  policy->name, policy_mode_name(policy->mode));
    if (policy->params->count > 0) {
        buffer_append_text(ret_yaml, "    params:\n");
    }
    for (size_t i = 0; i < policy->params->count; i++) {
        const struct param *param = &policy->params->params[i];
        char number[32];
        buffer_printf(
            ret_yaml, "      %s%s: %s\n", param->default_json || !param->optional ? "" : "# ", param->name,
            param->default_json ? param->default_json : sample_value(param, number, sizeof(number)));
    }
}

const struct policy *policy_lookup(const struct command *command, const struct policy_set *set,
                                   const char *name) {
    const struct policy *policy = policy_set_find(set, name);
    if (policy) {
        return policy;
    }
    size_t count = policy_set_count(set);
    const char **names = memory_calloc(count + 1, sizeof(*names));
    for (size_t i = 0; i < count; i++) {
        names[i] = policy_set_policy(set, i)->name;
    }
    const char *nearest = nearest_name(name, names, count);
    free(names);
    fprintf(stderr, "fleetgate %s: there is no policy %s", command->name, name);
    if (nearest) {
        fprintf(stderr, "; did you mean %s?", nearest);
    }
    fputs("\ntry 'fleetgate policy list'\n", stderr);
    return NULL;
}

static bool is_everywhere(const struct scope *scope) {
    return scope->namespace_count == 0 && scope->excluded_namespace_count == 0 && !scope->labels;
}

const char *policy_mode_text(const struct policy *policy) {
    const struct policy_settings *settings = policy->settings;
    if (!settings || settings->count == 0) {
        return policy_mode_name(policy->mode);
    }
    if (settings->count > 1 || !is_everywhere(&settings->settings[0].scope)) {
        return "mixed";
    }
    const struct policy_setting *setting = &settings->settings[0];
    if (!setting->has_mode) {
        return policy_mode_name(policy->mode);
    }
    for (enum door door = 1; door < DOOR_COUNT; door++) {
        if (setting->modes[door] != setting->modes[0]) {
            return "mixed";
        }
    }
    return policy_mode_name(setting->modes[0]);
}
