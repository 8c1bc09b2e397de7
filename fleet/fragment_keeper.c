#include "fleet/fragment_keeper.h"

#include "base/memory.h"
#include "fleet/cluster_groups.h"
#include "fleet/fragment_accounts.h"
#include "fleet/fragment_values.h"

#include <string.h>

enum { MOST_NAMED = 3 };

struct fragment_keeper {
    struct fragment_accounts accounts;
    bool is_built;
    struct budget_keeper keeper;
};

static enum amount_of amount_of_name(const char *name) {
    enum amount_of of = 0;
    while (of < AMOUNT_COUNT && strcmp(amount_name(of), name) != 0) {
        of++;
    }
    return of;
}

static int64_t add_up(int64_t a, int64_t b) {
    int64_t sum;
    return __builtin_add_overflow(a, b, &sum) ? INT64_MAX : sum;
}

// What one account holds, seen from self: those that come before it are as they will be.
static int64_t held_by(const struct fragment_accounts *accounts, const struct fragment_sheet *sheet,
                       const char *group, const struct object_key *key, size_t self, enum amount_of of) {
    bool found;
    size_t account = fragment_accounts_find(accounts, key, &found);
    size_t at = fragment_sheet_find(sheet, group, account);
    if (!found || at == sheet->count) {
        return 0;
    }
    const struct fragment_place *place = &sheet->places[at];
    if (place->account != account || strcmp(place->group, group) != 0) {
        return 0;
    }
    return account < self ? place->wanted[of] : place->kept[of];
}

static int64_t held_by_all(const struct fragment_sheet *sheet, const char *group, size_t self,
                           enum amount_of of) {
    size_t first = fragment_sheet_find(sheet, group, 0);
    size_t own = fragment_sheet_find(sheet, group, self);
    size_t end = fragment_sheet_find(sheet, group, SIZE_MAX);
    if (first == end) {
        return 0;
    }
    const struct fragment_place *last = &sheet->places[end - 1];
    int64_t kept = add_up(last->kept_sum[of], last->kept[of]);
    if (own == end) {
        return add_up(last->wanted_sum[of], last->wanted[of]);
    }
    const struct fragment_place *place = &sheet->places[own];
    return add_up(place->wanted_sum[of], kept - place->kept_sum[of]);
}

static bool answer_amount(struct fragment_accounts *accounts, const struct budget_request *request,
                          const struct budget_demand *demand, struct budget_answer *answer,
                          struct error *error) {
    const struct fragment_sheet *sheet = fragment_accounts_sheet(accounts, demand->per);
    enum amount_of of = amount_of_name(demand->name);
    if (!sheet || of == AMOUNT_COUNT) {
        return error_set(error, ERROR_INVALID, "%s per %s can't be counted", demand->name, demand->per);
    }
    bool found;
    size_t self = fragment_accounts_find(accounts, &request->account, &found);
    int64_t used = held_by_all(sheet, demand->group, self, of) -
                   held_by(accounts, sheet, demand->group, &request->account, self, of);
    for (size_t i = 0; i < request->part_count; i++) {
        used -= held_by(accounts, sheet, demand->group, &request->parts[i], self, of);
    }
    answer->used = used;
    answer->maximum = demand->maximum;
    answer->fits = !budget_demand_grows(demand) || add_up(used, demand->after) <= demand->maximum;
    return true;
}

static void answer_field(struct fragment_accounts *accounts, const struct budget_request *request,
                         const struct budget_demand *demand, struct budget_answer *answer) {
    answer->used = fragment_values_sum(accounts, request, demand);
    answer->maximum = demand->maximum;
    answer->fits = !budget_demand_grows(demand) || add_up(answer->used, demand->after) <= demand->maximum;
}

static void answer_unique(struct fragment_accounts *accounts, const struct budget_request *request,
                          const struct budget_demand *demand, struct arena *arena,
                          struct budget_answer *answer) {
    const struct object_key *holder = fragment_values_holder(accounts, request, demand);
    answer->fits = !holder;
    if (holder) {
        answer->used = 1;
        answer->holder = arena_printf(arena, "%s %s/%s", holder->kind,
                                      *holder->namespace ? holder->namespace : "default", holder->name);
    }
}

// All that this run deletes is deleted at once, in the order of namespace and name.
static void answer_deletes(struct fragment_accounts *accounts, const struct budget_request *request,
                           const struct budget_demand *demand, struct arena *arena,
                           struct budget_answer *answer) {
    int64_t clusters = 0;
    const char *names = NULL;
    for (size_t i = 0; i < accounts->count; i++) {
        const struct fragment_account *account = &accounts->items[i];
        clusters += account->before != NULL;
        if (!account->before || account->after ||
            fragment_account_compare(&account->key, &request->account) >= 0) {
            continue;
        }
        if (answer->used++ < MOST_NAMED) {
            names = arena_printf(arena, "%s%s%s/%s", names ? names : "", names ? ", " : "",
                                 account->key.namespace, account->key.name);
        }
    }
    answer->maximum = demand->maximum;
    if (demand->percent > 0) {
        // At least one: else nothing could be deleted from a small fleet.
        int64_t share = clusters * demand->percent / 100 > 1 ? clusters * demand->percent / 100 : 1;
        answer->maximum = share < demand->maximum ? share : demand->maximum;
    }
    answer->fits = add_up(answer->used, demand->after) <= answer->maximum;
    answer->holder = answer->used > MOST_NAMED ? arena_printf(arena, "%s and %lld more", names,
                                                              (long long)(answer->used - MOST_NAMED))
                                               : names;
}

static bool ask(void *cookie, const struct budget_request *request, struct arena *arena,
                struct budget_answer *ret_answers, struct error *error) {
    struct fragment_keeper *keeper = cookie;
    if (!keeper->is_built) {
        fragment_accounts_build(&keeper->accounts);
        keeper->is_built = true;
    }
    for (size_t i = 0; i < request->demand_count; i++) {
        const struct budget_demand *demand = &request->demands[i];
        ret_answers[i] = (struct budget_answer){0};
        switch (demand->kind) {
        case BUDGET_AMOUNT:
            if (!answer_amount(&keeper->accounts, request, demand, &ret_answers[i], error)) {
                return false;
            }
            break;
        case BUDGET_FIELD:
            answer_field(&keeper->accounts, request, demand, &ret_answers[i]);
            break;
        case BUDGET_UNIQUE:
            answer_unique(&keeper->accounts, request, demand, arena, &ret_answers[i]);
            break;
        case BUDGET_DELETES:
            answer_deletes(&keeper->accounts, request, demand, arena, &ret_answers[i]);
            break;
        }
    }
    return true;
}

struct fragment_keeper *fragment_keeper_new(const struct fragment_set *before,
                                            const struct fragment_set *after) {
    static const struct budget_keeper_methods methods = {ask};
    struct fragment_keeper *keeper = memory_calloc(1, sizeof(*keeper));
    keeper->accounts = (struct fragment_accounts){.arena = arena_new(), .before = before, .after = after};
    keeper->keeper = (struct budget_keeper){&methods, keeper};
    return keeper;
}

void fragment_keeper_free(struct fragment_keeper *keeper) {
    if (keeper) {
        arena_free(keeper->accounts.arena);
        free(keeper);
    }
}

const struct budget_keeper *fragment_keeper_get(struct fragment_keeper *keeper) {
    return &keeper->keeper;
}
