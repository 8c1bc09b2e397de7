#include "cli/check_run.h"

#include "cli/check_findings.h"
#include "engine/engine.h"
#include "fleet/fragment_keeper.h"
#include "manifest/change_plan.h"

#include <assert.h>
#include <string.h>

struct run {
    const struct check_request *request;
    struct check_findings *findings;
    struct check_counts *counts;
    struct fleet_side *base, *head;
    const struct budget_keeper *keeper; // once both sides are as they are stored
};

static struct review review_of(const struct run *run, enum operation operation,
                               const struct object_identity *identity, const struct node *object,
                               const struct node *old_object) {
    assert(identity);
    const struct check_request *request = run->request;
    return (struct review){.change = {.operation = operation,
                                      .key = identity->key,
                                      .version = identity->version,
                                      .resource = "",
                                      .subresource = "",
                                      .object = object,
                                      .old_object = old_object},
                           .uid = "",
                           .user = request->user,
                           .groups = request->groups,
                           .group_count = request->group_count,
                           .door = DOOR_CHECK,
                           .now = request->now,
                           .before = fleet_side_source(run->base),
                           .after = fleet_side_source(run->head),
                           .keeper = run->keeper};
}

// API servers call mutating webhooks first: what is judged is the object with its defaults. says: its faults
// count.
static void fill_in(struct run *run, struct fleet_object *object, const struct fleet_object *old, bool says) {
    struct review review = review_of(run, old ? OPERATION_UPDATE : OPERATION_CREATE, &object->identity,
                                     object->manifest->object, old ? old->stored : NULL);
    struct decision decision = {0};
    struct document *patched = NULL;
    struct error error = {0};
    engine_mutate(run->request->policies, &review, &decision);
    if (says) {
        check_findings_faults(run->findings, &decision, &review, object);
    }
    if (decision.patch_count > 0) {
        if (engine_apply_patch(object->manifest->document, object->manifest->object, &decision, &patched,
                               &error)) {
            fleet_object_patch(object, patched);
        } else if (says) {
            check_findings_problem(run->findings, FINDING_FAULT, object->manifest, error.message);
        }
    }
    decision_clear(&decision);
}

// What was there before went through the gate too.
static void fill_in_base(struct run *run) {
    CLEANUP(fleet_side_free) struct fleet_side *nothing = fleet_side_new(NULL, run->request->namespace);
    struct run alone = {
        .request = run->request, .findings = run->findings, .base = nothing, .head = run->base};
    for (size_t i = 0; i < fleet_side_count(run->base); i++) {
        fill_in(&alone, fleet_side_object(run->base, i), NULL, false);
    }
    fleet_side_settle(run->base);
}

static struct fleet_object *object_of(struct fleet_side *side, const struct manifest *manifest) {
    return manifest ? fleet_side_of_manifest(side, manifest) : NULL;
}

static void fill_in_head(struct run *run, const struct change_plan *plan) {
    size_t next = 0; // changes come in the order of the files, and those that are none lie between them
    for (size_t i = 0; i < fleet_side_count(run->head); i++) {
        struct fleet_object *object = fleet_side_object(run->head, i);
        const struct planned_change *change = next < plan->change_count ? &plan->changes[next] : NULL;
        bool changes = change && change->after == object->manifest;
        fill_in(run, object, changes ? object_of(run->base, change->before) : NULL, changes);
        next += changes;
    }
    fleet_side_settle(run->head);
}

static void judge(struct run *run, const struct planned_change *change) {
    struct fleet_object *before = object_of(run->base, change->before);
    struct fleet_object *after = object_of(run->head, change->after);
    enum operation operation = !after ? OPERATION_DELETE : before ? OPERATION_UPDATE : OPERATION_CREATE;
    const struct fleet_object *reviewed = after ? after : before;
    struct review review = review_of(run, operation, &reviewed->identity, after ? after->stored : NULL,
                                     before ? before->stored : NULL);
    struct decision decision = {0};
    engine_evaluate(run->request->policies, &review, &decision);
    check_findings_decision(run->findings, &decision, &review, reviewed);
    run->counts->created += operation == OPERATION_CREATE;
    run->counts->updated += operation == OPERATION_UPDATE;
    run->counts->deleted += operation == OPERATION_DELETE;
    run->counts->judged += decision.result_count > 0;
    decision_clear(&decision);
}

// Files that can't be read, on either side.
static void add_problems(struct run *run, const struct manifest_set *manifests, bool is_head) {
    const char *file = "";
    for (size_t i = 0; i < manifest_set_count(manifests); i++) {
        const struct manifest *manifest = manifest_set_get(manifests, i);
        bool is_broken = manifest->state == MANIFEST_BROKEN;
        if (is_broken || manifest->state == MANIFEST_UNKNOWN) {
            check_findings_problem(run->findings, is_broken ? FINDING_ERROR : FINDING_UNKNOWN, manifest,
                                   manifest->problem->message);
        }
        if (is_head) {
            run->counts->files += strcmp(manifest->file, file) != 0;
            run->counts->objects += manifest->state == MANIFEST_OBJECT;
            run->counts->skipped += manifest->state == MANIFEST_NOT_KUBERNETES;
        }
        file = manifest->file;
    }
}

static void add_duplicates(struct run *run, const struct change_plan *plan) {
    for (size_t i = 0; i < plan->duplicate_count; i++) {
        const struct fleet_object *second = fleet_side_of_manifest(run->head, plan->duplicates[i].second);
        if (second) {
            check_findings_duplicate(run->findings, second, plan->duplicates[i].first);
        }
    }
}

void check_run(const struct check_request *request, struct finding_list *findings,
               struct check_counts *ret_counts) {
    *ret_counts = (struct check_counts){0};
    CLEANUP(fleet_side_free)
    struct fleet_side *head = fleet_side_new(request->head, request->namespace);
    // What was not in base was not there: a cluster that comes is new, whatever else the management cluster
    // holds.
    CLEANUP(fleet_side_free)
    struct fleet_side *base = fleet_side_new(request->base, request->namespace);
    CLEANUP(change_plan_free) struct change_plan *plan = change_plan_new(request->base, request->head);
    struct check_findings into = {.list = findings, .head = head, .base = base};
    struct run run = {
        .request = request, .findings = &into, .counts = ret_counts, .base = base, .head = head};
    add_problems(&run, request->head, true);
    if (request->base) {
        add_problems(&run, request->base, false);
    }
    fill_in_base(&run);
    fill_in_head(&run, plan);
    CLEANUP(fragment_keeper_free)
    struct fragment_keeper *keeper = fragment_keeper_new(fleet_side_set(base), fleet_side_set(head));
    run.keeper = fragment_keeper_get(keeper);
    for (size_t i = 0; i < plan->change_count; i++) {
        judge(&run, &plan->changes[i]);
    }
    add_duplicates(&run, plan);
    finding_list_sort(findings);
}
