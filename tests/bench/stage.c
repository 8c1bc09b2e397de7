#include "tests/bench/stage.h"

#include "base/clock.h"

#include "certs/certificate_files.h"
#include "tests/bench/load.h"
#include "tests/bench/reviews.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

static const uint64_t patience_ns = 20ull * 1000000000;

static bool shell(const char *command, struct error *error) {
    return system(command) == 0 ? true : error_set(error, ERROR_IO, "failed: %s", command);
}

// The shipped policies and the ones of the bench, without their tests.
static bool copy_policies(const struct stage *stage, struct error *error) {
    char command[1024];
    snprintf(command, sizeof(command),
             "mkdir %s/policies && cp -r " FLEETGATE_SOURCE
             "/policies/. %s/policies && rm -f %s/policies/*_test.lua && cp " FLEETGATE_SOURCE
             "/tests/bench/policies/*.lua %s/policies",
             stage->folder, stage->folder, stage->folder, stage->folder);
    return shell(command, error);
}

static bool make_certificates(const struct stage *stage, struct error *error) {
    const char *const dns[] = {"localhost"};
    const char *const addresses[] = {"127.0.0.1"};
    const struct certificates_request request = {
        .names = {.dns = dns, .dns_count = 1, .addresses = addresses, .address_count = 1}};
    return certificate_files_write(stage->folder, &request, error);
}

static void set_arguments(struct stage *stage, const char *program) {
    enum { PROGRAM, CERTIFICATE, KEY, POLICIES, CONFIGURATION, BARE };
    snprintf(stage->texts[PROGRAM], PATH_MAX, "%s", program);
    snprintf(stage->texts[CERTIFICATE], PATH_MAX, "%s/tls.crt", stage->folder);
    snprintf(stage->texts[KEY], PATH_MAX, "%s/tls.key", stage->folder);
    snprintf(stage->texts[POLICIES], PATH_MAX, "%s/policies", stage->folder);
    snprintf(stage->texts[CONFIGURATION], PATH_MAX, FLEETGATE_SOURCE "/tests/bench/fleetgate.yaml");
    snprintf(stage->texts[BARE], PATH_MAX, "%s", BARE_SERVER);
    static char words[][16] = {"serve",    "--tls-cert",   "--tls-key", "--policies",  "--config",
                               "--listen", "--ops-listen", "--threads", "--log-level", "warn"};
    char *const gate[] = {stage->texts[PROGRAM],
                          words[0],
                          words[1],
                          stage->texts[CERTIFICATE],
                          words[2],
                          stage->texts[KEY],
                          words[3],
                          stage->texts[POLICIES],
                          words[4],
                          stage->texts[CONFIGURATION],
                          words[5],
                          stage->gate_port,
                          words[6],
                          stage->gate_ops_port,
                          words[7],
                          stage->threads,
                          words[8],
                          words[9],
                          NULL};
    char *const bare[] = {stage->texts[BARE], stage->texts[CERTIFICATE],
                          stage->texts[KEY],  stage->bare_port,
                          stage->threads,     NULL};
    memcpy(stage->gate_arguments, gate, sizeof(gate));
    memcpy(stage->bare_arguments, bare, sizeof(bare));
    stage->gate = (struct server_process){.name = "fleetgate", .arguments = stage->gate_arguments};
    stage->bare = (struct server_process){.name = "bare", .arguments = stage->bare_arguments};
}

bool stage_make(struct stage *stage, const char *program, unsigned threads, struct error *error) {
    *stage = (struct stage){0};
    strcpy(stage->folder, "/tmp/fleetgate-bench-XXXXXX");
    if (!mkdtemp(stage->folder)) {
        *stage->folder = '\0';
        return error_set(error, ERROR_IO, "can't make a temporary folder");
    }
    snprintf(stage->log, sizeof(stage->log), "%s/log", stage->folder);
    snprintf(stage->threads, sizeof(stage->threads), "%u", threads);
    set_arguments(stage, program);
    return make_certificates(stage, error) && copy_policies(stage, error);
}

void stage_clear(struct stage *stage) {
    server_process_stop(&stage->gate);
    server_process_stop(&stage->bare);
    char command[128];
    snprintf(command, sizeof(command), "rm -rf %s", stage->folder);
    if (*stage->folder && system(command) != 0) {
        fprintf(stderr, "%s stays behind\n", stage->folder);
    }
}

bool stage_start(struct stage *stage, struct server_process *process, uint64_t *ret_ns, struct error *error) {
    process->port = free_port();
    stage->ops_port = free_port();
    snprintf(stage->gate_port, sizeof(stage->gate_port), "127.0.0.1:%u", process->port);
    snprintf(stage->gate_ops_port, sizeof(stage->gate_ops_port), "127.0.0.1:%u", stage->ops_port);
    snprintf(stage->bare_port, sizeof(stage->bare_port), "%u", process->port);
    size_t length;
    CLEANUP(free) char *body = review_make(REVIEW_SMALL, 1, &length);
    const struct load_options once = {.port = process->port, .body = body, .length = length};
    uint64_t started = clock_now_ns();
    if (!server_process_start(process, stage->log, error)) {
        return false;
    }
    uint64_t asked;
    while (!load_ask_once(&once, &asked, error)) {
        if (error->kind != ERROR_IO || clock_now_ns() - started > patience_ns) {
            server_process_stop(process);
            return error_wrap(error, "%s does not answer (its log: %s)", process->name, stage->log);
        }
        usleep(200);
    }
    *ret_ns = clock_now_ns() - started;
    return true;
}
