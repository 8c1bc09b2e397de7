// How many clusters may change at one time, and whose turn it is: canary environments first.
#include "reconciler/worker.h"

#include <string.h>

static const struct reconcile_settings *settings_of(const struct reconciler *reconciler) {
    return reconciler->options.settings(reconciler->options.cookie);
}

// ---- places ----

static void take_place(struct worker *worker, enum place place) {
    struct place_holders *holders = &worker->reconciler->places[place];
    worker->places[place].next = holders->first;
    worker->places[place].link = &holders->first;
    if (holders->first) {
        holders->first->places[place].link = &worker->places[place].next;
    }
    holders->first = worker;
    holders->count++;
}

static void leave_place(struct worker *worker, enum place place) {
    struct worker *next = worker->places[place].next;
    *worker->places[place].link = next;
    if (next) {
        next->places[place].link = worker->places[place].link;
    }
    worker->places[place].link = NULL;
    worker->reconciler->places[place].count--;
}

void rollout_hold(struct worker *worker, enum place place, bool holds) {
    struct cluster_record *record = &worker->record;
    if (worker_holds(worker, place) == holds) {
        return;
    }
    *(place == PLACE_UPGRADE ? &record->upgrading : &record->removing) = holds;
    worker->record_dirty = true;
    (holds ? take_place : leave_place)(worker, place);
    reconciler_move_line(worker->reconciler);
}

void rollout_count(struct worker *worker) {
    if (!worker->is_counted) {
        worker->is_counted = true;
        worker->reconciler->uncounted--;
        reconciler_move_line(worker->reconciler);
    }
}

static size_t free_places(const struct reconciler *reconciler, enum place place, unsigned most) {
    size_t taken = reconciler->places[place].count;
    return taken < most ? most - taken : 0;
}

// ---- lines ----

static void enter_line(struct worker *worker, enum line line) {
    worker->asked_line = true;
    if (worker->line == line) {
        return; // keeps its place
    }
    rollout_leave_line(worker);
    struct line_ends *ends = &worker->reconciler->lines[line];
    worker->line = line;
    worker->line_previous = ends->last;
    *(ends->last ? &ends->last->line_next : &ends->first) = worker;
    ends->last = worker;
}

void rollout_leave_line(struct worker *worker) {
    if (worker->line == LINE_NONE) {
        return;
    }
    struct line_ends *ends = &worker->reconciler->lines[worker->line];
    *(worker->line_previous ? &worker->line_previous->line_next : &ends->first) = worker->line_next;
    *(worker->line_next ? &worker->line_next->line_previous : &ends->last) = worker->line_previous;
    worker->line_previous = worker->line_next = NULL;
    worker->line = LINE_NONE;
    reconciler_move_line(worker->reconciler); // it may have been called, and another one can go instead
}

static void call(struct worker *worker) {
    if (worker->step == PASS_NONE) {
        reconciler_wake(worker->reconciler, worker, 0);
    }
}

// The first ones; those who have not answered an earlier call yet are among them.
static void call_first(const struct line_ends *ends, size_t places) {
    struct worker *worker = ends->first;
    for (size_t i = 0; worker && i < places; i++) {
        call(worker);
        worker = worker->line_next;
    }
}

// ---- waves ----

static unsigned wave_of(const struct worker *worker, const struct reconcile_settings *settings) {
    unsigned wave = 0;
    while (wave < settings->wave_count &&
           !(worker->wave && strcmp(worker->wave, settings->wave_order[wave]) == 0)) {
        wave++;
    }
    return wave;
}

// Does the way from one version to another lead through target, or to a patch of its minor?
static bool leads_through(const struct kubernetes_version *from, const struct kubernetes_version *to,
                          const struct kubernetes_version *target) {
    int64_t left, gone;
    if (!kubernetes_version_minor_distance(to, target, &left) ||
        !kubernetes_version_minor_distance(from, target, &gone)) {
        return false;
    }
    return left >= 0 && (left > 0 ? gone < 0 : kubernetes_version_compare(from, target) < 0);
}

// Has it still to reach target, on its way to its own version?
static bool is_behind(const struct worker *worker, const struct kubernetes_version *target) {
    struct kubernetes_version wanted;
    return worker->is_stale || (worker->spec && !worker->record.deleting && worker->upgrade_pending &&
                                kubernetes_version_parse(worker->spec->version, &wanted) == VERSION_OK &&
                                leads_through(&worker->reached, &wanted, target));
}

struct wave_look {
    const struct reconcile_settings *settings;
    struct kubernetes_version target;
    unsigned wave;
    const struct worker *first; // who is in the way
};

static void look(void *cookie, void *value) {
    struct wave_look *wave_look = cookie;
    const struct worker *other = value;
    if (!wave_look->first && other->provider_name && wave_of(other, wave_look->settings) < wave_look->wave &&
        is_behind(other, &wave_look->target)) {
        wave_look->first = other;
    }
}

// NULL: nobody.
static const struct worker *who_comes_first(struct worker *worker) {
    struct reconciler *reconciler = worker->reconciler;
    struct wave_look wave_look = {.settings = settings_of(reconciler)};
    wave_look.wave = wave_of(worker, wave_look.settings);
    if (wave_look.wave > 0 && worker->spec &&
        kubernetes_version_parse(worker->spec->version, &wave_look.target) == VERSION_OK) {
        key_map_each(&reconciler->workers, look, &wave_look);
    }
    return wave_look.first;
}

// What the clusters of each wave have still to reach; so that not every one that waits looks at all others.
// Who is kept in line by two clusters together, and by none alone, looks by itself a minute later.
struct wave_sum {
    bool is_stale, is_pending;
    struct kubernetes_version lowest, highest; // where they are, and where they are to go
};
struct wave_sums {
    const struct reconcile_settings *settings;
    struct wave_sum waves[RECONCILE_MOST_WAVES + 1];
};

static void sum(void *cookie, void *value) {
    struct wave_sums *sums = cookie;
    const struct worker *worker = value;
    unsigned wave = wave_of(worker, sums->settings);
    struct kubernetes_version wanted;
    if (!worker->provider_name) {
        return;
    }
    struct wave_sum *of_wave = &sums->waves[wave];
    of_wave->is_stale |= worker->is_stale;
    if (!worker->spec || kubernetes_version_parse(worker->spec->version, &wanted) != VERSION_OK ||
        !is_behind(worker, &wanted)) {
        return;
    }
    bool is_first = !of_wave->is_pending;
    of_wave->is_pending = true;
    if (is_first || kubernetes_version_compare(&worker->reached, &of_wave->lowest) < 0) {
        of_wave->lowest = worker->reached;
    }
    if (is_first || kubernetes_version_compare(&wanted, &of_wave->highest) > 0) {
        of_wave->highest = wanted;
    }
}

static bool may_go(const struct wave_sums *sums, const struct worker *worker) {
    unsigned own = wave_of(worker, sums->settings);
    struct kubernetes_version target;
    if (!worker->spec || kubernetes_version_parse(worker->spec->version, &target) != VERSION_OK) {
        return true;
    }
    for (unsigned wave = 0; wave < own; wave++) {
        const struct wave_sum *of_wave = &sums->waves[wave];
        if (of_wave->is_stale ||
            (of_wave->is_pending && leads_through(&of_wave->lowest, &of_wave->highest, &target))) {
            return false;
        }
    }
    return true;
}

static void call_waves(struct reconciler *reconciler) {
    struct wave_sums sums = {.settings = settings_of(reconciler)};
    if (!reconciler->lines[LINE_WAVE].first) {
        return;
    }
    key_map_each(&reconciler->workers, sum, &sums);
    for (struct worker *worker = reconciler->lines[LINE_WAVE].first; worker; worker = worker->line_next) {
        if (may_go(&sums, worker)) {
            call(worker);
        }
    }
}

void rollout_call(struct reconciler *reconciler) {
    const struct reconcile_settings *settings = settings_of(reconciler);
    if (reconciler->uncounted > 0) {
        return;
    }
    call_first(&reconciler->lines[LINE_UPGRADE],
               free_places(reconciler, PLACE_UPGRADE, settings->upgrades_at_once));
    call_first(&reconciler->lines[LINE_DELETE],
               free_places(reconciler, PLACE_DELETE, settings->deletes_at_once));
    call_waves(reconciler);
}

// ---- may it? ----

// Places that were taken before this process began are known once every record was read.
static bool is_counted(struct worker *worker, enum line line, char *ret_waits) {
    if (worker->reconciler->uncounted == 0) {
        return true;
    }
    worker_say(ret_waits, "waits until it is known what is under way in all clusters");
    enter_line(worker, line);
    return false;
}

// Holders that go on are not named: they change all the time, and each change would be written into the
// status of all that wait. One that is paused stays until somebody looks at it.
static void say_holders(const struct worker *worker, enum place place, unsigned most, char *ret_waits) {
    static const char *const doings[] = {[PLACE_UPGRADE] = "upgraded", [PLACE_DELETE] = "deleted"};
    const struct place_holders *holders = &worker->reconciler->places[place];
    const struct worker *paused = holders->first;
    while (paused && !worker_is_paused(paused)) {
        paused = paused->places[place].next;
    }
    const char *which =
        !paused ? ""
                : arena_printf(worker->arena, "; %s/%s is paused", paused->key.namespace, paused->key.name);
    worker_say(ret_waits, "waits for a place: %zu %s being %s, %u may be%s", holders->count,
               holders->count == 1 ? "cluster is" : "clusters are", doings[place], most, which);
}

static bool has_place(struct worker *worker, enum place place, unsigned most, enum line line,
                      char *ret_waits) {
    if (worker_holds(worker, place) || worker->reconciler->places[place].count < most) {
        return true;
    }
    say_holders(worker, place, most, ret_waits);
    enter_line(worker, line);
    return false;
}

bool rollout_may_upgrade(struct worker *worker, char *ret_waits) {
    struct reconciler *reconciler = worker->reconciler;
    const struct reconcile_settings *settings = settings_of(reconciler);
    if (!is_counted(worker, LINE_UPGRADE, ret_waits)) {
        return false;
    }
    const struct worker *first = who_comes_first(worker);
    if (first) {
        worker_say(ret_waits, "waits for %s/%s (%s: %s), which comes first", first->key.namespace,
                   first->key.name, settings->wave_label, first->wave ? first->wave : "");
        enter_line(worker, LINE_WAVE);
        // Nothing of it is under way, and who comes first needs a place.
        rollout_hold(worker, PLACE_UPGRADE, false);
        return false;
    }
    return has_place(worker, PLACE_UPGRADE, settings->upgrades_at_once, LINE_UPGRADE, ret_waits);
}

bool rollout_may_delete(struct worker *worker, char *ret_waits) {
    const struct reconcile_settings *settings = settings_of(worker->reconciler);
    return is_counted(worker, LINE_DELETE, ret_waits) &&
           has_place(worker, PLACE_DELETE, settings->deletes_at_once, LINE_DELETE, ret_waits);
}
