#include "webhook/listen_socket.h"

#include <errno.h>
#include <netdb.h>
#include <netinet/in.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

enum { BACKLOG = 1024 };

struct endpoint {
    char host[256]; // "" for every address
    char port[8];
};

static bool split(const char *address, struct endpoint *endpoint, struct error *error) {
    const char *colon = strrchr(address, ':');
    const char *start = address;
    size_t length = colon ? (size_t)(colon - address) : 0;
    if (length >= 2 && address[0] == '[' && colon[-1] == ']') {
        start++;
        length -= 2;
    }
    size_t digits = colon ? strspn(colon + 1, "0123456789") : 0;
    if (!colon || digits == 0 || digits > 5 || colon[1 + digits] != '\0' ||
        strtoul(colon + 1, NULL, 10) > 65535 || length >= sizeof(endpoint->host) ||
        (start == address && memchr(address, ':', length))) {
        return error_set(error, ERROR_INVALID, "\"%.100s\" is not ADDRESS:PORT", address);
    }
    snprintf(endpoint->host, sizeof(endpoint->host), "%.*s", (int)length, start);
    snprintf(endpoint->port, sizeof(endpoint->port), "%s", colon + 1);
    return true;
}

static bool open_one(const struct addrinfo *info, int *ret_socket) {
    int fd = socket(info->ai_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (fd < 0) {
        return false;
    }
    const int on = 1;
    const int off = 0;
    setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on));
    if (info->ai_family == AF_INET6) {
        setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &off, sizeof(off));
    }
    if (bind(fd, info->ai_addr, info->ai_addrlen) != 0 || listen(fd, BACKLOG) != 0) {
        int cause = errno;
        close(fd);
        errno = cause;
        return false;
    }
    *ret_socket = fd;
    return true;
}

static uint16_t port_of(int fd) {
    union {
        struct sockaddr any;
        struct sockaddr_in v4;
        struct sockaddr_in6 v6;
    } name = {0};
    socklen_t size = sizeof(name);
    if (getsockname(fd, &name.any, &size) != 0) {
        return 0;
    }
    return ntohs(name.any.sa_family == AF_INET6 ? name.v6.sin6_port : name.v4.sin_port);
}

bool listen_socket_open(const char *address, int *ret_socket, uint16_t *ret_port, struct error *error) {
    struct endpoint endpoint = {0};
    if (!split(address, &endpoint, error)) {
        return false;
    }
    const struct addrinfo hints = {
        .ai_family = AF_UNSPEC, .ai_socktype = SOCK_STREAM, .ai_flags = AI_PASSIVE | AI_NUMERICSERV};
    struct addrinfo *list = NULL;
    int status = getaddrinfo(*endpoint.host ? endpoint.host : "::", endpoint.port, &hints, &list);
    if (status != 0 && !*endpoint.host) {
        status = getaddrinfo("0.0.0.0", endpoint.port, &hints, &list); // a host without IPv6
    }
    if (status != 0) {
        return error_set(error, ERROR_INVALID, "%s: %s", address, gai_strerror(status));
    }
    errno = 0;
    bool opened = open_one(list, ret_socket);
    if (!opened && !*endpoint.host && errno == EAFNOSUPPORT) {
        freeaddrinfo(list);
        status = getaddrinfo("0.0.0.0", endpoint.port, &hints, &list);
        opened = status == 0 && open_one(list, ret_socket);
    }
    freeaddrinfo(list);
    if (!opened) {
        return error_set(error, ERROR_IO, "can't listen on %s: %s", address, strerror(errno));
    }
    *ret_port = port_of(*ret_socket);
    return true;
}
