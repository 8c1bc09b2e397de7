#include "engine/policy_test.h"

#include "base/json_reader.h"
#include "base/memory.h"
#include "engine/bytecode.h"
#include "engine/coverage.h"
#include "engine/engine.h"
#include "engine/evaluator.h"
#include "engine/lua_json.h"
#include "engine/policy_test_case.h"
#include "engine/policy_test_verdict.h"
#include "fleet/fragment_keeper.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

enum {
    LARGEST_TEST_BYTES = 16 * 1024 * 1024,
    LARGEST_CONFIGURATION = 1024 * 1024,
    LARGEST_REPORT = 256 * 1024
};
// The watchdog is for the gate; tests run with line hooks, under sanitizers, on busy machines.
static const uint64_t test_budget_ns = 10ULL * 1000 * 1000 * 1000;

struct test_run {
    const struct policy_test_options *options;
    struct policy_test_report *report;
    struct line_coverage *coverage;
    struct arena *arena;
};

static bool load_set(const struct test_run *run, const struct node *params, struct policy_set **ret_set,
                     struct error *error) {
    CLEANUP(buffer_clear) struct buffer json;
    buffer_init(&json, LARGEST_CONFIGURATION);
    buffer_printf(
        &json, "{\"apiVersion\":\"fleetgate.dev/v1alpha1\",\"kind\":\"Configuration\",\"policies\":{\"%s\":{",
        run->report->policy);
    if (params) {
        buffer_append_text(&json, "\"params\":");
        json_append_node(&json, params);
    }
    buffer_append_text(&json, "}}}");
    struct policy_set_options options = {.evaluators = 1,
                                         .policy_budget_ns = test_budget_ns,
                                         .coverage = run->coverage,
                                         .configuration_file = run->options->test->name};
    if (!json_read_copy(buffer_text(&json), json.length, &document_default_limits, &options.configuration,
                        error)) {
        return false;
    }
    size_t count = run->options->library_count;
    struct policy_source *sources = arena_alloc(run->arena, (count + 1) * sizeof(*sources));
    if (count > 0) {
        memcpy(sources, run->options->libraries, count * sizeof(*sources));
    }
    sources[count] = *run->options->policy;
    options.sources = sources;
    options.source_count = count + 1;
    return policy_set_load(&options, ret_set, error);
}

static const char *text_at(const struct node *object, const char *first, const char *second) {
    const struct node *node = node_get(object, first);
    const char *text = node_string(second ? node_get(node, second) : node);
    return text ? text : "";
}

// Group, version, kind, namespace and name of an object.
static void identify(struct arena *arena, const struct node *object, struct object_change *change) {
    const char *api_version = text_at(object, "apiVersion", NULL);
    const char *slash = strchr(api_version, '/');
    change->key.group = slash ? arena_copy_text(arena, api_version, (size_t)(slash - api_version)) : "";
    change->version = slash ? slash + 1 : api_version;
    change->key.kind = text_at(object, "kind", NULL);
    change->key.namespace = text_at(object, "metadata", "namespace");
    change->key.name = text_at(object, "metadata", "name");
}

static enum operation operation_of(const struct policy_test_case *test) {
    if (test->operation) {
        return *test->operation == 'C'   ? OPERATION_CREATE
               : *test->operation == 'U' ? OPERATION_UPDATE
                                         : OPERATION_DELETE;
    }
    return !test->object ? OPERATION_DELETE : test->old_object ? OPERATION_UPDATE : OPERATION_CREATE;
}

static void build_review(struct test_run *run, const struct policy_test_case *test,
                         struct review *ret_review) {
    static const char *const doors[] = {"admission", "check", "reconcile"};
    struct review review = {.uid = "00000000-0000-0000-0000-000000000000",
                            .user = test->user,
                            .groups = test->groups,
                            .group_count = test->group_count,
                            .dry_run = test->dry_run,
                            .options = test->options};
    struct object_change *change = &review.change;
    const struct node *object = test->object ? test->object : test->old_object;
    identify(run->arena,
             test->parent          ? test->parent
             : test->unseen_parent ? test->unseen_parent
                                   : object,
             change);
    change->operation = operation_of(test);
    change->subresource = test->subresource ? test->subresource : "";
    change->resource = "";
    change->object = change->operation == OPERATION_DELETE ? NULL : test->object;
    change->old_object = change->operation == OPERATION_CREATE   ? NULL
                         : test->old_object                      ? test->old_object
                         : change->operation == OPERATION_DELETE ? test->object
                                                                 : NULL;
    for (enum door door = 0; door < DOOR_COUNT; door++) {
        review.door = strcmp(doors[door], test->door) == 0 ? door : review.door;
    }
    *ret_review = review;
}

static void add_objects(struct fragment_set *set, const struct node *list) {
    NODE_EACH(object, list) {
        fragment_set_add(set, object);
    }
}

static struct fragment_set *others(const struct policy_test_case *test, const struct node *one_side) {
    struct fragment_set *set = fragment_set_new();
    add_objects(set, test->objects);
    add_objects(set, one_side);
    if (test->parent) {
        fragment_set_add(set, test->parent);
    }
    // A case that names the other objects, if only by an empty list, means that there are no more.
    fragment_set_complete(set, test->objects || one_side);
    return set;
}

static void fail(struct test_run *run, const struct policy_test_case *test, const char *format, ...)
    PRINTF_LIKE(3, 4);

static void fail(struct test_run *run, const struct policy_test_case *test, const char *format, ...) {
    char text[1024];
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(text, sizeof(text), format, arguments);
    va_end(arguments);
    buffer_printf(&run->report->failures, "%s: %s\n", test ? test->name : run->report->policy, text);
    run->report->failed++;
}

static void compare(struct test_run *run, const struct policy_test_case *test,
                    const struct policy_test_verdict *verdict) {
    enum expectation outcome = policy_test_outcome(verdict);
    CLEANUP(buffer_clear) struct buffer details;
    buffer_init(&details, 4096);
    policy_test_describe(verdict, &details);
    const char *patch_problem = test->patch ? policy_test_patch_problem(test, verdict) : NULL;
    if (verdict->matched != test->matches) {
        fail(run, test, test->matches ? "the policy does not match it" : "the policy matches it%s",
             buffer_text(&details));
    } else if (outcome != test->expect) {
        fail(run, test, "expected %s, got %s%s", expectation_name(test->expect), expectation_name(outcome),
             buffer_text(&details));
    } else if ((test->at || test->message) && !policy_test_said(verdict, test->at, test->message)) {
        fail(run, test, "expected %s%s%s%s, got%s", test->at ? "at " : "", test->at ? test->at : "",
             test->message ? " message " : "", test->message ? test->message : "", buffer_text(&details));
    } else if (test->count >= 0 && (int64_t)verdict->decision.violation_count != test->count) {
        fail(run, test, "expected %lld violations, got %zu%s", (long long)test->count,
             verdict->decision.violation_count, buffer_text(&details));
    } else if (patch_problem) {
        fail(run, test, "%s%s", patch_problem, buffer_text(&details));
    } else if (verdict->repeats) {
        fail(run, test, "mutate is not idempotent: it patches its own result again%s", buffer_text(&details));
    }
    run->report->matched += verdict->matched;
    run->report->denied += outcome == EXPECT_DENY;
    run->report->patched += verdict->mutation.patch_count > 0;
}

static bool run_case(struct test_run *run, const struct policy_test_case *test, struct error *error) {
    CLEANUP(policy_set_unref) struct policy_set *set = NULL;
    struct error problem = {0};
    if (!load_set(run, test->params, &set, &problem)) {
        if (test->expect == EXPECT_ERROR && test->params) {
            run->report->matched++;
            return true; // parameters that are meant to be refused
        }
        return error_set(error, problem.kind, "%s: %s", test->name, problem.message);
    }
    struct review review = {0};
    build_review(run, test, &review);
    CLEANUP(fragment_set_free) struct fragment_set *before = others(test, test->objects_before);
    CLEANUP(fragment_set_free) struct fragment_set *after = others(test, test->objects_after);
    review.before = fragment_set_source(before);
    review.after = fragment_set_source(after);
    // A case that names no other objects has no inventory either.
    CLEANUP(fragment_keeper_free) struct fragment_keeper *keeper = fragment_keeper_new(before, after);
    review.keeper = review.after->is_complete ? fragment_keeper_get(keeper) : NULL;
    struct policy_test_verdict verdict = {0};
    bool fine = policy_test_judge(set, &review, &verdict, error);
    if (fine) {
        compare(run, test, &verdict);
    }
    policy_test_verdict_clear(&verdict);
    return fine;
}

// The test file's table as a document.
static bool read_test_file(const struct policy_test_options *options, struct document **ret_document,
                           struct error *error) {
    CLEANUP(evaluator_free) struct evaluator *evaluator = evaluator_new(0);
    evaluator->sources = options->libraries;
    evaluator->source_count = options->library_count;
    if (!evaluator_load_file(evaluator, options->test, error)) {
        return false;
    }
    CLEANUP(buffer_clear) struct buffer json;
    buffer_init(&json, LARGEST_TEST_BYTES);
    return (lua_json_append_safe(evaluator->state, -1, &json, error) &&
            json_read_copy(buffer_text(&json), json.length, &document_default_limits, ret_document, error)) ||
           error_wrap(error, "%s", options->test->name);
}

static bool run_cases(struct test_run *run, const struct node *cases, struct error *error) {
    struct setting_reader reader = {.file = run->options->test->name, .arena = run->arena, .error = error};
    buffer_init(&reader.path, SETTING_PATH_MAXIMUM);
    bool fine = node_is(cases, NODE_LIST) || setting_wrong_type(&reader, cases, "a list of cases");
    size_t index = 0;
    NODE_EACH(node, cases) {
        struct policy_test_case test;
        size_t mark = setting_enter_index(&reader, index++);
        fine = fine && policy_test_case_read(&reader, node, &test);
        setting_leave(&reader, mark);
        if (!fine) {
            break;
        }
        run->report->cases++;
        fine = run_case(run, &test, error);
    }
    buffer_clear(&reader.path);
    return fine;
}

static bool line_is(const char *line, size_t length, const char *word) {
    const char *found = memmem(line, length, word, strlen(word));
    const char *comment = memmem(line, length, "--", 2);
    return found && !(comment && comment < found);
}

// Counts lines, and names the denials that no case reaches.
static void measure_coverage(struct test_run *run, const unsigned char *lines, size_t size) {
    const struct policy_source *source = run->options->policy;
    const char *line = source->text;
    const char *end = source->text + source->length;
    for (int number = 1; line < end; number++) {
        const char *newline = memchr(line, '\n', (size_t)(end - line));
        size_t length = (size_t)((newline ? newline : end) - line);
        bool active = (size_t)number < size && lines[number];
        bool ran = active && line_coverage_ran(run->coverage, source->name, number);
        run->report->lines += active;
        run->report->lines_run += ran;
        if (active && !ran && line_is(line, length, "report.deny")) {
            fail(run, NULL, "no case reaches the denial in line %d of %s", number, source->name);
        }
        line += length + 1;
    }
}

static bool read_policy_name(struct test_run *run, bool *ret_validates, struct error *error) {
    CLEANUP(evaluator_free) struct evaluator *evaluator = evaluator_new(0);
    evaluator->sources = run->options->libraries;
    evaluator->source_count = run->options->library_count;
    struct policy policy = {0};
    if (!evaluator_load_file(evaluator, run->options->policy, error) ||
        !policy_read(evaluator->state, -1, run->options->policy->name, run->arena, &policy, error)) {
        return false;
    }
    run->report->policy = memory_strdup(policy.name);
    *ret_validates = policy.validates;
    policy_clear(&policy);
    return true;
}

// What the YAML loader does with unresolved variables and templates.
static void mark_placeholders(const struct document *document) {
    struct node *nodes = (struct node *)(uintptr_t)document_root(document); // ours alone until the cases run
    for (size_t i = 0; i < document_node_count(document); i++) {
        const char *text = node_string(&nodes[i]);
        nodes[i].unknown = text && (strstr(text, "${") || strstr(text, "{{"));
    }
}

bool policy_test_run(const struct policy_test_options *options, struct policy_test_report *ret_report,
                     struct error *error) {
    memset(ret_report, 0, sizeof(*ret_report));
    buffer_init(&ret_report->failures, LARGEST_REPORT);
    struct test_run run = {.options = options, .report = ret_report, .arena = arena_new()};
    run.coverage = line_coverage_new();
    CLEANUP(document_free) struct document *document = NULL;
    bool validates = false;
    bool fine = read_policy_name(&run, &validates, error);
    if (fine && !options->test) {
        fail(&run, NULL, "there is no test file beside %s", options->policy->name);
    } else if (fine) {
        fine = read_test_file(options, &document, error);
        if (fine) {
            mark_placeholders(document);
            fine = run_cases(&run, document_root(document), error);
        }
    }
    if (fine && options->test) {
        enum { MOST_LINES = 20000 };
        CLEANUP(free) char *lines = memory_calloc(MOST_LINES, 1);
        bytecode_lines(options->policy->text, options->policy->length, (unsigned char *)lines, MOST_LINES);
        measure_coverage(&run, (const unsigned char *)lines, MOST_LINES);
        if (ret_report->matched == 0) {
            fail(&run, NULL, "no case matches the policy");
        }
        if (validates ? ret_report->denied == 0 : ret_report->patched == 0) {
            fail(&run, NULL, validates ? "no case is denied" : "no case is patched");
        }
    }
    line_coverage_free(run.coverage);
    arena_free(run.arena);
    if (!fine) {
        policy_test_report_clear(ret_report);
    }
    return fine;
}

void policy_test_report_clear(struct policy_test_report *report) {
    free(report->policy);
    buffer_clear(&report->failures);
    memset(report, 0, sizeof(*report));
}
