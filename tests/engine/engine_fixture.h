// A policy set from texts and reviews from JSON, for tests of the engine.
#pragma once

#include "engine/engine.h"
#include "engine/policy.h"
#include "tests/support/documents.h"

struct fixture {
    uint64_t budget_ns; // 0: the default
    struct policy_set *set;
    struct document *object, *old_object;
    struct review review;
    struct decision decision;
};

static inline bool fixture_try_load(struct fixture *fixture, const char *policy, const char *configuration,
                                    struct error *error) {
    struct policy_source source = {.name = "policies/test.lua", .text = policy, .length = strlen(policy)};
    struct policy_set_options options = {.sources = &source,
                                         .source_count = 1,
                                         .evaluators = 1,
                                         .policy_budget_ns = fixture->budget_ns,
                                         .configuration_file = "fleetgate.yaml",
                                         .configuration = configuration ? document_of(configuration) : NULL};
    return policy_set_load(&options, &fixture->set, error);
}

static inline void fixture_load(struct fixture *fixture, const char *policy, const char *configuration) {
    struct error error = {0};
    if (!fixture_try_load(fixture, policy, configuration, &error)) {
        fail_msg("the policy does not load: %s", error.message);
    }
}

static inline const char *fixture_text(const struct node *object, const char *first, const char *second) {
    const struct node *node = node_get(object, first);
    const char *text = node_string(second ? node_get(node, second) : node);
    return text ? text : "";
}

// object or old may be NULL: a DELETE or a CREATE.
static inline void fixture_review(struct fixture *fixture, const char *object, const char *old) {
    decision_clear(&fixture->decision);
    document_free(fixture->object);
    document_free(fixture->old_object);
    fixture->object = object ? document_of(object) : NULL;
    fixture->old_object = old ? document_of(old) : NULL;
    const struct node *node = document_root(fixture->object ? fixture->object : fixture->old_object);
    struct object_change *change = &fixture->review.change;
    *change =
        (struct object_change){.operation = !object ? OPERATION_DELETE
                                            : old   ? OPERATION_UPDATE
                                                    : OPERATION_CREATE,
                               .key = {.group = "example.org",
                                       .kind = fixture_text(node, "kind", NULL),
                                       .namespace = fixture_text(node, "metadata", "namespace"),
                                       .name = fixture_text(node, "metadata", "name")},
                               .version = "v1",
                               .resource = "things",
                               .subresource = "",
                               .object = fixture->object ? document_root(fixture->object) : NULL,
                               .old_object = fixture->old_object ? document_root(fixture->old_object) : NULL};
    fixture->review.uid = "8f3a51c2-0000";
    fixture->review.user = "alice";
}

static inline const struct decision *fixture_evaluate(struct fixture *fixture, const char *object,
                                                      const char *old) {
    fixture_review(fixture, object, old);
    engine_evaluate(fixture->set, &fixture->review, &fixture->decision);
    return &fixture->decision;
}

static inline const struct decision *fixture_mutate(struct fixture *fixture, const char *object,
                                                    const char *old) {
    fixture_review(fixture, object, old);
    engine_mutate(fixture->set, &fixture->review, &fixture->decision);
    return &fixture->decision;
}

static inline void fixture_clear(struct fixture *fixture) {
    decision_clear(&fixture->decision);
    document_free(fixture->object);
    document_free(fixture->old_object);
    policy_set_unref(fixture->set);
    memset(fixture, 0, sizeof(*fixture));
}

// A policy file around the body of validate.
#define POLICY_HEAD                                                                                          \
    "return policy { name = 'test', title = 'A test', severity = 'high', category = 'test',\n"               \
    "  match = { objects = { { kind = 'Thing' } } },\n"
#define VALIDATE(body) POLICY_HEAD "  validate = function(change, params, report)\n" body "\n  end }\n"
