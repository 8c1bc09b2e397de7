#include "cli/commands.h"

#include "base/memory.h"
#include "tests/webhook/gate_fixture.h"
#include "tests/webhook/server_fixture.h"

#include <fcntl.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

enum { MOST_WORDS = 32 };

struct scene {
    struct served served; // for its certificates
    char output[96];
    char text[16384];
};

// Starts "fleetgate serve WORDS" as a process, where @ stands for the folder; both outputs go to a file.
static pid_t start(struct scene *scene, const char *words) {
    char line[1024] = "";
    size_t length = 0;
    for (const char *at = words; *at; at++) {
        const char *folder = scene->served.folder;
        length += (size_t)snprintf(line + length, sizeof(line) - length, "%.*s",
                                   *at == '@' ? (int)strlen(folder) : 1, *at == '@' ? folder : at);
    }
    fflush(stdout);
    pid_t child = fork();
    assert_true(child >= 0);
    if (child > 0) {
        return child;
    }
    char name[] = "serve";
    char *argv[MOST_WORDS + 2] = {name};
    int argc = 1;
    for (char *word = strtok(line, " "); word && argc <= MOST_WORDS; word = strtok(NULL, " ")) {
        argv[argc++] = word;
    }
    int file = open(scene->output, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
    dup2(file, STDOUT_FILENO);
    dup2(file, STDERR_FILENO);
    int code = serve_main(argc, argv);
    fflush(stdout);
    _exit(code);
}

static int finish(struct scene *scene, pid_t child) {
    int status;
    assert_int_equal(waitpid(child, &status, 0), child);
    FILE *file = fopen(scene->output, "r");
    assert_non_null(file);
    scene->text[fread(scene->text, 1, sizeof(scene->text) - 1, file)] = '\0';
    fclose(file);
    return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

static int make_scene(void **state) {
    struct scene *scene = memory_calloc(1, sizeof(*scene));
    served_make_certificates(&scene->served);
    snprintf(scene->output, sizeof(scene->output), "%s/output", scene->served.folder);
    *state = scene;
    return 0;
}

static int clear_scene(void **state) {
    struct scene *scene = *state;
    served_remove_certificates(&scene->served);
    free(scene);
    return 0;
}

#define PAIR "--tls-cert @/tls.crt --tls-key @/tls.key "

static const struct {
    const char *words;
    int code;
    const char *text;
} refused[] = {
    {"", EXIT_USAGE, "fleetgate serve: --tls-cert and --tls-key are needed"},
    {"--bogus", EXIT_USAGE, "try 'fleetgate serve --help'"},
    {"--threads 0", EXIT_USAGE, "--threads: want 1 to 256, got 0"},
    {"--timeout 5", EXIT_USAGE, "\"5\" is not a duration such as 10s or 500ms"},
    {PAIR "--timeout 0s", EXIT_USAGE, "--timeout must not be 0"},
    {"--log-level loud", EXIT_USAGE, "--log-level: want debug, info, warn or error, got loud"},
    {"--log-format xml", EXIT_USAGE, "--log-format: want text or json, got xml"},
    {PAIR "--client-name a", EXIT_USAGE, "--client-name needs --client-ca"},
    {PAIR "more", EXIT_USAGE, "unexpected argument more"},
    {PAIR "--listen nowhere", EXIT_USAGE, "\"nowhere\" is not ADDRESS:PORT"},
    {PAIR "--client-ca @/tls.key --listen 127.0.0.1:0", EXIT_USAGE, "tls.key: no certificate in PEM inside"},
    {"--tls-cert @/tls.crt --tls-key @/client.key", EXIT_USAGE, "does not belong to the certificate"},
    {"--tls-cert @/none.crt --tls-key @/tls.key", EXIT_USAGE, "none.crt: can't be read"},
    {PAIR "--policies @/none", EXIT_USAGE, "none"},
    {PAIR "--config @/none.yaml", EXIT_USAGE, "none.yaml"},
    {"--decision-log-max-size 1KiB", EXIT_USAGE, "want 64KiB to 1024GiB, as 64MiB, got 1KiB"},
    {"--decision-log-max-size 1MB", EXIT_USAGE, "want 64KiB to 1024GiB, as 64MiB, got 1MB"},
    {"--decision-log-keep 0", EXIT_USAGE, "--decision-log-keep: want 1 to 1000, got 0"},
    {"--decision-log-level some", EXIT_USAGE, "--decision-log-level: want denied or all, got some"},
    {"--decision-log-mask spec", EXIT_USAGE, "--decision-log-mask: \"spec\" is no JSON pointer"},
    {PAIR "--attestation-keys @/none", EXIT_USAGE, "none: can't be read: No such file"},
    {PAIR "--attestation-keys @/tls.crt", EXIT_USAGE, "keys must be in a file that nobody else may read"},
    {PAIR "--attestation-keys @/tls.key", EXIT_USAGE, "tls.key:1: want ID BASE64"},
    {PAIR "--decision-log @/none/log", EXIT_USAGE, "/none/log: No such file or directory"},
    {"--help", EXIT_CLEAN, "--drain-timeout"},
};

static void says_what_is_wrong(void **state) {
    struct scene *scene = *state;
    for (size_t i = 0; i < sizeof(refused) / sizeof(refused[0]); i++) {
        int code = finish(scene, start(scene, refused[i].words));
        if (code != refused[i].code || !strstr(scene->text, refused[i].text)) {
            fail_msg("serve %s: exit code %d, and:\n%s", refused[i].words, code, scene->text);
        }
    }
}

static uint16_t wait_for_port(const struct scene *scene) {
    char path[128];
    snprintf(path, sizeof(path), "%s/ports", scene->served.folder);
    for (int i = 0; i < 400; i++) {
        unsigned port, ops_port;
        FILE *file = fopen(path, "r");
        int got = file ? fscanf(file, "webhook %u\nops %u\n", &port, &ops_port) : 0;
        if (file) {
            fclose(file);
        }
        if (got == 2) {
            return (uint16_t)port;
        }
        usleep(50000);
    }
    fail_msg("no port file");
    return 0;
}

// The one review that was answered, written before the process ended.
static void expect_decision(const struct scene *scene) {
    char path[128], text[4096] = "";
    snprintf(path, sizeof(path), "%s/decisions.log", scene->served.folder);
    FILE *file = fopen(path, "r");
    assert_non_null(file);
    text[fread(text, 1, sizeof(text) - 1, file)] = '\0';
    fclose(file);
    remove(path);
    assert_non_null(strstr(text, "\"uid\":\"u-42\""));
    assert_ptr_equal(strchr(text, '\n'), text + strlen(text) - 1);
}

static void serves_the_built_in_policies_until_sigterm(void **state) {
    struct scene *scene = *state;
    pid_t child =
        start(scene, PAIR "--client-ca @/client-ca.crt --client-name kube-apiserver --listen 127.0.0.1:0 "
                          "--ops-listen 127.0.0.1:0 --port-file @/ports --log-format json --threads 2 "
                          "--decision-log @/decisions.log");
    scene->served.port = wait_for_port(scene);
    CLEANUP(free) char *review = gate_review("CREATE", NULL, false);
    struct tls_reply reply;
    struct error error;
    struct tls_client *client = served_connect_as(&scene->served, CLIENT_CERTIFICATE);
    assert_true(tls_client_post(client, "/validate?timeout=10s", review, strlen(review), &reply, &error));
    assert_int_equal(reply.status, 200);
    assert_non_null(strstr(reply.body, "\"allowed\":true"));
    tls_client_close(client);
    struct tls_client *stranger = served_connect(&scene->served);
    assert_true(tls_client_post(stranger, "/validate", review, strlen(review), &reply, &error));
    assert_int_equal(reply.status, 403);
    tls_client_close(stranger);
    kill(child, SIGTERM);
    assert_int_equal(finish(scene, child), EXIT_CLEAN);
    assert_non_null(strstr(scene->text, "\"message\":\"serving\""));
    assert_non_null(strstr(scene->text, "\"message\":\"stopped\""));
    expect_decision(scene);
}

int main(void) {
    signal(SIGPIPE, SIG_IGN);
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(says_what_is_wrong, make_scene, clear_scene),
        cmocka_unit_test_setup_teardown(serves_the_built_in_policies_until_sigterm, make_scene, clear_scene),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
