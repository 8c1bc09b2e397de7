#include "cli/finding.h"

#include "base/memory.h"
#include "engine/decision_line.h"

#include <string.h>

enum { MOST_LINE = 4096, FIRST_SLOTS = 256 };

static const struct {
    const char *name, *word;
} results[] = {
    [FINDING_ERROR] = {"error", "error"},        [FINDING_DENY] = {"deny", "error"},
    [FINDING_FAULT] = {"fault", "fault"},        [FINDING_UNKNOWN] = {"unknown", "unknown"},
    [FINDING_WARN] = {"warn", "warning"},        [FINDING_EXISTING] = {"existing", "note"},
    [FINDING_EXCUSED] = {"excused", "note"},     [FINDING_UNSEEN] = {"unseen", "note"},
    [FINDING_DUPLICATE] = {"duplicate", "note"},
};
_Static_assert(sizeof(results) / sizeof(results[0]) == FINDING_RESULT_COUNT, "a name for each result");

const char *finding_result_name(enum finding_result result) {
    return results[result].name;
}

const char *finding_word(enum finding_result result) {
    return results[result].word;
}

void finding_list_init(struct finding_list *list) {
    *list = (struct finding_list){.arena = arena_new()};
}

void finding_list_clear(struct finding_list *list) {
    arena_free(list->arena);
    free(list->items);
    free(list->slots);
    *list = (struct finding_list){0};
}

static void mix(uint64_t *hash, const char *text) {
    for (const char *byte = text ? text : ""; *byte; byte++) {
        *hash = (*hash ^ (unsigned char)*byte) * 0x100000001b3U; // FNV-1a
    }
    *hash = (*hash ^ 0xFF) * 0x100000001b3U;
}

static uint64_t hash_of(const struct finding *finding) {
    uint64_t hash = 0xcbf29ce484222325U;
    mix(&hash, finding->policy);
    mix(&hash, finding->object.kind);
    mix(&hash, finding->object.namespace);
    mix(&hash, finding->object.name);
    mix(&hash, finding->path);
    mix(&hash, finding->message);
    return hash;
}

static bool same_text(const char *a, const char *b) {
    return strcmp(a ? a : "", b ? b : "") == 0;
}

// Without an object it is about a place.
static bool same(const struct finding *a, const struct finding *b) {
    return same_text(a->policy, b->policy) && same_text(a->object.kind, b->object.kind) &&
           same_text(a->object.group, b->object.group) &&
           same_text(a->object.namespace, b->object.namespace) && same_text(a->object.name, b->object.name) &&
           same_text(a->path, b->path) && same_text(a->message, b->message) &&
           (a->object.kind || (same_text(a->place.file, b->place.file) && a->place.line == b->place.line));
}

static void put(struct finding_list *list, size_t index) {
    size_t slot = hash_of(&list->items[index]) & (list->slot_count - 1);
    while (list->slots[slot]) {
        slot = (slot + 1) & (list->slot_count - 1);
    }
    list->slots[slot] = index + 1;
}

static void grow(struct finding_list *list) {
    if (2 * (list->count + 1) > list->slot_count) {
        list->slot_count = list->slot_count ? 2 * list->slot_count : FIRST_SLOTS;
        free(list->slots);
        list->slots = memory_calloc(list->slot_count, sizeof(*list->slots));
        for (size_t i = 0; i < list->count; i++) {
            put(list, i);
        }
    }
    if (list->count == list->capacity) {
        list->capacity = list->capacity ? 2 * list->capacity : 64;
        list->items = memory_realloc(list->items, list->capacity, sizeof(*list->items));
    }
}

static struct finding *find(struct finding_list *list, const struct finding *finding) {
    for (size_t slot = hash_of(finding) & (list->slot_count - 1); list->slots[slot];
         slot = (slot + 1) & (list->slot_count - 1)) {
        struct finding *other = &list->items[list->slots[slot] - 1];
        if (same(finding, other)) {
            return other;
        }
    }
    return NULL;
}

// What files and policies say must not steer a terminal.
static const char *clean(struct arena *arena, const char *text) {
    if (!text) {
        return NULL;
    }
    CLEANUP(buffer_clear) struct buffer line;
    buffer_init(&line, (size_t)2 * MOST_LINE);
    line_append(&line, text, MOST_LINE);
    return arena_strdup(arena, buffer_text(&line));
}

void finding_list_add(struct finding_list *list, const struct finding *finding) {
    struct arena *arena = list->arena;
    struct finding copy = *finding;
    copy.policy = clean(arena, finding->policy);
    copy.object = (struct object_key){.group = arena_strdup(arena, finding->object.group),
                                      .kind = clean(arena, finding->object.kind),
                                      .namespace = clean(arena, finding->object.namespace),
                                      .name = clean(arena, finding->object.name)};
    copy.path = clean(arena, finding->path ? finding->path : "");
    copy.headline = clean(arena, finding->headline);
    copy.message = clean(arena, finding->message);
    copy.detail = clean(arena, finding->detail);
    copy.hint = clean(arena, finding->hint);
    copy.docs = clean(arena, finding->docs);
    copy.exception = clean(arena, finding->exception);
    grow(list);
    struct finding *other = find(list, &copy);
    if (other && other->result <= copy.result) {
        return;
    }
    if (other) {
        list->counts[other->result]--;
        *other = copy;
    } else {
        list->items[list->count] = copy;
        put(list, list->count++);
    }
    list->counts[copy.result]++;
}

static int compare_places(const struct place *a, const struct place *b) {
    int order = strcmp(a->file ? a->file : "", b->file ? b->file : "");
    order = order ? order : (a->line > b->line) - (a->line < b->line);
    return order ? order : (a->column > b->column) - (a->column < b->column);
}

static int compare_findings(const void *left, const void *right) {
    const struct finding *a = left;
    const struct finding *b = right;
    int order = compare_places(&a->place, &b->place);
    order = order ? order : (int)a->result - (int)b->result;
    order = order ? order : strcmp(a->message, b->message);
    return order ? order : strcmp(a->policy ? a->policy : "", b->policy ? b->policy : "");
}

void finding_list_sort(struct finding_list *list) {
    if (list->count > 0) {
        qsort(list->items, list->count, sizeof(*list->items), compare_findings);
    }
}
