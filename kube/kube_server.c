#include "kube/kube_server.h"

#include "base/memory.h"

#include <curl/curl.h>
#include <string.h>
#include <strings.h>

DEFINE_CLEANUP(curl_url_cleanup, CURLU *)

void kube_server_clear(struct kube_server *server) {
    free(server->host);
    free(server->port);
    free(server->path);
    *server = (struct kube_server){0};
}

// A part as our own memory; NULL when the URL has none.
static char *part_of(CURLU *url, CURLUPart part, unsigned flags) {
    char *text = NULL;
    if (curl_url_get(url, part, &text, flags) != CURLUE_OK) {
        return NULL;
    }
    char *copy = memory_strdup(text);
    curl_free(text);
    return copy;
}

static char *host_of(CURLU *url) {
    char *host = part_of(url, CURLUPART_HOST, 0);
    size_t length = host ? strlen(host) : 0;
    if (length > 2 && host[0] == '[') {
        memmove(host, host + 1, length - 2);
        host[length - 2] = '\0';
    }
    return host;
}

static char *path_of(CURLU *url) {
    char *path = part_of(url, CURLUPART_PATH, 0);
    size_t length = path ? strlen(path) : 0;
    while (length > 0 && path[length - 1] == '/') {
        path[--length] = '\0';
    }
    return path ? path : memory_strdup("");
}

static bool is_loopback(const char *host) {
    return strcasecmp(host, "localhost") == 0 || strncmp(host, "127.", 4) == 0 || strcmp(host, "::1") == 0;
}

static bool check_parts(CURLU *url, const char *text, struct error *error) {
    static const struct {
        CURLUPart part;
        const char *name;
    } refused[] = {{CURLUPART_USER, "a user name"},
                   {CURLUPART_PASSWORD, "a password"},
                   {CURLUPART_QUERY, "a query"},
                   {CURLUPART_FRAGMENT, "a fragment"}};
    for (size_t i = 0; i < sizeof(refused) / sizeof(refused[0]); i++) {
        CLEANUP(free) char *value = part_of(url, refused[i].part, 0);
        if (value) {
            // The address itself may hold a password: it is not repeated.
            return error_set(error, ERROR_INVALID, "the server's address must not have %s", refused[i].name);
        }
    }
    CLEANUP(free) char *scheme = part_of(url, CURLUPART_SCHEME, 0);
    if (!scheme || (strcmp(scheme, "https") != 0 && strcmp(scheme, "http") != 0)) {
        return error_set(error, ERROR_INVALID, "server %s: must begin with https://", text);
    }
    return true;
}

static struct kube_server server_take(struct kube_server *server) {
    struct kube_server taken = *server;
    *server = (struct kube_server){0};
    return taken;
}

bool kube_server_parse(const char *text, struct kube_server *ret_server, struct error *error) {
    CLEANUP(curl_url_cleanup) CURLU *url = curl_url();
    if (!strstr(text, "://")) {
        return error_set(error, ERROR_INVALID, "server %s: must begin with https://", text);
    }
    if (!url || curl_url_set(url, CURLUPART_URL, text, CURLU_NON_SUPPORT_SCHEME) != CURLUE_OK) {
        return error_set(error, ERROR_INVALID, "the server's address is no URL like https://host:6443");
    }
    if (!check_parts(url, text, error)) {
        return false;
    }
    CLEANUP(free) char *scheme = part_of(url, CURLUPART_SCHEME, 0);
    CLEANUP(kube_server_clear)
    struct kube_server server = {
        .host = host_of(url),
        .port = part_of(url, CURLUPART_PORT, CURLU_DEFAULT_PORT),
        .path = path_of(url),
        .tls = strcmp(scheme, "https") == 0,
    };
    if (!server.host || !*server.host || !server.port) {
        return error_set(error, ERROR_INVALID, "server %s: has no host", text);
    }
    server.loopback = is_loopback(server.host);
    if (!server.tls && !server.loopback) {
        return error_set(error, ERROR_INVALID,
                         "server %s: http sends credentials in the clear and is taken only for 127.0.0.1 and "
                         "localhost; use https",
                         text);
    }
    *ret_server = server_take(&server);
    return true;
}
