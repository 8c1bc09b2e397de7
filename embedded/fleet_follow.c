// What the directory holds becomes entries: what is new, what differs, what is not there any more.
#include "embedded/fleet_doors_internal.h"

#include "base/buffer.h"
#include "base/hash.h"
#include "base/json_canonical.h"
#include "base/memory.h"
#include "embedded/applied_table.h"
#include "fleet/object_identity.h"

#include <malloc.h>
#include <string.h>

enum { MOST_MANIFEST_BYTES = 4 * 1024 * 1024 };

// ---- problems, each told once as long as it lasts ----

static bool was_told(const struct told_problems *problems, uint64_t hash) {
    for (size_t i = 0; i < problems->count; i++) {
        if (problems->hashes[i] == hash) {
            return true;
        }
    }
    return false;
}

static void tell(struct fleet_doors *doors, const struct door_report *report) {
    struct told_problems *problems = &doors->problems;
    uint64_t hash = hash_text(hash_text(HASH_START, report->file ? report->file : ""), report->text);
    hash = (hash ^ report->line) * UINT64_C(0x100000001b3) + report->column;
    if (problems->count == problems->capacity) {
        problems->capacity = problems->capacity ? 2 * problems->capacity : 16;
        problems->hashes = memory_realloc(problems->hashes, problems->capacity, sizeof(uint64_t));
    }
    problems->hashes[problems->count++] = hash;
    if (!was_told(&doors->problems_before, hash)) {
        doors->options.reported(doors->options.cookie, report);
    }
}

static void begin_problems(struct fleet_doors *doors) {
    struct told_problems spare = doors->problems_before;
    doors->problems_before = doors->problems;
    doors->problems = spare;
    doors->problems.count = 0;
    doors->unreadable = 0;
}

static void tell_unreadable(struct fleet_doors *doors, const struct manifest *manifest,
                            const struct node *node, const char *why) {
    const struct node_position *position =
        node && manifest->document ? document_position(manifest->document, node) : NULL;
    const struct door_report report = {.kind = REPORT_UNREADABLE,
                                       .file = manifest->file,
                                       .line = position ? position->line : manifest->line,
                                       .column = position ? position->column : manifest->column,
                                       .text = why,
                                       .policies = "",
                                       .decision = ""};
    doors->unreadable++;
    tell(doors, &report);
}

static void tell_twice(void *cookie, const struct fleet_entry *stays, const struct fleet_entry *goes) {
    struct fleet_doors *doors = cookie;
    CLEANUP(buffer_clear) struct buffer text;
    buffer_init(&text, 8192);
    buffer_printf(&text, "%s %s%s%s is in %s:%u too, which is taken", goes->key.kind, goes->key.namespace,
                  *goes->key.namespace ? "/" : "", goes->key.name, stays->file, stays->line);
    const struct door_report report = {.kind = REPORT_UNREADABLE,
                                       .key = &stays->key,
                                       .file = goes->file,
                                       .line = goes->line,
                                       .column = goes->column,
                                       .text = buffer_text(&text),
                                       .policies = "",
                                       .decision = ""};
    doors->unreadable++;
    tell(doors, &report);
}

// ---- objects ----

static const struct node *first_unknown(const struct node *object) {
    for (uint32_t i = 0; i < object->span; i++) {
        if (object[i].unknown) {
            return &object[i];
        }
    }
    return NULL;
}

static void place(struct fleet_doors *doors, struct fleet_entry *entry, const struct manifest *manifest) {
    entry->round = doors->number;
    fleet_entry_set(&entry->file, manifest->file);
    entry->line = manifest->line;
    entry->column = manifest->column;
}

// An object that was in the directory before, or that is in it twice.
static struct fleet_entry *find_entry(struct fleet_doors *doors, const struct object_key *key,
                                      const struct manifest *manifest) {
    struct fleet_entry *entry = fleet_entries_find(&doors->entries, key);
    if (entry && entry->round == doors->number) {
        const struct fleet_entry twice = {.key = entry->key,
                                          .file = (char *)(uintptr_t)manifest->file,
                                          .line = manifest->line,
                                          .column = manifest->column};
        tell_twice(doors, entry, &twice);
        return NULL;
    }
    return entry ? entry : fleet_entries_add(&doors->entries, key);
}

static void want(struct fleet_entry *entry, const char *text, const char digest[SHA256_HEX_BYTES]) {
    bool same = strcmp(entry->manifest_digest, digest) == 0 && entry->wanted;
    entry->told = same ? entry->told : 0;
    memcpy(entry->manifest_digest, digest, sizeof(entry->manifest_digest));
    bool is_so = entry->applied && !entry->going && strcmp(entry->applied_digest, digest) == 0;
    fleet_entry_set(&entry->manifest, is_so ? NULL : text);
    entry->state = is_so ? ENTRY_SETTLED : ENTRY_DUE;
}

static void take_object(struct fleet_doors *doors, struct arena *arena, const struct manifest *manifest) {
    struct object_identity identity;
    object_identity_read(arena, manifest->object, "default", &identity);
    const struct node *unknown = first_unknown(manifest->object);
    CLEANUP(buffer_clear) struct buffer text;
    buffer_init(&text, MOST_MANIFEST_BYTES);
    json_canonical_append(&text, manifest->object);
    if (!*identity.key.name || text.cut) {
        tell_unreadable(doors, manifest, NULL,
                        text.cut ? "the object is too large" : "the object has no metadata.name");
        return;
    }
    struct fleet_entry *entry = find_entry(doors, &identity.key, manifest);
    if (!entry) {
        return;
    }
    place(doors, entry, manifest);
    entry->unreadable = unknown != NULL;
    if (unknown) {
        const char *value = node_string(unknown);
        tell_unreadable(doors, manifest, unknown,
                        arena_printf(arena, "%.200s has no value", value ? value : "a placeholder"));
        return;
    }
    char digest[SHA256_HEX_BYTES];
    sha256_hex(buffer_text(&text), text.length, digest);
    want(entry, buffer_text(&text), digest);
    entry->wanted = true;
}

static size_t take_all(struct fleet_doors *doors, const struct manifest_set *manifests) {
    CLEANUP(arena_free) struct arena *arena = arena_new();
    size_t objects = 0;
    for (size_t i = 0; i < manifest_set_count(manifests); i++) {
        const struct manifest *manifest = manifest_set_get(manifests, i);
        if (manifest->problem) {
            tell_unreadable(doors, manifest, NULL, manifest->problem->message);
        } else if (manifest->state == MANIFEST_OBJECT) {
            take_object(doors, arena, manifest);
            objects++;
        }
        arena_reset(arena);
    }
    fleet_entries_sort(&doors->entries, tell_twice, doors);
    return objects;
}

// ---- what is not there any more ----

// False: it stays, though it is not in the directory.
static void unwant(struct fleet_doors *doors, struct fleet_entry *entry) {
    entry->told = entry->wanted ? 0 : entry->told;
    entry->wanted = entry->unreadable = false;
    fleet_entry_set(&entry->manifest, NULL);
    bool asks = entry->applied && !entry->going && !doors->keeps;
    entry->state = asks ? ENTRY_DUE : ENTRY_SETTLED;
}

static void tell_kept(struct fleet_doors *doors, size_t missing, bool empty) {
    CLEANUP(buffer_clear) struct buffer text;
    buffer_init(&text, 8192);
    if (empty) {
        buffer_printf(&text,
                      "%s holds no object any more, so nothing is deleted: a directory that is not mounted "
                      "looks the same. To delete the last %zu too, leave any other manifest in it",
                      doors->options.directory, missing);
    } else {
        buffer_printf(&text,
                      "%zu %s not in %s any more; nothing is deleted while something in it can't be "
                      "read",
                      missing, missing == 1 ? "object is" : "objects are", doors->options.directory);
    }
    const struct door_report report = {
        .kind = REPORT_KEPT, .text = buffer_text(&text), .policies = "", .decision = ""};
    tell(doors, &report);
}

static void find_missing(struct fleet_doors *doors, bool empty) {
    size_t missing = 0;
    doors->keeps = empty || doors->unreadable > 0;
    for (size_t i = 0; i < doors->entries.count; i++) {
        struct fleet_entry *entry = doors->entries.items[i];
        if (entry->round == doors->number) {
            continue;
        }
        missing += entry->applied && !entry->going;
        unwant(doors, entry);
    }
    doors->keeps = doors->keeps && missing > 0;
    if (doors->keeps) {
        tell_kept(doors, missing, empty);
    }
}

void fleet_doors_follow(struct fleet_doors *doors, struct manifest_set *manifests) {
    doors->number++;
    begin_problems(doors);
    size_t objects = take_all(doors, manifests);
    manifest_set_free(manifests);
    malloc_trim(0); // not kept for the time that a large fleet takes to come up
    doors->has_read = true;
    find_missing(doors, objects == 0 && doors->unreadable == 0);
    fleet_doors_mark(doors);
    fleet_doors_begin_round(doors);
}

// ---- asking again ----

// It was stored as the directory says, and somebody has taken it away.
static void want_again(struct fleet_doors *doors, struct fleet_entry *entry) {
    CLEANUP(free) char *text = NULL;
    struct error error;
    entry->applied = entry->going = false;
    if (!entry->manifest && applied_table_read(doors->options.database, &entry->key, &text, &error)) {
        fleet_entry_set(&entry->manifest, text);
    }
    entry->state = entry->manifest ? ENTRY_DUE : ENTRY_SETTLED;
}

void fleet_doors_mark(struct fleet_doors *doors) {
    for (size_t i = 0; i < doors->entries.count; i++) {
        struct fleet_entry *entry = doors->entries.items[i];
        if (entry->state != ENTRY_SETTLED) {
            entry->state = ENTRY_DUE;
        }
        if (entry->gone && entry->wanted) {
            want_again(doors, entry);
        } else if (entry->gone && entry->applied) {
            entry->state = ENTRY_DUE; // only its row is left
        }
        entry->gone = false;
    }
}
