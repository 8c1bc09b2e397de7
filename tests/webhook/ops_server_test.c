#include "webhook/ops_server.h"

#include "webhook/listen_socket.h"

#include <arpa/inet.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cmocka.h>

static void get(uint16_t port, const char *request, char *answer, size_t size) {
    int fd = socket(AF_INET, SOCK_STREAM, 0);
    const struct sockaddr_in address = {
        .sin_family = AF_INET, .sin_port = htons(port), .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    assert_int_equal(connect(fd, (const struct sockaddr *)&address, sizeof(address)), 0);
    char text[256];
    int length = snprintf(text, sizeof(text), "%s HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n", request);
    assert_int_equal(write(fd, text, (size_t)length), length);
    size_t filled = 0;
    for (ssize_t got; filled < size - 1 && (got = read(fd, answer + filled, size - 1 - filled)) > 0;) {
        filled += (size_t)got;
    }
    answer[filled] = '\0';
    close(fd);
}

static void answers_probes_and_prometheus(void **state) {
    (void)state;
    CLEANUP(readiness_free) struct readiness *readiness = readiness_new();
    CLEANUP(gate_metrics_free) struct gate_metrics *metrics = gate_metrics_new("test");
    struct error error;
    int fd;
    uint16_t port;
    assert_true(listen_socket_open("127.0.0.1:0", &fd, &port, &error));
    CLEANUP(ops_server_free) struct ops_server *server = NULL;
    assert_true(ops_server_start(fd, readiness, metrics, &server, &error));
    static const struct {
        const char *request, *status, *text;
    } cases[] = {
        {"GET /healthz", "HTTP/1.1 200", "\r\n\r\nok\n"},
        {"HEAD /healthz", "HTTP/1.1 200", "Content-Length: 3\r\n"},
        {"GET /readyz", "HTTP/1.1 503", "not ready\npolicies: none loaded"},
        {"GET /metrics", "HTTP/1.1 200", "fleetgate_build_info{version=\"test\"} 1\n"},
        {"GET /metrics", "HTTP/1.1 200", "Content-Type: text/plain; version=0.0.4"},
        {"GET /", "HTTP/1.1 404", "no such path"},
        {"POST /metrics", "HTTP/1.1 405", "Allow: GET, HEAD"},
    };
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        static char answer[65536];
        get(port, cases[i].request, answer, sizeof(answer));
        if (strncmp(answer, cases[i].status, strlen(cases[i].status)) != 0 ||
            !strstr(answer, cases[i].text)) {
            fail_msg("%s: got %s", cases[i].request, answer);
        }
    }
    readiness_policies_loaded(readiness, 3);
    readiness_certificate_loaded(readiness, 0, INT64_MAX / 2000000000);
    char answer[4096];
    get(port, "GET /readyz", answer, sizeof(answer));
    assert_non_null(strstr(answer, "HTTP/1.1 200"));
}

static void reads_addresses(void **state) {
    (void)state;
    static const struct {
        const char *address, *message; // NULL: opened
    } cases[] = {
        {"127.0.0.1:0", NULL},
        {":0", NULL},
        {"[::1]:0", NULL},
        {"127.0.0.1", "is not ADDRESS:PORT"},
        {"127.0.0.1:", "is not ADDRESS:PORT"},
        {"127.0.0.1:65536", "is not ADDRESS:PORT"},
        {"127.0.0.1:http", "is not ADDRESS:PORT"},
        {"::1:80", "is not ADDRESS:PORT"},
        {"300.0.0.1:0", "300.0.0.1:0: "},
        {"192.0.2.1:0", "can't listen on 192.0.2.1:0: "},
    };
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct error error = {0};
        int fd = -1;
        uint16_t port = 0;
        bool opened = listen_socket_open(cases[i].address, &fd, &port, &error);
        if (opened != (cases[i].message == NULL) || (opened && port == 0) ||
            (!opened && !strstr(error.message, cases[i].message))) {
            fail_msg("%s: %s", cases[i].address, error.message);
        }
        if (opened) {
            close(fd);
        }
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(answers_probes_and_prometheus),
        cmocka_unit_test(reads_addresses),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
