#include "tests/simulation/process.h"

#include "base/memory.h"
#include "base/merge_patch.h"
#include "tests/simulation/checker.h"
#include "tests/simulation/wire.h"
#include "tests/simulation/world.h"

#include <string.h>

enum { MOST_LAG_MS = 3000 };

// One event of the watch on its way to one process.
struct told {
    struct process *process;
    struct arena *arena;
    struct object_key key;
    struct document *object; // NULL: removed
    struct told *next, **link;
};

// ---- what the reconciler asks of the process around it ----

static void open_fleet(void *cookie, struct fleet_knowledge *ret_knowledge) {
    struct process *process = cookie;
    *ret_knowledge = (struct fleet_knowledge){.source = *inventory_source(process->inventory)};
}

static struct policy_set *policies(void *cookie) {
    struct process *process = cookie;
    return policy_set_ref(process->world->policies);
}

static struct key_ring *keys(void *cookie) {
    struct process *process = cookie;
    return key_ring_ref(process->world->keys);
}

static const struct reconcile_settings *settings(void *cookie) {
    struct process *process = cookie;
    const struct world *world = process->world;
    process->settings = world->settings;
    if (world->broken == BROKEN_PLACES) {
        process->settings.upgrades_at_once = process->settings.deletes_at_once = DECLARED_CLUSTERS;
    } else if (world->broken == BROKEN_WAVES) {
        process->settings.wave_count = 0;
    }
    return &process->settings;
}

static bool leads(void *cookie) {
    struct process *process = cookie;
    return process->leads && !process->dead;
}

static void decided(void *cookie, const struct review *review, const struct decision *decision) {
    struct process *process = cookie;
    if (!process->dead) {
        checker_decided(process->world, review, decision);
    }
}

// ---- the watch ----

static void apply(struct process *process, const struct object_key *key, const struct node *object) {
    if (!object) {
        inventory_remove(process->inventory, key, "");
        reconciler_removed(process->reconciler, key);
        return;
    }
    inventory_put(process->inventory, key, object);
    reconciler_put(process->reconciler, object);
    checker_process_saw(process->world, process, key, object);
}

static void free_told(struct told *told) {
    *told->link = told->next;
    if (told->next) {
        told->next->link = told->link;
    }
    document_free(told->object);
    arena_free(told->arena);
    free(told);
}

static void tell(void *cookie) {
    struct told *told = cookie;
    if (!told->process->dead && told->process->reconciler) {
        apply(told->process, &told->key, told->object ? document_root(told->object) : NULL);
    }
    free_told(told);
}

static void tell_later(struct process *process, const struct object_key *key, const struct node *object) {
    struct world *world = process->world;
    struct told *told = memory_calloc(1, sizeof(*told));
    told->process = process;
    told->arena = arena_new();
    told->key = (struct object_key){.group = arena_strdup(told->arena, key->group),
                                    .kind = arena_strdup(told->arena, key->kind),
                                    .namespace = arena_strdup(told->arena, key->namespace),
                                    .name = arena_strdup(told->arena, key->name)};
    static const struct node nothing = {.type = NODE_MAP, .span = 1};
    struct error error = {0};
    if (object && !merge_patch_apply(object, &nothing, &told->object, &error)) {
        world_fail(world, &error);
    }
    told->link = &world->told;
    told->next = world->told;
    if (told->next) {
        told->next->link = &told->next;
    }
    world->told = told;
    int64_t now_ms = event_loop_now_ms(world->loop);
    int64_t *lane = &process->lane_due_ms[strlen(key->kind) % PROCESS_LANES];
    int64_t lag_ms = random_chance(&world->network, 0.1) ? random_below(&world->network, MOST_LAG_MS)
                                                         : random_below(&world->network, 20);
    *lane = *lane > now_ms + lag_ms ? *lane : now_ms + lag_ms;
    event_loop_after(world->loop, *lane - now_ms, tell, told);
}

void process_tell_all(struct world *world, const struct object_key *key, const struct node *object) {
    for (struct process *process = world->processes; process; process = process->next) {
        if (!process->dead) {
            tell_later(process, key, object);
        }
    }
}

static bool put_listed(void *cookie, const struct object_key *key, const struct node *object) {
    apply(cookie, key, object);
    return true;
}

// What was told before and is still on its way is older than the list.
static void forget_told(struct process *process) {
    for (struct told *told = process->world->told, *next; told; told = next) {
        next = told->next;
        if (told->process == process) {
            document_free(told->object);
            told->object = NULL;
            told->process = &process->world->nobody;
        }
    }
}

static void list_all(struct process *process) {
    struct error error = {0};
    if (!object_database_each(process->world->database, put_listed, process, &error)) {
        world_fail(process->world, &error);
    }
}

void process_relist(struct process *process) {
    struct world *world = process->world;
    trace_note(&world->trace, world_now_ms(world), "%u lists everything again", process->number);
    forget_told(process);
    reconciler_relist(process->reconciler);
    for (size_t i = 0; i < declared_kind_count; i++) {
        inventory_list_begin(process->inventory, declared_kinds[i].group, declared_kinds[i].kind);
    }
    list_all(process);
    for (size_t i = 0; i < declared_kind_count; i++) {
        inventory_list_end(process->inventory, declared_kinds[i].group, declared_kinds[i].kind);
    }
    reconciler_synced(process->reconciler);
}

// ---- life and death ----

struct process *process_start(struct world *world) {
    struct process *process = memory_calloc(1, sizeof(*process));
    process->world = world;
    process->number = ++world->process_count;
    process->leads = true;
    process->next = world->processes;
    world->processes = process;
    trace_note(&world->trace, world_now_ms(world), "%u starts", process->number);
    process->inventory = inventory_new();
    process->provider = (struct named_provider){.name = "sim", .provider = wire_cloud(process)};
    process->reconciler = reconciler_new(&(struct reconciler_options){
        .loop = world->loop,
        .store = wire_store(process),
        .providers = &process->provider,
        .provider_count = 1,
        .default_provider = world->default_provider,
        .fleet = {open_fleet, process},
        .policies = policies,
        .keys = keys,
        .attests = world->attests && world->broken != BROKEN_ATTESTATION,
        .settings = settings,
        .leads = leads,
        .decided = decided,
        .cookie = process,
        .random_seed = world->seed * 1000 + process->number,
    });
    list_all(process);
    inventory_complete(process->inventory, true);
    reconciler_synced(process->reconciler);
    return process;
}

static void bury(void *cookie) {
    struct process *process = cookie;
    reconciler_free(process->reconciler);
    inventory_free(process->inventory);
    process->reconciler = NULL;
    process->inventory = NULL;
}

void process_die(struct process *process, const char *where) {
    struct world *world = process->world;
    trace_note(&world->trace, world_now_ms(world), "%u dies at %s", process->number, where);
    process->dead = true;
    event_loop_after(world->loop, 0, bury, process);
}

void process_free_all(struct world *world) {
    while (world->processes) {
        struct process *process = world->processes;
        world->processes = process->next;
        bury(process);
        free(process);
    }
    while (world->told) {
        free_told(world->told);
    }
}
