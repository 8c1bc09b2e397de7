// What the gate is measured against: a libmicrohttpd TLS server with the same settings that reads a body and
// answers a constant. bare_server CERTIFICATE KEY PORT THREADS; ends on SIGTERM.
#include "webhook/tls_priorities.h"

#include <microhttpd.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const char answer[] =
    "{\"apiVersion\":\"admission.k8s.io/v1\",\"kind\":\"AdmissionReview\",\"response\":{\"uid\":"
    "\"705ab4f5-6393-11e8-b7cc-000000000000\",\"allowed\":true,\"auditAnnotations\":{\"decision\":"
    "\"allowed\","
    "\"duration\":\"0.000ms\",\"policies\":\"a, b, c, d, e, f, g, h, i, j\"}}}";

static enum MHD_Result serve(void *data, struct MHD_Connection *connection, const char *path,
                             const char *method, const char *version, const char *bytes, size_t *length,
                             void **state) {
    (void)data, (void)path, (void)method, (void)version, (void)bytes;
    if (!*state) {
        *state = connection;
        return MHD_YES;
    }
    if (*length > 0) {
        *length = 0;
        return MHD_YES;
    }
    struct MHD_Response *response = MHD_create_response_from_buffer(
        sizeof(answer) - 1, (void *)(uintptr_t)answer, MHD_RESPMEM_PERSISTENT);
    MHD_add_response_header(response, MHD_HTTP_HEADER_CONTENT_TYPE, "application/json");
    enum MHD_Result result = MHD_queue_response(connection, MHD_HTTP_OK, response);
    MHD_destroy_response(response);
    return result;
}

static char *read_file(const char *path) {
    FILE *file = fopen(path, "re");
    char *text = calloc(1, 65536);
    if (!file || !text || fread(text, 1, 65535, file) == 0) {
        fprintf(stderr, "%s: can't be read\n", path);
        exit(2);
    }
    fclose(file);
    return text;
}

int main(int argc, char **argv) {
    if (argc != 5) {
        fputs("usage: bare_server CERTIFICATE KEY PORT THREADS\n", stderr);
        return 2;
    }
    sigset_t signals;
    sigemptyset(&signals);
    sigaddset(&signals, SIGTERM);
    pthread_sigmask(SIG_BLOCK, &signals, NULL);
    signal(SIGPIPE, SIG_IGN);
    char *certificate = read_file(argv[1]);
    char *key = read_file(argv[2]);
    struct MHD_Daemon *daemon = MHD_start_daemon(
        MHD_USE_EPOLL_INTERNAL_THREAD | MHD_USE_TLS, (uint16_t)strtoul(argv[3], NULL, 10), NULL, NULL, serve,
        NULL, MHD_OPTION_THREAD_POOL_SIZE, (unsigned)strtoul(argv[4], NULL, 10), //
        MHD_OPTION_CONNECTION_LIMIT, 512u,                                       //
        MHD_OPTION_CONNECTION_MEMORY_LIMIT, (size_t)32 * 1024,                   //
        MHD_OPTION_HTTPS_PRIORITIES, tls_priorities,                             //
        MHD_OPTION_HTTPS_MEM_CERT, certificate, MHD_OPTION_HTTPS_MEM_KEY, key,   //
        MHD_OPTION_END);
    if (!daemon) {
        return 2;
    }
    int signal_number;
    sigwait(&signals, &signal_number);
    MHD_stop_daemon(daemon);
    free(certificate);
    free(key);
    return 0;
}
