#include "embedded/database_store.h"

#include "base/document_builder.h"
#include "base/json_reader.h"
#include "base/memory.h"

#include <string.h>

// Calls are carried out at once; what they answer waits here for its turn.
struct waiting {
    struct database_store *store;
    struct waiting *previous, *next;
    event_timer timer;
    store_done *done;
    void *cookie;
    struct error error;
    struct document *document;
};

struct database_store {
    struct event_loop *loop;
    struct object_database *database;
    store_event *event;
    void *cookie;
    struct waiting *first;
};

struct database_store *database_store_new(struct event_loop *loop, struct object_database *database,
                                          store_event *event, void *cookie) {
    struct database_store *store = memory_calloc(1, sizeof(*store));
    *store = (struct database_store){.loop = loop, .database = database, .event = event, .cookie = cookie};
    return store;
}

static void unlink_waiting(struct waiting *waiting) {
    if (waiting->previous) {
        waiting->previous->next = waiting->next;
    } else {
        waiting->store->first = waiting->next;
    }
    if (waiting->next) {
        waiting->next->previous = waiting->previous;
    }
}

static void waiting_free(struct waiting *waiting) {
    event_loop_cancel(waiting->store->loop, waiting->timer);
    document_free(waiting->document);
    free(waiting);
}

void database_store_free(struct database_store *store) {
    if (!store) {
        return;
    }
    for (struct waiting *waiting = store->first, *next; waiting; waiting = next) {
        next = waiting->next;
        waiting_free(waiting);
    }
    free(store);
}

// --- answers ---

// Out of the list first: done may forget, or free, what it likes.
static void answer_now(void *cookie) {
    struct waiting *waiting = cookie;
    struct document *document = waiting->document;
    store_done *done = waiting->done;
    void *done_cookie = waiting->cookie;
    const struct store_answer answer = {.error = waiting->error,
                                        .object = document ? document_root(document) : NULL};
    unlink_waiting(waiting);
    free(waiting);
    done(done_cookie, &answer);
    document_free(document);
}

// Takes ownership of document.
static void answer_later(struct database_store *store, const struct error *error, struct document *document,
                         store_done *done, void *done_cookie) {
    if (!done) {
        document_free(document);
        return;
    }
    struct waiting *waiting = memory_calloc(1, sizeof(*waiting));
    *waiting = (struct waiting){.store = store,
                                .next = store->first,
                                .done = done,
                                .cookie = done_cookie,
                                .error = *error,
                                .document = document};
    if (store->first) {
        store->first->previous = waiting;
    }
    store->first = waiting;
    waiting->timer = event_loop_after(store->loop, 0, answer_now, waiting);
}

// --- calls ---

static void read(void *cookie, const struct object_key *key, store_done *done, void *done_cookie) {
    struct database_store *store = cookie;
    struct document *document = NULL;
    struct error error = {0};
    (void)!object_database_read(store->database, key, &document, &error);
    answer_later(store, &error, document, done, done_cookie);
}

static bool read_body(const char *body, struct document **ret_document, struct error *error) {
    return json_read_objects(body, strlen(body), &document_default_limits, ret_document, error);
}

static void create(void *cookie, const struct object_key *key, const char *body, store_done *done,
                   void *done_cookie) {
    struct database_store *store = cookie;
    CLEANUP(document_free) struct document *object = NULL;
    struct document *document = NULL;
    struct error error = {0};
    (void)!(
        read_body(body, &object, &error) &&
        object_database_create(store->database, key, document_root(object), done ? &document : NULL, &error));
    answer_later(store, &error, document, done, done_cookie);
}

static void replace(void *cookie, const struct object_key *key, const char *body, store_done *done,
                    void *done_cookie) {
    struct database_store *store = cookie;
    CLEANUP(document_free) struct document *object = NULL;
    struct document *document = NULL;
    struct error error = {0};
    (void)!(read_body(body, &object, &error) &&
            object_database_replace(store->database, key, document_root(object), done ? &document : NULL,
                                    &error));
    answer_later(store, &error, document, done, done_cookie);
}

static void patch(void *cookie, const struct object_key *key, const char *subresource, const char *body,
                  store_done *done, void *done_cookie) {
    struct database_store *store = cookie;
    CLEANUP(document_free) struct document *change = NULL;
    struct document *document = NULL;
    struct error error = {0};
    (void)!(read_body(body, &change, &error) &&
            object_database_patch(store->database, key, subresource, document_root(change),
                                  done ? &document : NULL, &error));
    answer_later(store, &error, document, done, done_cookie);
}

static void remove_object(void *cookie, const struct object_key *key, const char *uid, store_done *done,
                          void *done_cookie) {
    struct database_store *store = cookie;
    struct error error = {0};
    (void)!object_database_remove(store->database, key, uid, NULL, &error);
    answer_later(store, &error, NULL, done, done_cookie);
}

static void forget(void *cookie, void *done_cookie) {
    struct database_store *store = cookie;
    struct waiting *next = NULL;
    for (struct waiting *waiting = store->first; waiting; waiting = next) {
        next = waiting->next;
        if (waiting->cookie == done_cookie) {
            unlink_waiting(waiting);
            waiting_free(waiting);
        }
    }
}

static void event(void *cookie, const struct object_key *key, const char *uid, bool warning,
                  const char *reason, const char *message) {
    (void)uid;
    struct database_store *store = cookie;
    if (store->event) {
        store->event(store->cookie, key, warning, reason, message);
    }
}

struct object_store database_store_get(struct database_store *store) {
    static const struct object_store_methods methods = {.read = read,
                                                        .create = create,
                                                        .replace = replace,
                                                        .patch = patch,
                                                        .remove = remove_object,
                                                        .forget = forget,
                                                        .event = event};
    return (struct object_store){.methods = &methods, .cookie = store};
}
