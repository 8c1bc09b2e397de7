#include "manager/audit.h"

#include "base/clock.h"
#include "base/hash.h"
#include "engine/policy.h"
#include "manager/audit_kinds.h"
#include "manager/served_kinds.h"
#include "manager/told_set.h"

#include <stdio.h>
#include <string.h>
#include <time.h>

struct audit {
    const struct audit_options *options;
    struct audit_summary *summary;
    const struct kube_resource *resource; // whose pages come now
    struct told_set told;
};

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

static uint64_t digest_of(const struct object_key *account, const struct budget_demand *demand) {
    const char *const parts[] = {
        account->group, account->kind, account->namespace, account->name,
        demand->name,   demand->per,   demand->group,      demand->value ? demand->value : ""};
    uint64_t digest = HASH_START;
    for (size_t i = 0; i < sizeof(parts) / sizeof(parts[0]); i++) {
        digest = hash_text(digest, parts[i]);
    }
    return digest;
}

// All parts of a cluster ask for its share of a limit: that it does not fit is told with the first one.
static bool ask(void *cookie, const struct budget_request *request, struct arena *arena,
                struct budget_answer *ret_answers, struct error *error) {
    struct audit *audit = cookie;
    const struct budget_keeper *keeper = &audit->options->fleet.keeper;
    if (!keeper->methods->ask(keeper->cookie, request, arena, ret_answers, error)) {
        return false;
    }
    for (size_t i = 0; i < request->demand_count; i++) {
        const struct budget_demand *demand = &request->demands[i];
        if (!ret_answers[i].fits && demand->kind != BUDGET_FIELD) {
            ret_answers[i].fits = !told_set_add(&audit->told, digest_of(&request->account, demand));
        }
    }
    return true;
}

static const struct budget_keeper_methods audit_keeper_methods = {ask};

static const struct fragment *find_nothing(void *cookie, struct arena *arena, const struct object_key *key) {
    (void)cookie, (void)arena, (void)key;
    return NULL;
}

static void add_nothing(void *cookie, struct arena *arena, const struct object_key *key,
                        struct fragment_list *list) {
    (void)cookie, (void)arena, (void)key, (void)list;
}

static void add_nothing_labelled(void *cookie, struct arena *arena, const char *label, const char *value,
                                 struct fragment_list *list) {
    (void)cookie, (void)arena, (void)label, (void)value, (void)list;
}

// Before it, nothing was there.
static const struct view_source_methods nothing_methods = {find_nothing, add_nothing, add_nothing,
                                                           add_nothing_labelled};
static const struct view_source nothing = {&nothing_methods, NULL, true};

static bool judge(struct audit *audit, const struct node *object, struct error *error) {
    const struct audit_options *options = audit->options;
    const struct kube_resource *resource = audit->resource;
    const struct node *metadata = node_get(object, "metadata");
    struct review review = {
        .change = {.operation = OPERATION_CREATE,
                   .key = {resource->group, resource->kind, node_get_text(metadata, "namespace"),
                           node_get_text(metadata, "name")},
                   .version = resource->version,
                   .resource = resource->plural,
                   .subresource = "",
                   .object = object},
        .uid = node_get_text(metadata, "uid"),
        .user = "",
        .dry_run = true,
        .stored = true,
        .door = DOOR_ADMISSION,
        .now = time(NULL),
    };
    const struct budget_keeper keeper = {&audit_keeper_methods, audit};
    if (options->fleet.source.methods) {
        review.before = &nothing; // so nothing is excused
        review.after = &options->fleet.source;
    }
    if (options->fleet.keeper.methods) {
        review.keeper = &keeper;
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
    uint64_t started_ns = clock_now_ns();
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
            told_set_clear(&audit.told);
            return error_wrap(error, "%s", audit.resource->plural);
        }
        summary.kinds++;
    }
    told_set_clear(&audit.told);
    summary.duration_ns = clock_now_ns() - started_ns;
    *ret_summary = summary;
    return true;
}
