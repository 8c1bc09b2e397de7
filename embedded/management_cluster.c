#include "embedded/management_cluster.h"

#include "base/memory.h"
#include "base/tree_look.h"
#include "embedded/attested_store.h"
#include "embedded/database_store.h"
#include "embedded/decision_table.h"
#include "embedded/event_table.h"
#include "embedded/fleet_directory.h"
#include "embedded/shared_documents.h"
#include "embedded/state_directory.h"
#include "engine/decision_text.h"
#include "engine/policy_wants.h"
#include "fleet/inventory.h"
#include "manager/ledger.h"

#include <limits.h>
#include <stdio.h>
#include <string.h>

enum { RELOAD_LOOK_MS = 2000, MOST_TEXT_BYTES = 8192 };

// In the order in which they are made; the reverse is the order in which they go.
struct management_cluster {
    struct management_cluster_options options;
    struct object_database *database;
    struct key_ring *keys;
    struct inventory *inventory;
    struct shared_documents *documents; // NULL: all is in memory
    struct ledger *ledger;
    struct policy_set *policies;
    struct reconcile_settings settings; // borrow from policies
    struct policy_set *old_policies;    // until the next reload: settings of this turn may be borrowed
    struct sim *sim;
    struct named_provider provider;
    struct database_store *store;
    struct attested_store *attested;
    struct reconciler *reconciler;
    struct fleet_doors *doors;
    struct fleet_directory *directory;
    uint64_t rules_seen, rules_used;
    event_timer reload_timer;
};

void management_cluster_free(struct management_cluster *cluster) {
    if (!cluster) {
        return;
    }
    event_loop_cancel(cluster->options.loop, cluster->reload_timer);
    fleet_directory_free(cluster->directory);
    fleet_doors_free(cluster->doors);
    reconciler_free(cluster->reconciler);
    attested_store_free(cluster->attested);
    database_store_free(cluster->store);
    sim_free(cluster->sim);
    policy_set_unref(cluster->policies);
    policy_set_unref(cluster->old_policies);
    ledger_free(cluster->ledger);
    shared_documents_free(cluster->documents);
    inventory_free(cluster->inventory);
    key_ring_unref(cluster->keys);
    object_database_close(cluster->database);
    free(cluster);
}

// ---- what the parts ask of each other ----

static struct policy_set *policies_in_force(void *cookie) {
    const struct management_cluster *cluster = cookie;
    return policy_set_ref(cluster->policies);
}

static struct key_ring *keys_in_force(void *cookie) {
    const struct management_cluster *cluster = cookie;
    return key_ring_ref(cluster->keys);
}

static const struct reconcile_settings *settings_in_force(void *cookie) {
    const struct management_cluster *cluster = cookie;
    return &cluster->settings;
}

static void open_fleet(void *cookie, struct fleet_knowledge *ret_knowledge) {
    const struct management_cluster *cluster = cookie;
    *ret_knowledge = (struct fleet_knowledge){.source = *inventory_source(cluster->inventory),
                                              .keeper = *ledger_keeper(cluster->ledger)};
}

// The inventory first: the reconciler and the doors judge by it.
static void on_put(void *cookie, const struct object_key *key, const struct node *object) {
    struct management_cluster *cluster = cookie;
    inventory_put(cluster->inventory, key, object);
    if (cluster->reconciler) {
        reconciler_put(cluster->reconciler, object);
    }
}

static void on_removed(void *cookie, const struct object_key *key, const struct node *object) {
    (void)object;
    struct management_cluster *cluster = cookie;
    inventory_remove(cluster->inventory, key, "");
    if (cluster->reconciler) {
        reconciler_removed(cluster->reconciler, key);
    }
    if (cluster->doors) {
        fleet_doors_removed(cluster->doors, key);
    }
}

static bool put_again(void *cookie, const struct object_key *key, const struct node *object) {
    on_put(cookie, key, object);
    return true;
}

static bool put_into_inventory(void *cookie, const struct object_key *key, const struct node *object) {
    const struct management_cluster *cluster = cookie;
    inventory_put(cluster->inventory, key, object);
    return true;
}

// A record or an event that can't be written is a loss for those who ask later, and stops nothing.
static void on_event(void *cookie, const struct object_key *key, bool warning, const char *reason,
                     const char *message) {
    struct management_cluster *cluster = cookie;
    struct error error;
    (void)!event_table_add(cluster->database, key, warning, reason, message, &error);
}

static void record(struct management_cluster *cluster, const struct decision_row *row) {
    struct error error;
    struct decision_row dated = *row;
    dated.time_ms = event_loop_wall_ms(cluster->options.loop);
    dated.policies = policy_set_digest(cluster->policies);
    (void)!decision_table_append(cluster->database, &dated, &error);
}

static void on_report(void *cookie, const struct door_report *report) {
    struct management_cluster *cluster = cookie;
    CLEANUP(buffer_clear) struct buffer warnings;
    buffer_init(&warnings, MOST_TEXT_BYTES);
    for (size_t i = 0; i < report->warning_count; i++) {
        buffer_printf(&warnings, "%s%s", i > 0 ? "\n" : "", report->warnings[i]);
    }
    if (report->judged && report->key) {
        bool allowed = report->kind == REPORT_STORED;
        record(cluster, &(struct decision_row){.door = door_name(DOOR_ADMISSION),
                                               .operation = operation_name(report->operation),
                                               .key = *report->key,
                                               .user = cluster->options.user,
                                               .allowed = allowed,
                                               .decision = report->decision,
                                               .text = allowed ? buffer_text(&warnings) : report->text});
    }
    cluster->options.observer.reported(cluster->options.observer.cookie, report);
}

// What is only held waits for something that admission has to say.
static bool is_denied(const struct decision *decision) {
    bool denied = false;
    for (size_t i = 0; i < decision->violation_count; i++) {
        denied |= violation_denies(&decision->violations[i]);
    }
    for (size_t i = 0; i < decision->result_count; i++) {
        denied |= policy_result_denies(&decision->results[i]);
    }
    return denied;
}

static void on_decided(void *cookie, const struct review *review, const struct decision *decision) {
    struct management_cluster *cluster = cookie;
    CLEANUP(buffer_clear) struct buffer text, name;
    buffer_init(&text, MOST_TEXT_BYTES);
    buffer_init(&name, 64);
    decision_denial(decision, review, &text);
    decision_name(review->uid, &name);
    record(cluster, &(struct decision_row){.door = door_name(DOOR_RECONCILE),
                                           .operation = operation_name(review->change.operation),
                                           .key = review->change.key,
                                           .user = review->user ? review->user : "",
                                           .allowed = decision->allowed,
                                           .decision = buffer_text(&name),
                                           .text = buffer_text(&text)});
    if (is_denied(decision)) {
        cluster->options.observer.denied(cluster->options.observer.cookie, &review->change.key,
                                         buffer_text(&text));
    }
}

static void on_progress(void *cookie, const struct cluster_progress *progress) {
    struct management_cluster *cluster = cookie;
    cluster->options.observer.progress(cluster->options.observer.cookie, progress);
}

static void on_manifests(void *cookie, struct manifest_set *manifests) {
    struct management_cluster *cluster = cookie;
    fleet_doors_follow(cluster->doors, manifests);
}

static void on_trouble(void *cookie, const char *problem) {
    struct management_cluster *cluster = cookie;
    cluster->options.observer.troubled(cluster->options.observer.cookie, problem);
}

static void on_failure(void *cookie, const char *why) {
    struct management_cluster *cluster = cookie;
    cluster->options.observer.failed(cluster->options.observer.cookie, why);
}

// ---- policies and settings ----

static uint64_t look_at_rules(const struct management_cluster *cluster) {
    uint64_t hash = 0;
    for (size_t i = 0; i < sizeof(cluster->options.rule_paths) / sizeof(cluster->options.rule_paths[0]);
         i++) {
        struct tree_look look = {0};
        const char *path = cluster->options.rule_paths[i];
        hash += path ? tree_look_at(&look, path) * (i + 1) : 0;
    }
    return hash;
}

// What policies count may be new: then all objects have to be told again.
static bool use_policies(struct management_cluster *cluster, const struct policy_set *policies,
                         struct error *error) {
    const struct policy_wants *wants = policy_set_wants(policies);
    bool relist = false;
    return inventory_configure(cluster->inventory, wants->labels, wants->label_count, wants->fields,
                               wants->field_count, &relist, error) &&
           (!relist || object_database_each(cluster->database, put_into_inventory, cluster, error));
}

static bool load_rules(struct management_cluster *cluster, struct error *error) {
    CLEANUP(policy_set_unref) struct policy_set *policies = NULL;
    struct reconcile_settings settings;
    const char *file;
    cluster->rules_used = cluster->rules_seen = look_at_rules(cluster);
    if (!cluster->options.load(cluster->options.load_cookie, &policies, error)) {
        return false;
    }
    const struct document *configuration = policy_set_configuration(policies, &file);
    if (!reconcile_settings_read(configuration, file, &settings, error) ||
        !use_policies(cluster, policies, error)) {
        return false;
    }
    policy_set_unref(cluster->old_policies);
    cluster->old_policies = cluster->policies;
    cluster->policies = policy_set_unref_take(&policies);
    cluster->settings = settings;
    return true;
}

static void look_for_reload(void *cookie);

static void schedule_reload(struct management_cluster *cluster) {
    cluster->reload_timer = event_loop_after(cluster->options.loop, RELOAD_LOOK_MS, look_for_reload, cluster);
}

// What does not load leaves in force what was there, and is said once.
static void look_for_reload(void *cookie) {
    struct management_cluster *cluster = cookie;
    const struct management_cluster_observer *observer = &cluster->options.observer;
    uint64_t now = look_at_rules(cluster);
    bool settled = now == cluster->rules_seen;
    cluster->rules_seen = now;
    schedule_reload(cluster);
    if (!settled || now == cluster->rules_used) {
        return;
    }
    struct error error;
    if (!load_rules(cluster, &error)) {
        observer->reloaded(observer->cookie, error.message);
        return;
    }
    fleet_doors_reconsider(cluster->doors);
    reconciler_reconsider(cluster->reconciler);
    observer->reloaded(observer->cookie, NULL);
}

// ---- start ----

static const char *path_in(const struct management_cluster *cluster, const char *name, char path[PATH_MAX]) {
    if (!cluster->options.state) {
        return NULL;
    }
    snprintf(path, PATH_MAX, "%s/%s", cluster->options.state, name);
    return path;
}

static bool open_state(struct management_cluster *cluster, struct error *error) {
    const char *state = cluster->options.state;
    char path[PATH_MAX];
    if (state && !state_directory_make(state, error)) {
        return false;
    }
    const struct object_database_options database = {.path = path_in(cluster, STATE_OBJECTS_FILE, path)};
    if (!object_database_open(&database, &cluster->database, error)) {
        return error->kind == ERROR_LIMIT
                   ? error_set(error, ERROR_LIMIT, "%s: another 'fleetgate run' works with this state", state)
                   : false;
    }
    if (!state_directory_keys(state, &cluster->keys, error)) {
        return false;
    }
    struct sim_options sim = cluster->options.sim;
    sim.loop = cluster->options.loop;
    sim.path = path_in(cluster, "cloud.db", path);
    return sim_open(&sim, &cluster->sim, error);
}

static bool start_counting(struct management_cluster *cluster, struct error *error) {
    char path[PATH_MAX];
    const char *documents = path_in(cluster, STATE_SHARED_FILE, path);
    cluster->documents = documents ? shared_documents_new(documents) : NULL;
    cluster->inventory = inventory_new();
    const struct ledger_options ledger = {
        .inventory = cluster->inventory,
        .breaker_store = cluster->documents ? shared_documents_store(cluster->documents) : NULL,
        .replica = "run"};
    const struct object_listener listener = {on_put, on_removed, cluster};
    if (!ledger_new(&ledger, &cluster->ledger, error) || !load_rules(cluster, error)) {
        return false;
    }
    object_database_listen(cluster->database, &listener);
    return true;
}

static void start_reconciler(struct management_cluster *cluster) {
    cluster->store = database_store_new(cluster->options.loop, cluster->database, on_event, cluster);
    const struct object_store inner = database_store_get(cluster->store);
    cluster->attested = attested_store_new(&inner, cluster->database, keys_in_force, cluster);
    cluster->provider = (struct named_provider){"sim", sim_provider(cluster->sim)};
    const struct reconciler_options options = {
        .loop = cluster->options.loop,
        .store = attested_store_get(cluster->attested),
        .providers = &cluster->provider,
        .provider_count = 1,
        .default_provider = cluster->provider.name,
        .fleet = {open_fleet, cluster},
        .policies = policies_in_force,
        .keys = keys_in_force,
        .attests = true,
        .settings = settings_in_force,
        .decided = on_decided,
        .progress = on_progress,
        .cookie = cluster,
    };
    cluster->reconciler = reconciler_new(&options);
}

static bool start_following(struct management_cluster *cluster, struct error *error) {
    const struct management_cluster_options *options = &cluster->options;
    const struct fleet_doors_options doors = {.loop = options->loop,
                                              .database = cluster->database,
                                              .inventory = cluster->inventory,
                                              .keeper = ledger_keeper(cluster->ledger),
                                              .policies = policies_in_force,
                                              .keys = keys_in_force,
                                              .user = options->user,
                                              .directory = options->fleet,
                                              .ask_again_ms = options->ask_again_ms,
                                              .reported = on_report,
                                              .failed = on_failure,
                                              .cookie = cluster};
    if (!fleet_doors_new(&doors, &cluster->doors, error)) {
        return false;
    }
    const struct fleet_directory_options directory = {.loop = options->loop,
                                                      .path = options->fleet,
                                                      .substitution = options->substitution,
                                                      .changed = on_manifests,
                                                      .troubled = on_trouble,
                                                      .cookie = cluster};
    cluster->directory = fleet_directory_new(&directory);
    schedule_reload(cluster);
    return true;
}

bool management_cluster_open(const struct management_cluster_options *options,
                             struct management_cluster **ret_cluster, struct error *error) {
    CLEANUP(management_cluster_free) struct management_cluster *cluster = memory_calloc(1, sizeof(*cluster));
    cluster->options = *options;
    if (!open_state(cluster, error) || !start_counting(cluster, error)) {
        return false;
    }
    start_reconciler(cluster);
    if (!object_database_each(cluster->database, put_again, cluster, error)) {
        return false;
    }
    inventory_complete(cluster->inventory, true);
    reconciler_synced(cluster->reconciler);
    if (!start_following(cluster, error)) {
        return false;
    }
    *ret_cluster = management_cluster_free_take(&cluster);
    return true;
}

struct management_cluster_state management_cluster_state(const struct management_cluster *cluster) {
    struct management_cluster_state state = {.doors = fleet_doors_state(cluster->doors),
                                             .reconciler = reconciler_stats(cluster->reconciler)};
    state.quiet =
        fleet_directory_is_quiet(cluster->directory) && !state.doors.busy && state.reconciler.working == 0;
    state.waits = state.reconciler.waiting + state.reconciler.failed > 0;
    return state;
}
