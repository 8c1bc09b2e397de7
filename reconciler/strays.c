// Pools that our finalizer keeps although their Cluster is gone: somebody has taken the Cluster's finalizers
// away, or a replica that led before has put the pool's back. No worker is left that would let them go.
#include "base/memory.h"
#include "fleet/fragment.h"
#include "reconciler/cluster_status.h"
#include "reconciler/reconciler_internal.h"

#include <string.h>

enum { STRAY_WAIT_MS = 30000, MOST_STRAYS = 64, MOST_PATCH_BYTES = 64 * 1024 };

struct stray_key {
    struct object_key pool, cluster;
};

struct stray_list {
    struct reconciler *reconciler;
    struct arena *arena;
    struct stray_key items[MOST_STRAYS];
    size_t count, next;
    bool remain; // worth another look
};

static void note_stray(void *cookie, void *value) {
    struct stray_list *list = cookie;
    const struct stored_object *stored = value;
    if (!stored->deleting || list->count == MOST_STRAYS || !object_has_role(&stored->key, KIND_POOL)) {
        return;
    }
    CLEANUP(document_free) struct document *document = stored_object_read(stored);
    const struct node *object = document_root(document);
    const struct fragment *fragment = fragment_read(list->arena, &stored->key, object);
    if (fragment && *fragment->cluster_key.name && has_reconciler_finalizer(object) &&
        !key_map_find(&list->reconciler->workers, &fragment->cluster_key)) {
        list->items[list->count++] =
            (struct stray_key){object_key_in_arena(list->arena, &stored->key),
                               object_key_in_arena(list->arena, &fragment->cluster_key)};
    }
}

static void end(struct stray_list *list) {
    struct reconciler *reconciler = list->reconciler;
    reconciler->strays = NULL;
    if (list->remain) {
        strays_look_later(reconciler);
    }
    arena_free(list->arena);
    free(list);
}

static void next(struct stray_list *list);

static void let_go(void *cookie, const struct store_answer *answer) {
    struct stray_list *list = cookie;
    list->remain |= answer->error.kind != ERROR_NONE && answer->error.kind != ERROR_NOT_FOUND;
    list->next++;
    next(list);
}

// True: a patch is on its way.
static bool release(struct stray_list *list, const struct stray_key *stray) {
    const struct reconciler_options *options = &list->reconciler->options;
    const struct stored_object *stored = object_table_find(list->reconciler->objects, &stray->pool);
    if (!stored || !stored->deleting || (options->leads && !options->leads(options->cookie))) {
        return false;
    }
    CLEANUP(document_free) struct document *document = stored_object_read(stored);
    const struct status_question question = {.object = document_root(document)};
    CLEANUP(buffer_clear) struct buffer patch;
    buffer_init(&patch, MOST_PATCH_BYTES);
    if (!cluster_metadata_patch(&question, false, &patch)) {
        return false;
    }
    const struct object_store *store = &options->store;
    store->methods->event(store->cookie, &stray->pool, stored->uid, true, "ReleasedWithoutCluster",
                          "its Cluster is gone: what of it is left in the cloud is not taken away");
    store->methods->patch(store->cookie, &stray->pool, NULL, buffer_text(&patch), let_go, list);
    return true;
}

// Only who keeps the Cluster knows that it is not there.
static void looked_for(void *cookie, const struct store_answer *answer) {
    struct stray_list *list = cookie;
    bool is_gone = answer->error.kind == ERROR_NOT_FOUND;
    list->remain |= !is_gone;
    if (!is_gone || !release(list, &list->items[list->next])) {
        list->next++;
        next(list);
    }
}

static void next(struct stray_list *list) {
    if (list->next == list->count) {
        end(list);
        return;
    }
    const struct object_store *store = &list->reconciler->options.store;
    store->methods->read(store->cookie, &list->items[list->next].cluster, looked_for, list);
}

static void look(void *cookie) {
    struct reconciler *reconciler = cookie;
    reconciler->stray_timer = 0;
    if (!reconciler->synced) {
        strays_look_later(reconciler);
        return;
    }
    struct stray_list *list = memory_calloc(1, sizeof(*list));
    list->reconciler = reconciler;
    list->arena = arena_new();
    reconciler->strays = list;
    object_table_each(reconciler->objects, note_stray, list);
    list->remain = list->count == MOST_STRAYS;
    next(list);
}

void strays_look_later(struct reconciler *reconciler) {
    if (reconciler->strays) {
        reconciler->strays->remain = true;
    } else if (reconciler->stray_timer == 0) {
        reconciler->stray_timer = event_loop_after(reconciler->options.loop, STRAY_WAIT_MS, look, reconciler);
    }
}

void strays_note(struct reconciler *reconciler, const struct stored_object *stored) {
    if (stored->deleting && object_has_role(&stored->key, KIND_POOL)) {
        strays_look_later(reconciler);
    }
}

void strays_forget(struct reconciler *reconciler) {
    event_loop_cancel(reconciler->options.loop, reconciler->stray_timer);
    struct stray_list *list = reconciler->strays;
    if (list) {
        reconciler->options.store.methods->forget(reconciler->options.store.cookie, list);
        arena_free(list->arena);
        free(list);
    }
}
