#include "reconciler/reconcile_settings.h"

#include "engine/setting_reader.h"
#include "reconciler/drain_time.h"

#include <string.h>

enum { DEFAULT_DRAIN_S = 5 * 60, DEFAULT_RESYNC_S = 60, LONGEST_S = 24 * 60 * 60 };
enum { DEFAULT_UPGRADES = 5, DEFAULT_DELETES = 2, MOST_AT_ONCE = 1000, LONGEST_LABEL = 317 };

static bool read_choice(struct setting_reader *reader, const struct node *map, const char *key,
                        const char *first, const char *second, bool *ret_is_second) {
    const char *const names[] = {first, second};
    int index = 0;
    if (!setting_read_choice(reader, map, key, names, 2, &index)) {
        return false;
    }
    *ret_is_second = index == 1;
    return true;
}

// Absent: *ret_seconds stays as it is.
static bool read_duration(struct setting_reader *reader, const struct node *map, const char *key,
                          int64_t *ret_seconds) {
    static const char wanted[] = "a duration like 90s, 5m or 1h";
    const struct node *node = node_get(map, key);
    const char *text = node && !node->unknown ? node_string(node) : NULL;
    int64_t seconds;
    if (!node) {
        return true;
    }
    size_t mark = setting_enter_key(reader, key);
    if (!text) {
        return setting_wrong_type(reader, node, wanted);
    }
    if (!duration_read(text, &seconds)) {
        return setting_fail(reader, node, "must be %s, got \"%.40s\"", wanted, text);
    }
    if (seconds < 1 || seconds > LONGEST_S) {
        return setting_fail(reader, node, "is %.40s, must be from 1s to 24h", text);
    }
    setting_leave(reader, mark);
    *ret_seconds = seconds;
    return true;
}

static bool read_at_once(struct setting_reader *reader, const struct node *map, unsigned *ret_count) {
    const struct node *node = node_get(map, "at_once");
    int64_t count;
    if (!node) {
        return true;
    }
    size_t mark = setting_enter_key(reader, "at_once");
    if (!node_integer(node, &count)) {
        return setting_wrong_type(reader, node, "an integer");
    }
    if (count < 1) {
        return setting_fail(reader, node, "is %lld, the least is 1", (long long)count);
    }
    if (count > MOST_AT_ONCE) {
        return setting_fail(reader, node, "is %lld, the most is %d", (long long)count, MOST_AT_ONCE);
    }
    setting_leave(reader, mark);
    *ret_count = (unsigned)count;
    return true;
}

// {at_once: N} at key.
static bool read_budget(struct setting_reader *reader, const struct node *section, const char *key,
                        unsigned *ret_count) {
    static const char *const keys[] = {"at_once"};
    const struct node *map = node_get(section, key);
    if (!map) {
        return true;
    }
    size_t mark = setting_enter_key(reader, key);
    if (!setting_check_map(reader, map, keys, 1) || !read_at_once(reader, map, ret_count)) {
        return false;
    }
    setting_leave(reader, mark);
    return true;
}

static bool read_order(struct setting_reader *reader, const struct node *waves,
                       struct reconcile_settings *settings) {
    const struct node *list = node_get(waves, "order");
    const char *const *names;
    size_t count;
    if (!setting_read_texts(reader, waves, "order", &names, &count)) {
        return false;
    }
    setting_enter_key(reader, "order");
    if (count == 0) {
        return setting_fail(reader, list ? list : waves, list ? "must name at least one" : "is required");
    }
    if (count > RECONCILE_MOST_WAVES) {
        return setting_fail(reader, list, "names %zu, the most is %d", count, RECONCILE_MOST_WAVES);
    }
    for (size_t i = 0; i < count; i++) {
        for (size_t j = 0; j < i; j++) {
            if (strcmp(names[i], names[j]) == 0) {
                setting_enter_index(reader, i);
                return setting_fail(reader, node_item(list, i), "is there a second time");
            }
        }
        settings->wave_order[i] = names[i];
    }
    settings->wave_count = (unsigned)count;
    return true;
}

static bool read_waves(struct setting_reader *reader, const struct node *section,
                       struct reconcile_settings *settings) {
    static const char *const keys[] = {"label", "order"};
    const struct node *map = node_get(section, "waves");
    if (!map) {
        return true;
    }
    size_t mark = setting_enter_key(reader, "waves");
    if (!setting_check_map(reader, map, keys, 2) ||
        !setting_read_text(reader, map, "label", false, &settings->wave_label)) {
        return false;
    }
    if (strlen(settings->wave_label) > LONGEST_LABEL) {
        setting_enter_key(reader, "label");
        return setting_fail(reader, node_get(map, "label"), "is longer than %d bytes, as no label is",
                            LONGEST_LABEL);
    }
    if (!read_order(reader, map, settings)) {
        return false;
    }
    setting_leave(reader, mark);
    return true;
}

static bool read_section(struct setting_reader *reader, const struct node *section,
                         struct reconcile_settings *settings) {
    static const char *const keys[] = {"attestation", "drift",   "drain", "resync",
                                       "upgrades",    "deletes", "waves"};
    bool goes_on = false;
    bool reports = false;
    setting_enter_key(reader, "reconcile");
    if (!setting_check_map(reader, section, keys, sizeof(keys) / sizeof(*keys)) ||
        !read_choice(reader, section, "attestation", "hold", "go_on", &goes_on) ||
        !read_choice(reader, section, "drift", "repair", "report", &reports) ||
        !read_duration(reader, section, "drain", &settings->drain_s) ||
        !read_duration(reader, section, "resync", &settings->resync_s) ||
        !read_budget(reader, section, "upgrades", &settings->upgrades_at_once) ||
        !read_budget(reader, section, "deletes", &settings->deletes_at_once) ||
        !read_waves(reader, section, settings)) {
        return false;
    }
    settings->attestation = goes_on ? UNATTESTED_GO_ON : UNATTESTED_HOLD;
    settings->drift = reports ? DRIFT_REPORT : DRIFT_REPAIR;
    return true;
}

bool reconcile_settings_read(const struct document *document, const char *file,
                             struct reconcile_settings *ret_settings, struct error *error) {
    struct reconcile_settings settings = {.drain_s = DEFAULT_DRAIN_S,
                                          .resync_s = DEFAULT_RESYNC_S,
                                          .upgrades_at_once = DEFAULT_UPGRADES,
                                          .deletes_at_once = DEFAULT_DELETES};
    const struct node *section = document ? node_get(document_root(document), "reconcile") : NULL;
    if (section) {
        CLEANUP(arena_free) struct arena *arena = arena_new();
        struct setting_reader reader = {.document = document, .file = file, .arena = arena, .error = error};
        buffer_init(&reader.path, SETTING_PATH_MAXIMUM);
        bool good = read_section(&reader, section, &settings);
        buffer_clear(&reader.path);
        if (!good) {
            return false;
        }
    }
    *ret_settings = settings;
    return true;
}
