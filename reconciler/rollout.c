// How many clusters may change at one time, and whose turn it is: canary environments first.
#include "reconciler/worker.h"

#include "base/buffer.h"

#include <string.h>

enum { MOST_NAMED = 3 };

static const struct reconcile_settings *settings_of(const struct reconciler *reconciler) {
    return reconciler->options.settings(reconciler->options.cookie);
}

// ---- places ----

static void enter_upgraders(struct worker *worker) {
    struct worker **first = &worker->reconciler->upgraders;
    worker->upgrader_next = *first;
    worker->upgrader_link = first;
    if (*first) {
        (*first)->upgrader_link = &worker->upgrader_next;
    }
    *first = worker;
}

static void leave_upgraders(struct worker *worker) {
    *worker->upgrader_link = worker->upgrader_next;
    if (worker->upgrader_next) {
        worker->upgrader_next->upgrader_link = worker->upgrader_link;
    }
    worker->upgrader_next = NULL;
    worker->upgrader_link = NULL;
}

void rollout_hold_upgrade(struct worker *worker, bool holds) {
    struct reconciler *reconciler = worker->reconciler;
    if (worker->record.upgrading != holds) {
        worker->record.upgrading = holds;
        worker->record_dirty = true;
        reconciler->upgrades += holds ? 1 : (size_t)-1;
        (holds ? enter_upgraders : leave_upgraders)(worker);
        reconciler_move_line(reconciler);
    }
}

void rollout_hold_delete(struct worker *worker, bool holds) {
    struct reconciler *reconciler = worker->reconciler;
    if (worker->holds_delete != holds) {
        worker->holds_delete = holds;
        reconciler->deletes += holds ? 1 : (size_t)-1;
        reconciler_move_line(reconciler);
    }
}

void rollout_count(struct worker *worker) {
    if (!worker->is_counted) {
        worker->is_counted = true;
        worker->reconciler->uncounted--;
        reconciler_move_line(worker->reconciler);
    }
}

static size_t free_places(size_t taken, unsigned most) {
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

// Has it still to reach its version? Its own, and not below target.
static bool is_behind(const struct worker *worker, const struct kubernetes_version *target) {
    struct kubernetes_version wanted;
    int64_t distance;
    return worker->is_stale ||
           (worker->spec && !worker->record.deleting && worker->upgrade_pending &&
            kubernetes_version_parse(worker->spec->version, &wanted) == VERSION_OK &&
            kubernetes_version_minor_distance(&wanted, target, &distance) && distance >= 0);
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
struct wave_sums {
    const struct reconcile_settings *settings;
    struct {
        bool is_stale, is_pending;
        struct kubernetes_version highest;
    } waves[RECONCILE_MOST_WAVES + 1];
};

static void sum(void *cookie, void *value) {
    struct wave_sums *sums = cookie;
    const struct worker *worker = value;
    unsigned wave = wave_of(worker, sums->settings);
    struct kubernetes_version wanted;
    if (!worker->provider_name) {
        return;
    }
    sums->waves[wave].is_stale |= worker->is_stale;
    if (worker->spec && kubernetes_version_parse(worker->spec->version, &wanted) == VERSION_OK &&
        is_behind(worker, &wanted) &&
        (!sums->waves[wave].is_pending ||
         kubernetes_version_compare(&wanted, &sums->waves[wave].highest) > 0)) {
        sums->waves[wave].is_pending = true;
        sums->waves[wave].highest = wanted;
    }
}

static bool may_go(const struct wave_sums *sums, const struct worker *worker) {
    unsigned own = wave_of(worker, sums->settings);
    struct kubernetes_version target;
    if (!worker->spec || kubernetes_version_parse(worker->spec->version, &target) != VERSION_OK) {
        return true;
    }
    for (unsigned wave = 0; wave < own; wave++) {
        int64_t distance;
        if (sums->waves[wave].is_stale ||
            (sums->waves[wave].is_pending &&
             kubernetes_version_minor_distance(&sums->waves[wave].highest, &target, &distance) &&
             distance >= 0)) {
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
               free_places(reconciler->upgrades, settings->upgrades_at_once));
    call_first(&reconciler->lines[LINE_DELETE], free_places(reconciler->deletes, settings->deletes_at_once));
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

// Whoever looks for what stands in the way finds it here: one that is paused, or fails, may stay for long.
static void say_upgraders(const struct reconciler *reconciler, unsigned most, char *ret_waits) {
    CLEANUP(buffer_clear) struct buffer names;
    buffer_init(&names, WORKER_MOST_TEXT);
    size_t named = 0;
    for (const struct worker *worker = reconciler->upgraders; worker && named < MOST_NAMED;
         worker = worker->upgrader_next) {
        bool is_paused = worker->is_paused || (worker->spec && worker->spec->paused);
        buffer_printf(&names, "%s%s/%s%s", named ? ", " : "", worker->key.namespace, worker->key.name,
                      is_paused ? " (paused)" : "");
        named++;
    }
    if (reconciler->upgrades > named) {
        buffer_printf(&names, " and %zu more", reconciler->upgrades - named);
    }
    worker_say(ret_waits, "waits for a place: %s %s being upgraded, %u may be", buffer_text(&names),
               reconciler->upgrades == 1 ? "is" : "are", most);
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
        rollout_hold_upgrade(worker, false); // nothing of it is under way, and who comes first needs a place
        return false;
    }
    if (!worker->record.upgrading && reconciler->upgrades >= settings->upgrades_at_once) {
        say_upgraders(reconciler, settings->upgrades_at_once, ret_waits);
        enter_line(worker, LINE_UPGRADE);
        return false;
    }
    return true;
}

bool rollout_may_delete(struct worker *worker, char *ret_waits) {
    struct reconciler *reconciler = worker->reconciler;
    const struct reconcile_settings *settings = settings_of(reconciler);
    if (!is_counted(worker, LINE_DELETE, ret_waits)) {
        return false;
    }
    if (!worker->holds_delete && reconciler->deletes >= settings->deletes_at_once) {
        worker_say(ret_waits, "waits for a place: %zu clusters are being deleted, %u may be",
                   reconciler->deletes, settings->deletes_at_once);
        enter_line(worker, LINE_DELETE);
        return false;
    }
    return true;
}
