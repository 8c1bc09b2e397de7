// A shared store in memory that behaves like an API server on a bad day.
#pragma once

#include "manager/shared_store.h"

#include <pthread.h>

enum { MEMORY_DOCUMENTS = 4 };

struct memory_document {
    char name[64];
    char *text;
    uint64_t version;
};

struct memory_server {
    pthread_mutex_t lock;
    struct memory_document documents[MEMORY_DOCUMENTS];
};
void memory_server_init(struct memory_server *server);
void memory_server_clear(struct memory_server *server);
// Borrowed until the next write; NULL: there is none. Only when nobody writes.
const char *memory_server_text(struct memory_server *server, const char *name);

// One replica's way to the server.
struct memory_store {
    struct memory_server *server;
    unsigned random;
    unsigned most_delay_us;
    unsigned fail_percent;  // nothing happens, IO
    unsigned blind_percent; // it is written, IO
    _Atomic bool dead;      // the replica was killed: nothing goes through any more
    _Atomic bool stuck;     // waits until the deadline
    struct shared_store store;
};
// How bad its day is stays as it was set before.
void memory_store_init(struct memory_store *store, struct memory_server *server, unsigned seed);
