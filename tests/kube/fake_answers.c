#include "tests/kube/fake_connection.h"

#include <stdio.h>
#include <string.h>
#include <time.h>

static void count_list(struct fake_connection *connection, const struct fake_query *query) {
    struct fake_api *api = connection->api;
    api->pages++;
    if (!query->continues) {
        api->lists++;
    }
    if (!atomic_exchange(&api->in_a_list[query->resource], true)) {
        unsigned now = ++api->lists_now;
        if (now > api->most_lists_at_once) {
            api->most_lists_at_once = now;
        }
    }
}

static void end_list(struct fake_api *api, unsigned resource) {
    if (atomic_exchange(&api->in_a_list[resource], false)) {
        api->lists_now--;
    }
}

static bool page_json(struct fake_connection *connection, const struct fake_query *query,
                      struct buffer *json) {
    struct fake_store *store = &connection->api->store;
    struct fake_object objects[FAKE_NAMES];
    const char *separator = "";
    unsigned left = query->limit;
    unsigned name = query->continues ? query->continue_at : 0;
    pthread_mutex_lock(&store->mutex);
    uint64_t version = query->continues ? query->version : store->version;
    bool gone = query->continues && version < store->compacted;
    fake_store_at(store, query->resource, version, objects);
    pthread_mutex_unlock(&store->mutex);
    buffer_printf(json, "{\"kind\":\"Thing%uList\",\"apiVersion\":\"t.example/v1\",\"items\":[",
                  query->resource);
    for (; name < FAKE_NAMES && left > 0; name++) {
        if (objects[name].uid) {
            buffer_append_text(json, separator);
            fake_object_json(json, query->resource, name, &objects[name]);
            separator = ",";
            left--;
        }
    }
    buffer_printf(json, "],\"metadata\":{\"resourceVersion\":\"%llu\"", (unsigned long long)version);
    if (name < FAKE_NAMES) {
        buffer_printf(json, ",\"continue\":\"%u+%llu/=\"", name, (unsigned long long)version);
    } else {
        end_list(connection->api, query->resource);
    }
    buffer_append_text(json, "}}");
    return !gone;
}

bool fake_list(struct fake_connection *connection, const struct fake_query *query) {
    static const char *const wrong[] = {"{}", "<html>", "{\"kind\":\"Status\"}",
                                        "{\"kind\":\"Thing0List\",\"items\":[]}", ""};
    CLEANUP(buffer_clear) struct buffer json;
    buffer_init(&json, SIZE_MAX - 1);
    count_list(connection, query);
    if (fake_fault(connection, 2)) {
        const char *text = wrong[fake_random(connection, 5)];
        return fake_send_head(connection, 200, "") && fake_send(connection, "", 0) &&
               (!*text || fake_send_chunk(connection, text, strlen(text))) &&
               fake_send(connection, "0\r\n\r\n", 5);
    }
    fake_pause(connection->api->faults ? (unsigned)fake_random(connection, 20) : 1);
    if (!page_json(connection, query, &json) || fake_fault(connection, 2)) {
        return fake_status(connection, 410, "");
    }
    size_t half = fake_random(connection, json.length - 1) + 1;
    return fake_send_head(connection, 200, "") && fake_send_chunk(connection, json.data, half) &&
           fake_send_chunk(connection, json.data + half, json.length - half) &&
           fake_send(connection, "0\r\n\r\n", 5);
}

// ---- watch ----

struct watch {
    struct fake_connection *connection;
    const struct fake_query *query;
    size_t at; // index of the first change that was not looked at
    uint64_t version;
    unsigned idle_rounds;
};

static void append_event(struct buffer *text, const struct fake_change *change) {
    buffer_printf(text, "{\"type\":\"%s\",\"object\":",
                  change->type == 'A'   ? "ADDED"
                  : change->type == 'M' ? "MODIFIED"
                                        : "DELETED");
    fake_object_json(text, change->resource, change->name, &change->object);
    buffer_append_text(text, "}\n");
}

static void append_bookmark(struct buffer *text, unsigned resource, uint64_t version) {
    buffer_printf(text,
                  "{\"type\":\"BOOKMARK\",\"object\":{\"apiVersion\":\"t.example/v1\",\"kind\":\"Thing%u\","
                  "\"metadata\":{\"resourceVersion\":\"%llu\"}}}\n",
                  resource, (unsigned long long)version);
}

static void append_error(struct buffer *text, unsigned code) {
    buffer_printf(
        text, "{\"type\":\"ERROR\",\"object\":{\"kind\":\"Status\",\"code\":%u,\"message\":\"too old\"}}\n",
        code);
}

// Waits a little for changes and gives up to two of them.
static size_t next_changes(struct watch *watch, struct fake_change ret_changes[2], uint64_t *ret_version) {
    struct fake_store *store = &watch->connection->api->store;
    struct timespec until;
    size_t count = 0;
    clock_gettime(CLOCK_MONOTONIC, &until);
    until.tv_nsec += 20000000;
    until.tv_sec += until.tv_nsec / 1000000000;
    until.tv_nsec %= 1000000000;
    pthread_mutex_lock(&store->mutex);
    if (watch->at == store->change_count) {
        pthread_cond_timedwait(&store->changed, &store->mutex, &until);
    }
    for (; count < 2 && watch->at < store->change_count; watch->at++) {
        const struct fake_change *change = &store->changes[watch->at];
        if (change->resource == watch->query->resource && change->object.version > watch->version) {
            ret_changes[count++] = *change;
        }
    }
    *ret_version = watch->at == store->change_count ? store->version : watch->version;
    pthread_mutex_unlock(&store->mutex);
    return count;
}

static void append_old_events(struct watch *watch, struct buffer *text) {
    struct fake_store *store = &watch->connection->api->store;
    pthread_mutex_lock(&store->mutex);
    for (unsigned i = 0; i < 3 && watch->at > 0; i++) {
        const struct fake_change *change = &store->changes[fake_random(watch->connection, watch->at)];
        if (change->resource == watch->query->resource) {
            append_event(text, change);
        }
    }
    pthread_mutex_unlock(&store->mutex);
}

// What a server or a proxy may do wrong in mid stream. False: the stream is over.
static bool misbehave(struct watch *watch) {
    static const unsigned errors[] = {410, 500, 504};
    struct fake_connection *connection = watch->connection;
    CLEANUP(buffer_clear) struct buffer text;
    buffer_init(&text, SIZE_MAX - 1);
    bool ends = true;
    switch (fake_random(connection, 10)) {
    case 0:
        append_error(&text, errors[fake_random(connection, 3)]);
        break;
    case 1:
        buffer_append_text(&text, "<html>\x01\xff</html>\n");
        break;
    case 2: // the beginning of an event, then a clean end
        append_bookmark(&text, watch->query->resource, watch->version);
        buffer_truncate(&text, 1 + fake_random(connection, text.length - 2));
        break;
    case 3: // somebody else's event
        append_bookmark(&text, watch->query->resource + 1, watch->version + 1000000);
        break;
    case 4:
        break;
    case 5: // silence
        for (unsigned i = 0; i < 110 && connection->api->faults; i++) {
            fake_pause(10);
        }
        break;
    default:
        append_old_events(watch, &text);
        ends = false;
    }
    return (!text.length || fake_send_chunk(connection, text.data, text.length)) &&
           (!ends || fake_send(connection, "0\r\n\r\n", 5)) && !ends;
}

static bool send_changes(struct watch *watch, const struct fake_change *changes, size_t count) {
    struct fake_connection *connection = watch->connection;
    CLEANUP(buffer_clear) struct buffer text;
    buffer_init(&text, SIZE_MAX - 1);
    watch->version = changes[count - 1].object.version;
    if (count == 2 && fake_fault(connection, 5)) { // in one piece: what is cut after the first can't be seen
        append_event(&text, &changes[1]);
        append_event(&text, &changes[0]);
        char head[32];
        int length = snprintf(head, sizeof(head), "%zx\r\n", text.length);
        return fake_send(connection, head, (size_t)length) && fake_send(connection, text.data, text.length) &&
               fake_send(connection, "\r\n", 2);
    }
    for (size_t i = 0; i < count; i++) {
        append_event(&text, &changes[i]);
    }
    size_t half = fake_random(connection, text.length - 1) + 1;
    return fake_send_chunk(connection, text.data, half) &&
           fake_send_chunk(connection, text.data + half, text.length - half);
}

static bool send_bookmark(struct watch *watch, uint64_t version) {
    CLEANUP(buffer_clear) struct buffer text;
    buffer_init(&text, SIZE_MAX - 1);
    watch->version = version > watch->version ? version : watch->version;
    append_bookmark(&text, watch->query->resource, watch->version);
    return fake_send_chunk(watch->connection, text.data, text.length);
}

static bool is_gone(struct watch *watch) {
    struct fake_store *store = &watch->connection->api->store;
    pthread_mutex_lock(&store->mutex);
    bool gone = watch->query->version < store->compacted;
    pthread_mutex_unlock(&store->mutex);
    return gone;
}

static bool refuse_old(struct fake_connection *connection) {
    CLEANUP(buffer_clear) struct buffer text;
    buffer_init(&text, SIZE_MAX - 1);
    if (fake_random(connection, 2)) {
        return fake_status(connection, 410, "");
    }
    append_error(&text, 410);
    return fake_send_head(connection, 200, "") && fake_send_chunk(connection, text.data, text.length) &&
           fake_send(connection, "0\r\n\r\n", 5);
}

bool fake_watch(struct fake_connection *connection, const struct fake_query *query) {
    struct watch watch = {.connection = connection, .query = query, .version = query->version};
    struct fake_api *api = connection->api;
    if (is_gone(&watch)) {
        return refuse_old(connection);
    }
    api->watches++;
    if (!fake_send_head(connection, 200, "")) {
        return false;
    }
    while (!api->stopping) {
        struct fake_change changes[2];
        uint64_t version = 0;
        while (api->silent && !api->stopping) {
            fake_pause(10);
        }
        size_t count = next_changes(&watch, changes, &version);
        if (fake_fault(connection, 2) && !misbehave(&watch)) {
            return false;
        }
        if (count > 0 ? !send_changes(&watch, changes, count)
                      : ++watch.idle_rounds % 5 == 0 && !send_bookmark(&watch, version)) {
            return false;
        }
    }
    return false;
}
