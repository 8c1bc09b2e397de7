#include "tests/kube/fake_connection.h"

#include "base/memory.h"

#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>

uint64_t fake_random(struct fake_connection *connection, uint64_t bound) {
    uint64_t value = connection->random += 0x9E3779B97F4A7C15u;
    value = (value ^ (value >> 30)) * 0xBF58476D1CE4E5B9u;
    value = (value ^ (value >> 27)) * 0x94D049BB133111EBu;
    return (value ^ (value >> 31)) % bound;
}

bool fake_fault(struct fake_connection *connection, unsigned percent) {
    return connection->api->faults && fake_random(connection, 100) < percent;
}

void fake_pause(unsigned ms) {
    struct timespec time = {.tv_sec = ms / 1000, .tv_nsec = (long)(ms % 1000) * 1000000};
    nanosleep(&time, NULL);
}

bool fake_send(struct fake_connection *connection, const char *bytes, size_t length) {
    while (length > 0) {
        ssize_t sent = send(connection->socket, bytes, length, MSG_NOSIGNAL);
        if (sent <= 0) {
            return false;
        }
        bytes += sent;
        length -= (size_t)sent;
    }
    return true;
}

bool fake_send_chunk(struct fake_connection *connection, const char *bytes, size_t length) {
    CLEANUP(buffer_clear) struct buffer chunk;
    buffer_init(&chunk, SIZE_MAX - 1);
    buffer_printf(&chunk, "%zx\r\n", length);
    buffer_append(&chunk, bytes, length);
    buffer_append_text(&chunk, "\r\n");
    if (fake_fault(connection, 1)) {
        fake_send(connection, chunk.data, fake_random(connection, chunk.length));
        return false;
    }
    return fake_send(connection, chunk.data, chunk.length);
}

bool fake_send_head(struct fake_connection *connection, unsigned status, const char *more) {
    char head[256];
    int length =
        snprintf(head, sizeof(head),
                 "HTTP/1.1 %u X\r\nContent-Type: application/json\r\n%sTransfer-Encoding: chunked\r\n\r\n",
                 status, more);
    return fake_send(connection, head, (size_t)length);
}

bool fake_status(struct fake_connection *connection, unsigned status, const char *more_head) {
    char body[128];
    int length =
        snprintf(body, sizeof(body),
                 "{\"kind\":\"Status\",\"apiVersion\":\"v1\",\"code\":%u,\"message\":\"not now\"}", status);
    return fake_send_head(connection, status, more_head) &&
           fake_send_chunk(connection, body, (size_t)length) && fake_send(connection, "0\r\n\r\n", 5);
}

// The token has bytes that need an escape in a query: "AT+VERSION/=".
static bool read_query(const char *head, struct fake_query *ret_query) {
    struct fake_query query = {.limit = UINT32_MAX};
    const char *line_end = strpbrk(head, "\r\n");
    CLEANUP(free) char *line = memory_copy_text(head, (size_t)(line_end - head));
    if (sscanf(line, "GET /apis/t.example/v1/things%u?", &query.resource) != 1 ||
        query.resource >= FAKE_RESOURCES) {
        return false;
    }
    const char *limit = strstr(line, "limit=");
    const char *version = strstr(line, "resourceVersion=");
    const char *token = strstr(line, "continue=");
    query.watch = strstr(line, "watch=true") && strstr(line, "allowWatchBookmarks=true");
    query.limit = limit ? (unsigned)strtoul(limit + 6, NULL, 10) : query.limit;
    query.version = version ? strtoull(version + 16, NULL, 10) : 0;
    if (token) {
        unsigned long long at_version = 0;
        query.continues = sscanf(token, "continue=%u%%2B%llu%%2F%%3D", &query.continue_at, &at_version) == 2;
        query.version = at_version;
    }
    *ret_query = query;
    return query.watch || limit;
}

static bool answer(struct fake_connection *connection, const char *head) {
    static const unsigned refusals[] = {500, 503, 429, 410, 504, 401};
    struct fake_query query;
    if (!read_query(head, &query)) {
        return fake_status(connection, 400, "");
    }
    unsigned fixed = connection->api->answers[query.resource];
    if (fixed) {
        return fake_status(connection, fixed, "");
    }
    if (fake_fault(connection, 3)) {
        return false;
    }
    if (fake_fault(connection, 6)) {
        fake_pause((unsigned)fake_random(connection, 60));
        return fake_status(connection, refusals[fake_random(connection, 6)], "Retry-After: 0\r\n");
    }
    return query.watch ? fake_watch(connection, &query) : fake_list(connection, &query);
}

void *fake_connection_serve(void *data) {
    struct fake_connection *connection = data;
    char head[4096];
    size_t length = 0;
    bool good = true;
    while (good && !connection->api->stopping) {
        ssize_t got = recv(connection->socket, head + length, sizeof(head) - 1 - length, 0);
        if (got <= 0) {
            break;
        }
        length += (size_t)got;
        head[length] = '\0';
        if (strstr(head, "\r\n\r\n")) { // one request at a time: this client does not pipeline
            good = answer(connection, head);
            length = 0;
        }
    }
    shutdown(connection->socket, SHUT_RDWR);
    return NULL;
}
