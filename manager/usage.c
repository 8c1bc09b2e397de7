#include "manager/usage.h"

#include "fleet/cidr.h"

#include <string.h>

// The inventory changes while it is read: a figure counts when two readings in a row agree.
enum { MOST_READINGS = 16 };

struct reading {
    int64_t sum;   // of the group
    int64_t held;  // of it by the account
    int64_t parts; // and by what becomes part of it
};

static int64_t add(int64_t a, int64_t b) {
    int64_t sum;
    return __builtin_add_overflow(a, b, &sum) ? (b > 0 ? INT64_MAX : INT64_MIN) : sum;
}

static bool find_amount(const char *name, enum amount_of *ret_of) {
    for (int of = 0; of < AMOUNT_COUNT; of++) {
        if (strcmp(name, amount_name((enum amount_of)of)) == 0) {
            *ret_of = (enum amount_of)of;
            return true;
        }
    }
    return false;
}

static bool is_summed(const struct budget_demand *demand) {
    return demand->kind == BUDGET_AMOUNT || demand->kind == BUDGET_FIELD;
}

static bool is_clusters(const struct budget_demand *demand) {
    return demand->kind == BUDGET_AMOUNT && strcmp(demand->name, amount_name(AMOUNT_CLUSTERS)) == 0;
}

static bool has_key(const struct object_key *keys, size_t count, const struct object_key *key) {
    for (size_t i = 0; i < count; i++) {
        if (object_key_equal(&keys[i], key)) {
            return true;
        }
    }
    return false;
}

// The Cluster whose create, still under way, names this account as a part of it; else the account itself.
static const struct object_key *account_of(const struct usage_question *question) {
    const struct object_key *account = &question->request->account;
    for (size_t i = 0; i < question->promises->count; i++) {
        const struct promise *promise = question->promises->items[i];
        if (promise_counts(promise) && has_key(promise->parts, promise->part_count, account)) {
            return &promise->account;
        }
    }
    return account;
}

static bool is_own(const struct budget_request *request, const struct object_key *account,
                   const struct promise *promise) {
    return object_key_equal(&promise->account, account) ||
           object_key_equal(&promise->object, &request->object) ||
           has_key(request->parts, request->part_count, &promise->account);
}

// What a Cluster has claimed is in the Cluster's own amount.
static bool counts_by_itself(const struct inventory *inventory, const struct object_key *part) {
    CLEANUP(arena_free) struct arena *arena = arena_new();
    struct object_key account = inventory_account(inventory, arena, part);
    return object_key_equal(&account, part);
}

static struct reading read_demand(const struct usage_question *question, const struct object_key *account,
                                  const struct budget_demand *demand) {
    const struct inventory *inventory = question->inventory;
    const struct budget_request *request = question->request;
    struct reading reading = {0};
    enum amount_of of = AMOUNT_CLUSTERS;
    if (demand->kind == BUDGET_FIELD) {
        struct inventory_field field = {request->object.group, request->object.kind, demand->name};
        reading.sum = inventory_field_sum(inventory, &field, demand->per, demand->group);
        reading.held =
            inventory_field_amount(inventory, &request->object, &field, demand->per, demand->group);
    } else if (find_amount(demand->name, &of)) {
        reading.sum = inventory_sum(inventory, of, demand->per, demand->group);
        reading.held = inventory_amount(inventory, account, of, demand->per, demand->group);
        for (size_t i = 0; i < request->part_count; i++) {
            if (!object_key_equal(&request->parts[i], account) &&
                counts_by_itself(inventory, &request->parts[i])) {
                reading.parts = add(reading.parts, inventory_amount(inventory, &request->parts[i], of,
                                                                    demand->per, demand->group));
            }
        }
    }
    return reading;
}

static bool read_all(const struct usage_question *question, const struct object_key *account,
                     struct reading *readings) {
    const struct budget_request *request = question->request;
    bool same = !promise_set_refresh(question->promises, question->inventory);
    for (size_t i = 0; i < request->demand_count; i++) {
        if (is_summed(&request->demands[i])) {
            struct reading before = readings[i];
            readings[i] = read_demand(question, account, &request->demands[i]);
            same &= before.sum == readings[i].sum && before.held == readings[i].held &&
                    before.parts == readings[i].parts;
        }
    }
    return same;
}

// What is promised in the demand's group, by whom.
struct pending {
    int64_t others;
    int64_t siblings; // by other objects of the account
    int64_t earlier;  // by earlier changes of the object that are stored already
};

static bool delta_matches(const struct promise_delta *delta, const struct budget_demand *demand) {
    return delta->kind == demand->kind && strcmp(delta->name, demand->name) == 0 &&
           strcmp(delta->per, demand->per) == 0 && strcmp(delta->group, demand->group) == 0;
}

static bool same_kind(const struct object_key *a, const struct object_key *b) {
    return strcmp(a->kind, b->kind) == 0 && strcmp(a->group, b->group) == 0;
}

static int64_t promised(const struct promise *promise, const struct budget_request *request,
                        const struct budget_demand *demand) {
    if (demand->kind == BUDGET_FIELD && !same_kind(&promise->object, &request->object)) {
        return 0;
    }
    for (size_t i = 0; i < promise->delta_count; i++) {
        if (delta_matches(&promise->deltas[i], demand)) {
            return promise->deltas[i].delta;
        }
    }
    return 0;
}

static struct pending sum_pending(const struct usage_question *question, const struct object_key *account,
                                  const struct budget_demand *demand, const struct promise *replaced) {
    struct pending pending = {0};
    for (size_t i = 0; i < question->promises->count; i++) {
        const struct promise *promise = question->promises->items[i];
        if (!promise_counts(promise) || promise == replaced) {
            continue;
        }
        int64_t delta = promised(promise, question->request, demand);
        if (object_key_equal(&promise->object, &question->request->object)) {
            pending.earlier = add(pending.earlier, delta);
        } else if (is_own(question->request, account, promise)) {
            pending.siblings = add(pending.siblings, delta);
        } else {
            pending.others = add(pending.others, delta);
        }
    }
    return pending;
}

// What the change itself adds, whatever else is under way.
static int64_t own_step(const struct budget_demand *demand, const struct reading *reading) {
    return demand->after - demand->before - reading->parts;
}

// What the change takes on top of what inventory and promises show.
static int64_t growth(const struct usage_question *question, const struct budget_demand *demand,
                      const struct reading *reading, const struct pending *pending) {
    int64_t covered = add(add(reading->held, reading->parts), pending->earlier);
    if (is_clusters(demand)) {
        covered = add(covered, pending->siblings); // whatever is created of it, a cluster is one
    }
    int64_t missing = add(demand->after, -covered);
    // An earlier state of the object may be all that the inventory shows, so the change's own step is the
    // least that it takes.
    int64_t step = own_step(demand, reading);
    bool steps = !question->exists && !question->request->stored && !is_clusters(demand);
    int64_t taken = steps && step > missing ? step : missing;
    return taken > 0 ? taken : 0;
}

static bool value_clashes(const char *name, const char *a, const char *b) {
    static const char *const networks[] = {"pod_cidrs", "service_cidrs", "network_cidrs"};
    struct cidr first, second;
    for (size_t i = 0; i < sizeof(networks) / sizeof(networks[0]); i++) {
        if (strcmp(name, networks[i]) == 0 && !cidr_parse(a, &first) && !cidr_parse(b, &second)) {
            return cidr_overlaps(&first, &second);
        }
    }
    return strcmp(a, b) == 0;
}

static const struct object_key *promised_holder(const struct usage_question *question,
                                                const struct object_key *account,
                                                const struct budget_demand *demand) {
    for (size_t i = 0; i < question->promises->count; i++) {
        const struct promise *promise = question->promises->items[i];
        if (!promise_counts(promise) || is_own(question->request, account, promise)) {
            continue;
        }
        for (size_t j = 0; j < promise->delta_count; j++) {
            if (delta_matches(&promise->deltas[j], demand) &&
                value_clashes(demand->name, promise->deltas[j].value, demand->value)) {
                return &promise->account;
            }
        }
    }
    return NULL;
}

// What a promise of this demand takes, and what the account holds when that is stored too.
struct share {
    int64_t taken, stored;
};

static struct share judge_unique(const struct usage_question *question, const struct object_key *account,
                                 struct arena *arena, const struct budget_demand *demand,
                                 struct budget_answer *answer) {
    struct object_key found;
    const struct object_key *holder = promised_holder(question, account, demand);
    if (!holder &&
        inventory_holder(question->inventory, arena, account, demand->name, demand->value, demand->per,
                         demand->group, &found) &&
        !has_key(question->request->parts, question->request->part_count, &found)) {
        holder = &found;
    }
    bool grows = budget_demand_grows(demand);
    *answer = (struct budget_answer){.fits = !holder || !grows, .used = holder ? 1 : 0, .maximum = 1};
    if (holder) {
        answer->holder = arena_printf(arena, "%s %s%s%s", holder->kind, holder->namespace,
                                      *holder->namespace ? "/" : "", holder->name);
    }
    return (struct share){grows ? 1 : 0, demand->after};
}

static struct share judge_sum(const struct usage_question *question, const struct object_key *account,
                              const struct budget_demand *demand, const struct reading *reading,
                              const struct promise *replaced, struct budget_answer *answer) {
    struct pending pending = sum_pending(question, account, demand, replaced);
    int64_t own = add(reading->held, reading->parts);
    int64_t others = add(add(reading->sum, -own), pending.others);
    bool grows = budget_demand_grows(demand);
    int64_t taken = grows ? growth(question, demand, reading, &pending) : 0;
    int64_t stored = add(own, add(add(pending.siblings, pending.earlier), taken));
    int64_t total = add(others, stored);
    // What the account asks for is in after; used is the rest, so that they add up where people read them.
    bool adds = taken > 0 || question->request->stored;
    *answer = (struct budget_answer){.fits = !adds || total <= demand->maximum,
                                     .used = adds ? add(total, -demand->after) : others,
                                     .maximum = demand->maximum};
    // It takes nothing while the other one is there; that one may be deleted before this one is stored.
    int64_t step = own_step(demand, reading);
    int64_t held = question->exists && grows && step > taken ? step : taken;
    return (struct share){held, demand->kind == BUDGET_FIELD ? demand->after : stored};
}

// Nothing says better than the old value whether the earlier change is stored: then this one starts from it.
static bool starts_alike(const struct promise *promise, const struct budget_request *request) {
    bool any = false;
    for (size_t i = 0; i < request->demand_count; i++) {
        const struct budget_demand *demand = &request->demands[i];
        for (size_t j = 0; budget_demand_grows(demand) && j < promise->delta_count; j++) {
            if (!delta_matches(&promise->deltas[j], demand)) {
                continue;
            }
            if (promise->deltas[j].before != demand->before) {
                return false;
            }
            any = true;
        }
    }
    return any;
}

// Is this change another try of the promised one? If not, the promised one is stored, and both count until
// the inventory shows them.
static bool is_repeat(const struct promise *promise, const struct budget_request *request) {
    const struct promise_outcome *outcome = &promise->outcomes[promise->outcome_count - 1];
    if (request->generation == 1) {
        return outcome->generation == 1;
    }
    if (request->generation > 0 && outcome->generation > 0 && strcmp(request->uid, outcome->uid) == 0) {
        return request->generation == outcome->generation &&
               (!promise->by_amount || starts_alike(promise, request));
    }
    return starts_alike(promise, request);
}

static const struct promise *find_replaced(const struct usage_question *question) {
    for (size_t i = question->promises->count; i-- > 0;) {
        const struct promise *promise = question->promises->items[i];
        if (promise_counts(promise) && object_key_equal(&promise->object, &question->request->object)) {
            return is_repeat(promise, question->request) ? promise : NULL;
        }
    }
    return NULL;
}

static bool check_demands(const struct budget_request *request, struct error *error) {
    enum amount_of of;
    if (request->demand_count > PROMISE_MOST_DELTAS / 2 || request->part_count > PROMISE_MOST_PARTS) {
        return error_set(error, ERROR_LIMIT, "a change can ask for %d limits and have %d parts",
                         PROMISE_MOST_DELTAS / 2, PROMISE_MOST_PARTS);
    }
    for (size_t i = 0; i < request->demand_count; i++) {
        const struct budget_demand *demand = &request->demands[i];
        if (demand->kind == BUDGET_AMOUNT && !find_amount(demand->name, &of)) {
            return error_set(error, ERROR_INVALID, "no amount is called %s", demand->name);
        }
        if (demand->kind == BUDGET_UNIQUE && !demand->value) {
            return error_set(error, ERROR_INVALID, "%s: no value that must be unique", demand->name);
        }
    }
    return true;
}

// The same limit may be asked for twice, by two policies.
static void add_delta(struct usage_verdict *verdict, const struct promise_delta *delta) {
    for (size_t i = 0; i < verdict->delta_count; i++) {
        struct promise_delta *known = &verdict->deltas[i];
        if (known->kind == delta->kind && strcmp(known->name, delta->name) == 0 &&
            strcmp(known->per, delta->per) == 0 && strcmp(known->group, delta->group) == 0 &&
            (!delta->value || strcmp(known->value, delta->value) == 0)) {
            known->delta = known->delta > delta->delta ? known->delta : delta->delta;
            return;
        }
    }
    if (verdict->delta_count < PROMISE_MOST_DELTAS) {
        verdict->deltas[verdict->delta_count++] = *delta;
    }
}

bool usage_judge(const struct usage_question *question, struct arena *arena,
                 struct budget_answer *ret_answers, struct usage_verdict *ret_verdict, struct error *error) {
    const struct budget_request *request = question->request;
    if (!check_demands(request, error)) {
        return false;
    }
    const struct object_key *account = account_of(question);
    struct reading readings[PROMISE_MOST_DELTAS] = {{0}};
    read_all(question, account, readings);
    for (int i = 0; i < MOST_READINGS && !read_all(question, account, readings); i++) {
    }
    struct usage_verdict verdict = {.fits = true, .replaced = find_replaced(question)};
    verdict.deltas = arena_alloc(arena, PROMISE_MOST_DELTAS * sizeof(*verdict.deltas));
    for (size_t i = 0; i < request->demand_count; i++) {
        const struct budget_demand *demand = &request->demands[i];
        if (demand->kind == BUDGET_DELETES) {
            continue;
        }
        struct share share =
            demand->kind == BUDGET_UNIQUE
                ? judge_unique(question, account, arena, demand, &ret_answers[i])
                : judge_sum(question, account, demand, &readings[i], verdict.replaced, &ret_answers[i]);
        verdict.fits &= ret_answers[i].fits || demand->counts_only;
        if (share.taken > 0 && budget_demand_grows(demand)) {
            struct promise_delta wanted = {demand->kind,  demand->name, demand->per,    demand->group,
                                           demand->value, share.taken,  demand->before, share.stored};
            add_delta(&verdict, &wanted);
        }
    }
    // Nobody knows which of several tries will be stored: each group keeps its largest. A create joins them
    // also where other promises cover it already: they may be over before it is stored.
    bool joins = verdict.delta_count > 0 || request->generation == 1;
    for (size_t i = 0; joins && verdict.replaced && i < verdict.replaced->delta_count; i++) {
        add_delta(&verdict, &verdict.replaced->deltas[i]);
    }
    verdict.grows = verdict.delta_count > 0;
    *ret_verdict = verdict;
    return true;
}

static bool has_outcome(const struct promise *promise, const struct promise_outcome *outcome) {
    for (size_t i = 0; i < promise->outcome_count; i++) {
        const struct promise_outcome *known = &promise->outcomes[i];
        if (known->generation == outcome->generation && known->replicas == outcome->replicas &&
            known->removes == outcome->removes && strcmp(known->uid, outcome->uid) == 0) {
            return true;
        }
    }
    return false;
}

struct promise *usage_promise(const struct usage_question *question, const struct usage_verdict *verdict,
                              const char *replica) {
    const struct budget_request *request = question->request;
    struct promise_outcome outcome = {request->uid, request->generation, request->replicas, request->removes};
    struct promise like = {.object = request->object,
                           .account = *account_of(question),
                           .parts = request->parts,
                           .part_count = request->part_count,
                           .deltas = verdict->deltas,
                           .delta_count = verdict->delta_count,
                           .replica = replica};
    const struct promise *replaced = verdict->replaced;
    if (replaced) {
        // The oldest try gives way when there are too many: it is then held until its end.
        size_t from = replaced->outcome_count == PROMISE_MOST_OUTCOMES ? 1 : 0;
        for (size_t i = from; i < replaced->outcome_count; i++) {
            like.outcomes[like.outcome_count++] = replaced->outcomes[i];
        }
    }
    if (!has_outcome(&like, &outcome)) {
        like.outcomes[like.outcome_count++] = outcome;
    }
    bool says_nothing = request->generation == 0 && request->replicas < 0 && !request->removes;
    like.by_amount =
        says_nothing || inventory_shows(question->inventory, &request->object, request->uid,
                                        request->generation, request->replicas, request->removes);
    return promise_copy(&like);
}
