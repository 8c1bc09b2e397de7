// How many clusters may change at one time, and whose turn it is: canary environments first.
#include "reconciler/worker.h"

#include <string.h>

void rollout_hold_upgrade(struct worker *worker, bool holds) {
    struct reconciler *reconciler = worker->reconciler;
    if (worker->record.upgrading != holds) {
        worker->record.upgrading = holds;
        worker->record_dirty = true;
        reconciler->upgrades += holds ? 1 : (size_t)-1;
        if (!holds) {
            reconciler_wake_line(reconciler);
        }
    }
}

void rollout_hold_delete(struct worker *worker, bool holds) {
    struct reconciler *reconciler = worker->reconciler;
    if (worker->holds_delete != holds) {
        worker->holds_delete = holds;
        reconciler->deletes += holds ? 1 : (size_t)-1;
        if (!holds) {
            reconciler_wake_line(reconciler);
        }
    }
}

static unsigned wave_of(const struct worker *worker, const struct reconcile_settings *settings) {
    unsigned wave = 0;
    while (wave < settings->wave_count &&
           !(worker->wave && strcmp(worker->wave, settings->wave_order[wave]) == 0)) {
        wave++;
    }
    return wave;
}

// Has it still to reach this minor version, or is that not known?
static bool is_behind(const struct worker *worker, const struct kubernetes_version *target) {
    struct kubernetes_version wanted;
    if (!worker->passed) {
        return true;
    }
    int64_t distance;
    return worker->spec && !worker->record.deleting && worker->upgrade_pending &&
           kubernetes_version_parse(worker->spec->version, &wanted) == VERSION_OK &&
           kubernetes_version_minor_distance(&wanted, target, &distance) && distance >= 0;
}

struct line {
    const struct worker *asks;
    const struct reconcile_settings *settings;
    struct kubernetes_version target;
    unsigned wave;
    const struct worker *first; // who is in the way
};

static void look(void *cookie, void *value) {
    struct line *line = cookie;
    const struct worker *other = value;
    if (!line->first && other != line->asks && other->provider_name &&
        wave_of(other, line->settings) < line->wave && is_behind(other, &line->target)) {
        line->first = other;
    }
}

bool rollout_may_upgrade(struct worker *worker, char *ret_waits) {
    struct reconciler *reconciler = worker->reconciler;
    const struct reconcile_settings *settings = reconciler->options.settings(reconciler->options.cookie);
    struct line line = {.asks = worker, .settings = settings, .wave = wave_of(worker, settings)};
    if (line.wave > 0 && kubernetes_version_parse(worker->spec->version, &line.target) == VERSION_OK) {
        key_map_each(&reconciler->workers, look, &line);
    }
    if (line.first) {
        const struct worker *first = line.first;
        worker_say(ret_waits, "waits for %s/%s (%s: %s), which comes first", first->key.namespace,
                   first->key.name, settings->wave_label, first->wave ? first->wave : "");
        worker->waits_in_line = true;
        return false;
    }
    if (!worker->record.upgrading && reconciler->upgrades >= settings->upgrades_at_once) {
        worker_say(ret_waits, "waits for a place: %zu clusters are being upgraded, %u may be",
                   reconciler->upgrades, settings->upgrades_at_once);
        worker->waits_in_line = true;
        return false;
    }
    return true;
}

bool rollout_may_delete(struct worker *worker, char *ret_waits) {
    struct reconciler *reconciler = worker->reconciler;
    const struct reconcile_settings *settings = reconciler->options.settings(reconciler->options.cookie);
    if (!worker->holds_delete && reconciler->deletes >= settings->deletes_at_once) {
        worker_say(ret_waits, "waits for a place: %zu clusters are being deleted, %u may be",
                   reconciler->deletes, settings->deletes_at_once);
        worker->waits_in_line = true;
        return false;
    }
    return true;
}
