#include "manager/audit.h"

#include "base/memory.h"
#include "engine/policy.h"
#include "manager/audit_kinds.h"
#include "manager/served_kinds.h"

#include <stdio.h>
#include <string.h>
#include <time.h>

struct audit {
    const struct audit_options *options;
    struct audit_summary *summary;
    const struct kube_resource *resource; // whose pages come now
};

static uint64_t now_ns(void) {
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (uint64_t)now.tv_sec * 1000000000u + (uint64_t)now.tv_nsec;
}

static const char *text_of(const struct node *metadata, const char *key) {
    const char *text = node_string(node_get(metadata, key));
    return text ? text : "";
}

static struct audit_count *count_for(struct audit_summary *summary, const char *policy) {
    for (size_t i = 0; i < summary->count; i++) {
        if (strcmp(summary->counts[i].policy, policy) == 0) {
            return &summary->counts[i];
        }
    }
    return NULL;
}

// A policy counts an object once, by the worst that it says.
static void count_policy(struct audit_count *count, const struct decision *decision) {
    bool denies = false;
    bool warns = false;
    for (size_t i = 0; i < decision->violation_count; i++) {
        if (strcmp(decision->violations[i].policy, count->policy) == 0) {
            denies |= violation_denies(&decision->violations[i]);
            warns |= !decision->violations[i].exception;
        }
    }
    count->denied += denies;
    count->warned += warns && !denies;
}

static void count_decision(struct audit_summary *summary, const struct decision *decision) {
    summary->objects++;
    summary->denied_objects += !decision->allowed;
    for (size_t i = 0; i < decision->result_count; i++) {
        const struct policy_result *result = &decision->results[i];
        struct audit_count *count = count_for(summary, result->policy);
        if (count) {
            count_policy(count, decision);
            count->unknown += result->outcome == OUTCOME_UNKNOWN;
            count->faults += result->outcome == OUTCOME_FAULT;
        }
    }
}

static bool judge(struct audit *audit, const struct node *object, struct error *error) {
    const struct audit_options *options = audit->options;
    const struct kube_resource *resource = audit->resource;
    const struct node *metadata = node_get(object, "metadata");
    struct review review = {
        .change = {.operation = OPERATION_CREATE,
                   .key = {resource->group, resource->kind, text_of(metadata, "namespace"),
                           text_of(metadata, "name")},
                   .version = resource->version,
                   .resource = resource->plural,
                   .subresource = "",
                   .object = object},
        .uid = text_of(metadata, "uid"),
        .user = "",
        .dry_run = true,
        .stored = true,
        .door = DOOR_ADMISSION,
        .now = time(NULL),
    };
    if (options->fleet.source.methods) {
        review.before = review.after = &options->fleet.source;
    }
    if (options->fleet.keeper.methods) {
        review.keeper = &options->fleet.keeper;
    }
    CLEANUP(decision_clear) struct decision decision = {0};
    engine_evaluate(options->policies, &review, &decision);
    if (decision.result_count == 0) {
        return true;
    }
    count_decision(audit->summary, &decision);
    char api_version[256];
    snprintf(api_version, sizeof(api_version), "%s%s%s", resource->group, *resource->group ? "/" : "",
             resource->version);
    const struct audit_finding finding = {
        .review = &review, .decision = &decision, .api_version = api_version, .uid = review.uid};
    return !options->found || options->found(options->cookie, &finding, error);
}

static bool judge_page(void *cookie, const struct node *list, struct error *error) {
    struct audit *audit = cookie;
    NODE_EACH(object, node_get(list, "items")) {
        if (audit->options->stop && audit->options->stop(audit->options->cookie)) {
            return error_set(error, ERROR_LIMIT, "the audit was stopped");
        }
        bool is_going = node_get(node_get(object, "metadata"), "deletionTimestamp") != NULL;
        if (!is_going && !served_kinds_is_owned(audit->resource, object) && !judge(audit, object, error)) {
            return false;
        }
    }
    return true;
}

bool audit_run(const struct audit_options *options, struct audit_summary *ret_summary, struct error *error) {
    uint64_t started_ns = now_ns();
    CLEANUP(audit_kinds_free) struct audit_kinds *kinds = NULL;
    if (!audit_kinds_read(options->client, options->policies, &kinds, error)) {
        return false;
    }
    struct audit_summary summary = {0};
    size_t policies = policy_set_count(options->policies);
    for (size_t i = 0; i < policies && i < AUDIT_MOST_POLICIES; i++) {
        summary.counts[summary.count++].policy = policy_set_policy(options->policies, i)->name;
    }
    struct audit audit = {.options = options, .summary = &summary};
    for (size_t i = 0; i < audit_kinds_count(kinds); i++) {
        audit.resource = audit_kinds_resource(kinds, i);
        if (options->namespace && !audit.resource->namespaced) {
            continue;
        }
        // No restart: what was judged twice would be counted twice. The next run starts anew.
        const struct kube_list list = {.resource = audit.resource,
                                       .namespace = audit.resource->namespaced ? options->namespace : NULL,
                                       .limit = options->page_limit ? options->page_limit : 250,
                                       .page = judge_page,
                                       .cookie = &audit};
        if (!kube_list(options->client, &list, error)) {
            return error_wrap(error, "%s", audit.resource->plural);
        }
        summary.kinds++;
    }
    summary.duration_ns = now_ns() - started_ns;
    *ret_summary = summary;
    return true;
}
