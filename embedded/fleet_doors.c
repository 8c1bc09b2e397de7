#include "embedded/fleet_doors.h"

#include "base/clock.h"
#include "base/hash.h"
#include "base/memory.h"
#include "embedded/applied_table.h"
#include "embedded/door_change.h"
#include "embedded/fleet_doors_internal.h"

#include <malloc.h>
#include <stdio.h>
#include <string.h>

enum {
    ASK_AGAIN_MS = 60 * 1000,
    SOON_MS = 200, // many objects that go at one time are one reason to ask again
    TURN_MS = 20,  // others on the loop wait no longer
};

static void turn(void *cookie);
static void ask_again(void *cookie);

static void schedule(struct fleet_doors *doors, int64_t delay_ms, event_callback *callback) {
    event_loop_cancel(doors->options.loop, doors->timer);
    doors->timer = event_loop_after(doors->options.loop, delay_ms, callback, doors);
}

// ---- a round ----

static int compare_order(const void *left, const void *right) {
    const struct fleet_entry *a = *(const struct fleet_entry *const *)left;
    const struct fleet_entry *b = *(const struct fleet_entry *const *)right;
    int order = fleet_entry_rank(a) - fleet_entry_rank(b);
    order = order ? order : strcmp(a->key.namespace, b->key.namespace);
    order = order ? order : strcmp(a->key.name, b->key.name);
    return order ? order : strcmp(a->key.kind, b->key.kind);
}

static bool is_open(const struct fleet_entry *entry) {
    return entry->state != ENTRY_SETTLED;
}

// All that is to be asked, in order.
static void begin_pass(struct fleet_doors *doors) {
    struct fleet_round *round = &doors->round;
    round->order = memory_realloc(round->order, doors->entries.count + 1, sizeof(struct fleet_entry *));
    round->count = round->at = 0;
    round->moved = false;
    for (size_t i = 0; i < doors->entries.count; i++) {
        struct fleet_entry *entry = doors->entries.items[i];
        if (is_open(entry)) {
            round->order[round->count++] = entry;
        }
    }
    if (round->count > 0) {
        qsort(round->order, round->count, sizeof(struct fleet_entry *), compare_order);
    }
}

void fleet_doors_begin_round(struct fleet_doors *doors) {
    begin_pass(doors);
    doors->busy = true;
    schedule(doors, 0, turn);
}

static void report_change(struct fleet_doors *doors, const struct fleet_entry *entry,
                          const struct door_result *result) {
    const struct door_report report = {.kind = REPORT_STORED,
                                       .operation = result->operation,
                                       .key = &entry->key,
                                       .file = entry->file,
                                       .line = entry->line,
                                       .column = entry->column,
                                       .text = "",
                                       .policies = result->policies,
                                       .decision = result->decision,
                                       .warnings = result->warnings,
                                       .warning_count = result->warning_count,
                                       .judged = result->judged};
    doors->options.reported(doors->options.cookie, &report);
}

static void settle(struct fleet_entry *entry) {
    entry->state = ENTRY_SETTLED;
    entry->told = 0;
    fleet_entry_set(&entry->verdict, NULL);
    fleet_entry_set(&entry->policies, NULL);
    fleet_entry_set(&entry->decision, NULL);
}

static void keep_verdict(struct fleet_entry *entry, enum entry_state state,
                         const struct door_result *result) {
    entry->state = state;
    entry->operation = result->operation;
    fleet_entry_set(&entry->verdict, result->text);
    fleet_entry_set(&entry->policies, result->policies);
    fleet_entry_set(&entry->decision, result->decision);
}

static void take_applied(struct fleet_entry *entry) {
    entry->applied = true;
    memcpy(entry->applied_digest, entry->manifest_digest, sizeof(entry->applied_digest));
    fleet_entry_set(&entry->manifest, NULL);
    settle(entry);
}

static void take_result(struct fleet_doors *doors, struct fleet_entry *entry,
                        const struct door_result *result) {
    bool done = result->outcome == DOOR_NOTHING || result->outcome == DOOR_STORED;
    doors->round.moved |= result->outcome == DOOR_STORED;
    if (done && fleet_entry_removes(entry)) {
        // Until it is gone its row stays, so that it is not forgotten should this process end.
        entry->applied = entry->going = result->going;
        settle(entry);
    } else if (done) {
        take_applied(entry);
    } else if (result->outcome == DOOR_DENIED) {
        keep_verdict(entry, ENTRY_REFUSED, result);
    } else {
        keep_verdict(entry, result->outcome == DOOR_WAITS ? ENTRY_HELD : ENTRY_FAILED, result);
    }
    if (result->outcome == DOOR_STORED) {
        report_change(doors, entry, result);
    }
}

static void ask(struct fleet_doors *doors, struct doorway *door, struct fleet_entry *entry) {
    if (!is_open(entry)) {
        return;
    }
    CLEANUP(arena_free) struct arena *arena = arena_new();
    struct door_result result = {.text = "", .policies = "", .decision = ""};
    bool removes = fleet_entry_removes(entry);
    const char *waits = removes ? fleet_doors_why_kept(doors, arena, entry) : NULL;
    if (waits) {
        result.outcome = DOOR_WAITS;
        result.operation = OPERATION_DELETE;
        result.text = waits;
    } else if (removes) {
        door_remove(door, entry, arena, &result);
    } else {
        door_apply(door, entry, arena, &result);
    }
    take_result(doors, entry, &result);
    if (result.fatal && !doors->broken) {
        doors->broken = true;
        doors->options.failed(doors->options.cookie, result.text);
    }
}

static void tell_refused(struct fleet_doors *doors) {
    for (size_t i = 0; i < doors->entries.count; i++) {
        struct fleet_entry *entry = doors->entries.items[i];
        bool tells = entry->state == ENTRY_REFUSED || entry->state == ENTRY_FAILED;
        uint64_t hash = tells ? hash_text(HASH_START, entry->verdict) : 0;
        bool is_new = entry->told == 0 || doors->tells_again;
        if (!tells || !is_new || hash == entry->told) {
            continue;
        }
        entry->told = hash;
        const struct door_report report = {.kind =
                                               entry->state == ENTRY_REFUSED ? REPORT_DENIED : REPORT_FAILED,
                                           .operation = entry->operation,
                                           .key = &entry->key,
                                           .file = entry->wanted ? entry->file : NULL,
                                           .line = entry->line,
                                           .column = entry->column,
                                           .text = entry->verdict,
                                           .policies = entry->policies,
                                           .decision = entry->decision,
                                           .judged = true};
        doors->options.reported(doors->options.cookie, &report);
    }
    doors->tells_again = false;
}

static bool is_remembered(const struct fleet_entry *entry) {
    return entry->wanted || entry->applied;
}

// The texts of a whole fleet were there for a moment, in pieces among what stays: glibc would keep them, 45
// of 81 MB with a thousand clusters.
static void give_back(struct fleet_doors *doors) {
    if (doors->has_read) {
        doors->has_read = false;
        malloc_trim(0);
    }
}

static void end_round(struct fleet_doors *doors) {
    doors->busy = false;
    give_back(doors);
    tell_refused(doors);
    fleet_entries_filter(&doors->entries, is_remembered);
    schedule(doors, doors->due ? SOON_MS : doors->options.ask_again_ms, ask_again);
}

static bool has_more(const struct fleet_doors *doors) {
    return doors->round.at < doors->round.count;
}

static void turn(void *cookie) {
    struct fleet_doors *doors = cookie;
    const struct fleet_doors_options *options = &doors->options;
    doors->timer = 0;
    CLEANUP(policy_set_unref) struct policy_set *policies = options->policies(options->cookie);
    CLEANUP(key_ring_unref) struct key_ring *keys = options->keys ? options->keys(options->cookie) : NULL;
    struct doorway door = {.database = options->database,
                           .source = inventory_source(options->inventory),
                           .keeper = options->keeper,
                           .policies = policies,
                           .keys = keys,
                           .user = options->user,
                           .now_s = event_loop_wall_ms(options->loop) / 1000};
    uint64_t end_ns = clock_now_ns() + TURN_MS * UINT64_C(1000000);
    while (has_more(doors) && !doors->broken && clock_now_ns() < end_ns) {
        ask(doors, &door, doors->round.order[doors->round.at++]);
    }
    if (doors->broken) {
        doors->busy = false;
        return;
    }
    if (!has_more(doors) && doors->round.moved) {
        begin_pass(doors); // what was refused may have waited for what was stored after it
    }
    if (has_more(doors)) {
        schedule(doors, 0, turn);
    } else {
        end_round(doors);
    }
}

// ---- reasons to ask ----

static void ask_again(void *cookie) {
    struct fleet_doors *doors = cookie;
    doors->timer = 0;
    doors->due = false;
    fleet_doors_mark(doors);
    fleet_doors_begin_round(doors);
}

static void ask_soon(struct fleet_doors *doors, int64_t delay_ms) {
    doors->due = true;
    if (!doors->busy && !doors->broken) {
        schedule(doors, delay_ms, ask_again);
    }
}

void fleet_doors_reconsider(struct fleet_doors *doors) {
    doors->tells_again = true;
    ask_soon(doors, 0);
}

// A cluster that goes may make room for one that was refused.
void fleet_doors_removed(struct fleet_doors *doors, const struct object_key *key) {
    struct fleet_entry *entry = fleet_entries_find(&doors->entries, key);
    if (entry) {
        entry->gone = true;
    }
    if (entry || cluster_view_knows(key->group, key->kind)) {
        ask_soon(doors, SOON_MS);
    }
}

// ---- the whole ----

static bool remember(void *cookie, const struct applied_row *row) {
    struct fleet_doors *doors = cookie;
    struct fleet_entry *entry = fleet_entries_add(&doors->entries, &row->key);
    entry->applied = true;
    fleet_entry_set(&entry->file, row->path);
    snprintf(entry->applied_digest, sizeof(entry->applied_digest), "%s", row->digest);
    return true;
}

bool fleet_doors_new(const struct fleet_doors_options *options, struct fleet_doors **ret_doors,
                     struct error *error) {
    CLEANUP(fleet_doors_free) struct fleet_doors *doors = memory_calloc(1, sizeof(*doors));
    doors->options = *options;
    doors->options.ask_again_ms = options->ask_again_ms > 0 ? options->ask_again_ms : ASK_AGAIN_MS;
    if (!applied_table_each(options->database, remember, doors, error)) {
        return false;
    }
    fleet_entries_sort(&doors->entries, NULL, NULL);
    *ret_doors = fleet_doors_free_take(&doors);
    return true;
}

void fleet_doors_free(struct fleet_doors *doors) {
    if (doors) {
        event_loop_cancel(doors->options.loop, doors->timer);
        fleet_entries_clear(&doors->entries);
        free(doors->round.order);
        free(doors->problems.hashes);
        free(doors->problems_before.hashes);
        free(doors);
    }
}

struct fleet_doors_state fleet_doors_state(const struct fleet_doors *doors) {
    struct fleet_doors_state state = {
        .busy = doors->busy || doors->due, .unreadable = doors->unreadable, .keeps = doors->keeps};
    for (size_t i = 0; i < doors->entries.count; i++) {
        const struct fleet_entry *entry = doors->entries.items[i];
        state.objects += entry->wanted;
        state.refused += entry->state == ENTRY_REFUSED;
        state.failed += entry->state == ENTRY_FAILED;
        state.held += entry->state == ENTRY_HELD;
    }
    return state;
}
