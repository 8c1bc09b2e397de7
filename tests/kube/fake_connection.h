// One connection of the fake API server. For fake_api.c only.
#pragma once

#include "tests/kube/fake_api.h"

#include <stdatomic.h>

struct fake_api {
    struct fake_store store;
    char url[64];
    int listener;
    pthread_t acceptor;
    pthread_mutex_t mutex;
    struct fake_connection **connections;
    size_t connection_count;
    uint64_t seed;
    atomic_bool stopping, faults, silent;
    atomic_uint answers[FAKE_RESOURCES];
    atomic_bool in_a_list[FAKE_RESOURCES];
    atomic_uint lists, pages, watches, lists_now, most_lists_at_once;
};

struct fake_connection {
    struct fake_api *api;
    int socket;
    uint64_t random;
    pthread_t thread;
};

void *fake_connection_serve(void *connection);

// For all that it does.
uint64_t fake_random(struct fake_connection *connection, uint64_t bound);
bool fake_fault(struct fake_connection *connection, unsigned percent); // only while faults are on
void fake_pause(unsigned ms);
// False: the connection is of no use any more, and so on for all below.
bool fake_send(struct fake_connection *connection, const char *bytes, size_t length);
bool fake_send_chunk(struct fake_connection *connection, const char *bytes, size_t length);
bool fake_send_head(struct fake_connection *connection, unsigned status, const char *more);

struct fake_query {
    unsigned resource;
    bool watch;
    unsigned limit;
    uint64_t version;     // of a watch, or of the token
    unsigned continue_at; // the first name that was not listed yet
    bool continues;
};
bool fake_watch(struct fake_connection *connection, const struct fake_query *query);
bool fake_list(struct fake_connection *connection, const struct fake_query *query);
bool fake_status(struct fake_connection *connection, unsigned status, const char *more_head);
