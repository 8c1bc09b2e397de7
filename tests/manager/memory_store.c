#include "tests/manager/memory_store.h"

#include "base/memory.h"

#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

void memory_server_init(struct memory_server *server) {
    *server = (struct memory_server){0};
    pthread_mutex_init(&server->lock, NULL);
}

void memory_server_clear(struct memory_server *server) {
    for (size_t i = 0; i < MEMORY_DOCUMENTS; i++) {
        free(server->documents[i].text);
    }
    pthread_mutex_destroy(&server->lock);
}

static struct memory_document *find(struct memory_server *server, const char *name) {
    for (size_t i = 0; i < MEMORY_DOCUMENTS; i++) {
        struct memory_document *document = &server->documents[i];
        if (document->name[0] == '\0') {
            snprintf(document->name, sizeof(document->name), "%s", name);
        }
        if (strcmp(document->name, name) == 0) {
            return document;
        }
    }
    abort();
}

const char *memory_server_text(struct memory_server *server, const char *name) {
    return find(server, name)->text;
}

static bool is_late(uint64_t deadline_ns) {
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (uint64_t)now.tv_sec * 1000000000 + (uint64_t)now.tv_nsec >= deadline_ns;
}

// False: the call fails. Called by one lane at a time for each document, so random needs the lock.
static bool on_the_way(struct memory_store *store, uint64_t deadline_ns, bool *ret_blind) {
    pthread_mutex_lock(&store->server->lock);
    unsigned delay = store->most_delay_us ? (unsigned)rand_r(&store->random) % store->most_delay_us : 0;
    unsigned dice = (unsigned)rand_r(&store->random) % 100;
    pthread_mutex_unlock(&store->server->lock);
    if (delay) {
        usleep(delay);
    }
    while (store->stuck && !store->dead && !is_late(deadline_ns)) {
        usleep(1000);
    }
    *ret_blind = dice >= store->fail_percent && dice < store->fail_percent + store->blind_percent;
    return !store->dead && !store->stuck && dice >= store->fail_percent;
}

static void version_text(uint64_t version, char ret_version[SHARED_VERSION_BYTES]) {
    snprintf(ret_version, SHARED_VERSION_BYTES, version ? "%llu" : "", (unsigned long long)version);
}

static bool read_document(void *cookie, const char *name, uint64_t deadline_ns, char **ret_text,
                          char ret_version[SHARED_VERSION_BYTES], struct error *error) {
    struct memory_store *store = cookie;
    bool blind = false;
    if (!on_the_way(store, deadline_ns, &blind)) {
        return error_set(error, ERROR_IO, "the server did not answer");
    }
    pthread_mutex_lock(&store->server->lock);
    struct memory_document *document = find(store->server, name);
    *ret_text = document->text ? memory_strdup(document->text) : NULL;
    version_text(document->version, ret_version);
    pthread_mutex_unlock(&store->server->lock);
    return true;
}

static bool write_document(void *cookie, const char *name, const char *text, const char *version,
                           uint64_t deadline_ns, char ret_version[SHARED_VERSION_BYTES],
                           struct error *error) {
    struct memory_store *store = cookie;
    bool blind = false;
    if (!on_the_way(store, deadline_ns, &blind)) {
        return error_set(error, ERROR_IO, "the server did not answer");
    }
    char known[SHARED_VERSION_BYTES];
    pthread_mutex_lock(&store->server->lock);
    struct memory_document *document = find(store->server, name);
    version_text(document->version, known);
    bool same = strcmp(known, version) == 0;
    if (same) {
        free(document->text);
        document->text = memory_strdup(text);
        version_text(++document->version, ret_version);
    }
    pthread_mutex_unlock(&store->server->lock);
    if (blind) {
        return error_set(error, ERROR_IO, "no answer came");
    }
    return same || error_set(error, ERROR_CONFLICT, "somebody else was first");
}

static const struct shared_store_methods methods = {.read = read_document, .write = write_document};

void memory_store_init(struct memory_store *store, struct memory_server *server, unsigned seed) {
    store->server = server;
    store->random = seed;
    store->dead = false;
    store->stuck = false;
    store->store = (struct shared_store){&methods, store};
}
