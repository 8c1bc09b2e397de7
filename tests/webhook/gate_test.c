#include "webhook/gate.h"

#include "attest/key_rotation.h"
#include "base/memory.h"
#include "certs/certificate_files.h"
#include "tests/webhook/gate_fixture.h"
#include "tests/webhook/server_fixture.h"

#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include <cmocka.h>

static bool load(void *data, struct policy_set **ret_set, struct error *error) {
    const char *wrong = atomic_load((_Atomic(const char *) *)data);
    if (wrong) {
        return error_set(error, ERROR_INVALID, "%s", wrong);
    }
    *ret_set = gate_policies(2);
    return true;
}

struct scene {
    struct served served;        // for its certificates
    _Atomic(const char *) wrong; // of the loader
    char port_file[96];
    unsigned ops_port;
    struct gate_options options;
    struct gate *gate;
    sigset_t signals;
    pthread_t thread;
    _Atomic(int) stage; // 1: draining, 2: drained
};

static void *live(void *data) {
    struct scene *scene = data;
    gate_run(scene->gate, &scene->signals);
    atomic_store(&scene->stage, 1);
    gate_drain(scene->gate, &scene->signals);
    atomic_store(&scene->stage, 2);
    return NULL;
}

static int start_scene(void **state) {
    struct scene *scene = memory_calloc(1, sizeof(*scene));
    served_make_certificates(&scene->served);
    snprintf(scene->port_file, sizeof(scene->port_file), "%s/ports", scene->served.folder);
    scene->options = (struct gate_options){
        .version = "test",
        .load_policies = load,
        .data = &scene->wrong,
        .tls = {.certificate = scene->served.files[SERVER_CERTIFICATE],
                .key = scene->served.files[SERVER_KEY]},
        .listen = "127.0.0.1:0",
        .ops_listen = "127.0.0.1:0",
        .port_file = scene->port_file,
        .threads = 2,
        .timeout_ns = 1000000000,
        .drain_timeout_ns = 5000000000,
    };
    sigemptyset(&scene->signals);
    sigaddset(&scene->signals, SIGHUP);
    sigaddset(&scene->signals, SIGTERM);
    sigaddset(&scene->signals, SIGINT);
    pthread_sigmask(SIG_BLOCK, &scene->signals, NULL);
    *state = scene;
    return 0;
}

static void begin(struct scene *scene) {
    struct error error = {0};
    if (!gate_start(&scene->options, &scene->gate, &error)) {
        fail_msg("%s", error.message);
    }
    FILE *file = fopen(scene->port_file, "r");
    unsigned port;
    assert_non_null(file);
    assert_int_equal(fscanf(file, "webhook %u\nops %u\n", &port, &scene->ops_port), 2);
    fclose(file);
    scene->served.port = (uint16_t)port;
    assert_int_equal(pthread_create(&scene->thread, NULL, live, scene), 0);
}

static void end(struct scene *scene) {
    pthread_kill(scene->thread, SIGTERM);
    pthread_join(scene->thread, NULL);
    gate_free(scene->gate);
}

static int stop_scene(void **state) {
    struct scene *scene = *state;
    served_remove_certificates(&scene->served);
    free(scene);
    return 0;
}

static unsigned ask(struct tls_client *client, bool *ret_close) {
    CLEANUP(free) char *good = gate_review("CREATE", NULL, false);
    struct tls_reply reply;
    struct error error;
    if (!tls_client_post(client, "/validate", good, strlen(good), &reply, &error)) {
        return 0;
    }
    *ret_close = reply.close;
    return reply.status;
}

static bool page_has(const struct scene *scene, const char *path, const char *text) {
    char command[300];
    snprintf(command, sizeof(command), "curl -s http://127.0.0.1:%u%s | grep -qF '%s'", scene->ops_port, path,
             text);
    return system(command) == 0;
}

static bool wait_for_page(const struct scene *scene, const char *path, const char *text) {
    for (int i = 0; i < 100; i++) {
        if (page_has(scene, path, text)) {
            return true;
        }
        usleep(50000);
    }
    return false;
}

static void reloads_on_signal_and_on_change(void **state) {
    struct scene *scene = *state;
    begin(scene);
    assert_true(page_has(scene, "/readyz", "policies: 1 in force"));
    scene->wrong = "a.lua:1: broken";
    pthread_kill(scene->thread, SIGHUP);
    assert_true(wait_for_page(scene, "/readyz", "stays in force: a.lua:1: broken"));
    assert_true(page_has(scene, "/readyz", "ready"));
    CLEANUP(tls_client_close) struct tls_client *client = served_connect(&scene->served);
    bool close;
    assert_int_equal(ask(client, &close), 200);

    const char *const dns[] = {"localhost"};
    const struct certificates_request renew = {.mode = CERTIFICATES_RENEW,
                                               .names = {.dns = dns, .dns_count = 1}};
    struct error error;
    assert_true(certificate_files_write(scene->served.folder, &renew, &error));
    assert_true(wait_for_page(scene, "/metrics",
                              "fleetgate_reloads_total{what=\"certificates\",result=\"success\"} 3"));
    assert_int_equal(ask(client, &close), 200); // the connection of the old certificate lives on
    CLEANUP(tls_client_close) struct tls_client *second = served_connect(&scene->served);
    assert_int_equal(ask(second, &close), 200);
    end(scene);
}

static void keys_are_loaded_when_they_change(void **state) {
    struct scene *scene = *state;
    char file[128], command[400];
    snprintf(file, sizeof(file), "%s/attestation.keys", scene->served.folder);
    scene->options.attestation_keys = file;
    struct error error = {0};
    assert_false(gate_start(&scene->options, &scene->gate, &error));
    assert_non_null(strstr(error.message, "attestation.keys: can't be read: No such file"));

    assert_true(key_rotation_begin(file, "one", NULL, &error));
    begin(scene);
    assert_true(page_has(scene, "/readyz", "attestation keys: one (signs)"));
    CLEANUP(key_ring_unref) struct key_ring *first = gate_keys_in_force(scene->gate);
    assert_string_equal(key_ring_id(first, 0), "one");

    assert_true(key_rotation_step(file, KEY_STEP_ADD, "two", NULL, &error));
    assert_true(wait_for_page(scene, "/readyz", "attestation keys: one (signs), two"));
    assert_true(key_rotation_step(file, KEY_STEP_USE, "two", NULL, &error));
    pthread_kill(scene->thread, SIGHUP);
    assert_true(wait_for_page(scene, "/readyz", "attestation keys: two (signs), one"));

    // What others may read is not believed any more; the keys that are in force stay.
    snprintf(command, sizeof(command), "chmod 644 '%s'", file);
    assert_int_equal(system(command), 0);
    assert_true(wait_for_page(scene, "/readyz", "attestation keys: the last load failed at "));
    assert_true(page_has(scene, "/readyz", "what was loaded before stays in force"));
    assert_true(page_has(scene, "/readyz", "attestation keys: two (signs), one"));
    assert_true(page_has(scene, "/metrics",
                         "fleetgate_reloads_total{what=\"attestation-keys\",result=\"failure\"} 1"));
    CLEANUP(key_ring_unref) struct key_ring *kept = gate_keys_in_force(scene->gate);
    assert_string_equal(key_ring_id(kept, 0), "two");
    end(scene);
    unlink(file);
}

static void without_keys_there_are_none(void **state) {
    struct scene *scene = *state;
    begin(scene);
    assert_null(gate_keys_in_force(scene->gate));
    assert_false(page_has(scene, "/readyz", "attestation"));
    end(scene);
}

// An authority and certificates of it in memory, as a rotation hands them in.
static void hand_in(struct scene *scene, const struct certificate_authority *authority) {
    const char *const dns[] = {"localhost"};
    const struct certificate_names names = {.dns = dns, .dns_count = 1};
    CLEANUP(certificate_pair_clear) struct certificate_pair leaf = {0};
    struct error error = {0};
    if (!certificate_authority_issue(authority, &names, 30, &leaf, &error) ||
        !gate_swap_certificate(scene->gate, leaf.certificate, leaf.key, &error)) {
        fail_msg("%s", error.message);
    }
}

static struct certificate_authority *make_authority(const char *file) {
    struct certificate_authority *authority = NULL;
    CLEANUP(certificate_pair_clear) struct certificate_pair pair = {0};
    struct error error = {0};
    assert_true(certificate_authority_new(30, &authority, &error));
    assert_true(certificate_authority_export(authority, &pair, &error));
    FILE *stream = fopen(file, "w");
    assert_non_null(stream);
    assert_true(fputs(pair.certificate, stream) >= 0);
    fclose(stream);
    return authority;
}

static bool can_connect(const struct scene *scene, const char *authority_file) {
    const struct tls_client_options options = {.port = scene->served.port, .authority = authority_file};
    CLEANUP(tls_client_close) struct tls_client *client = NULL;
    struct error error;
    bool close;
    return tls_client_open(&options, &client, &error) && ask(client, &close) == 200;
}

static void a_certificate_is_handed_in(void **state) {
    struct scene *scene = *state;
    char file[128], other_file[128];
    snprintf(file, sizeof(file), "%s/handed-ca.crt", scene->served.folder);
    snprintf(other_file, sizeof(other_file), "%s/handed-other-ca.crt", scene->served.folder);
    CLEANUP(certificate_authority_free) struct certificate_authority *authority = make_authority(file);
    CLEANUP(certificate_authority_free) struct certificate_authority *other = make_authority(other_file);
    scene->options.tls = (struct tls_files){0};
    begin(scene);
    assert_true(page_has(scene, "/readyz", "certificate: none loaded"));
    assert_false(can_connect(scene, file));

    hand_in(scene, authority);
    assert_false(page_has(scene, "/readyz", "not ready"));
    assert_true(can_connect(scene, file));
    CLEANUP(tls_client_close) struct tls_client *early = NULL;
    const struct tls_client_options options = {.port = scene->served.port, .authority = file};
    struct error error = {0};
    assert_true(tls_client_open(&options, &early, &error));

    hand_in(scene, other);
    bool close;
    assert_false(can_connect(scene, file));
    assert_true(can_connect(scene, other_file));
    assert_int_equal(ask(early, &close), 200); // the connection of the old certificate lives on

    // What is wrong changes nothing, and neither does a signal to reload.
    assert_false(gate_swap_certificate(scene->gate, "rubbish", "rubbish", &error));
    assert_non_null(strstr(error.message, "the certificate that was handed in"));
    assert_true(page_has(scene, "/readyz", "what was loaded before stays in force"));
    pthread_kill(scene->thread, SIGHUP);
    assert_true(wait_for_page(scene, "/metrics",
                              "fleetgate_reloads_total{what=\"certificates\",result=\"success\"} 3"));
    assert_true(can_connect(scene, other_file));
    assert_false(page_has(scene, "/metrics", "fleetgate_ca_expiry_timestamp_seconds 1"));
    gate_set_authority_expiry(scene->gate, 1900000000);
    assert_true(page_has(scene, "/metrics", "fleetgate_ca_expiry_timestamp_seconds 1900000000"));
    end(scene);
    unlink(file);
    unlink(other_file);
}

static void *ask_until_stopped(void *data) {
    struct scene *scene = data;
    char file[128];
    snprintf(file, sizeof(file), "%s/handed-ca.crt", scene->served.folder);
    while (atomic_load(&scene->wrong) == NULL) {
        if (!can_connect(scene, file)) {
            return scene;
        }
    }
    return NULL;
}

static void no_request_is_refused_while_certificates_change(void **state) {
    struct scene *scene = *state;
    char file[128];
    snprintf(file, sizeof(file), "%s/handed-ca.crt", scene->served.folder);
    CLEANUP(certificate_authority_free) struct certificate_authority *authority = make_authority(file);
    scene->options.tls = (struct tls_files){0};
    begin(scene);
    hand_in(scene, authority);
    pthread_t asker;
    assert_int_equal(pthread_create(&asker, NULL, ask_until_stopped, scene), 0);
    for (int i = 0; i < 100; i++) {
        hand_in(scene, authority);
        usleep(5000);
    }
    atomic_store(&scene->wrong, "enough");
    void *failed;
    pthread_join(asker, &failed);
    assert_null(failed);
    end(scene);
    unlink(file);
}

static void drains_after_a_delay(void **state) {
    struct scene *scene = *state;
    scene->options.drain_delay_ns = 1000000000;
    begin(scene);
    CLEANUP(tls_client_close) struct tls_client *first = served_connect(&scene->served);
    bool close = true;
    assert_int_equal(ask(first, &close), 200);
    assert_false(close);
    pthread_kill(scene->thread, SIGTERM);
    assert_true(wait_for_page(scene, "/readyz", "draining"));
    // New connections are still welcome, but every answer says goodbye.
    CLEANUP(tls_client_close) struct tls_client *second = served_connect(&scene->served);
    assert_int_equal(ask(second, &close), 200);
    assert_true(close);
    assert_int_equal(ask(first, &close), 200);
    assert_true(close);
    pthread_join(scene->thread, NULL);
    assert_int_equal(atomic_load(&scene->stage), 2);
    struct tls_client *late = NULL;
    struct error error;
    assert_false(tls_client_open(&(struct tls_client_options){.port = scene->served.port}, &late, &error));
    gate_free(scene->gate);
}

static void a_second_signal_ends_the_delay(void **state) {
    struct scene *scene = *state;
    scene->options.drain_delay_ns = 60000000000;
    begin(scene);
    pthread_kill(scene->thread, SIGTERM);
    assert_true(wait_for_page(scene, "/readyz", "draining"));
    time_t before = time(NULL);
    end(scene);
    assert_in_range(time(NULL) - before, 0, 10);
}

static void does_not_start_without_what_it_needs(void **state) {
    struct scene *scene = *state;
    struct error error = {0};
    struct gate *gate = NULL;
    scene->wrong = "a.lua:1: broken";
    assert_false(gate_start(&scene->options, &gate, &error));
    assert_string_equal(error.message, "a.lua:1: broken");
    scene->wrong = NULL;
    scene->options.tls.key = scene->served.files[CLIENT_KEY];
    assert_false(gate_start(&scene->options, &gate, &error));
    assert_non_null(strstr(error.message, "does not belong"));
    scene->options.tls.key = scene->served.files[SERVER_KEY];
    scene->options.ops_listen = "192.0.2.1:80";
    assert_false(gate_start(&scene->options, &gate, &error));
    assert_non_null(strstr(error.message, "can't listen on"));
    scene->options.ops_listen = "127.0.0.1:0";
    scene->options.port_file = "/no/such/folder/ports";
    assert_false(gate_start(&scene->options, &gate, &error));
    assert_non_null(strstr(error.message, "/no/such/folder/ports"));
    assert_null(gate);
}

int main(void) {
    signal(SIGPIPE, SIG_IGN);
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(reloads_on_signal_and_on_change, start_scene, stop_scene),
        cmocka_unit_test_setup_teardown(keys_are_loaded_when_they_change, start_scene, stop_scene),
        cmocka_unit_test_setup_teardown(without_keys_there_are_none, start_scene, stop_scene),
        cmocka_unit_test_setup_teardown(a_certificate_is_handed_in, start_scene, stop_scene),
        cmocka_unit_test_setup_teardown(no_request_is_refused_while_certificates_change, start_scene,
                                        stop_scene),
        cmocka_unit_test_setup_teardown(drains_after_a_delay, start_scene, stop_scene),
        cmocka_unit_test_setup_teardown(a_second_signal_ends_the_delay, start_scene, stop_scene),
        cmocka_unit_test_setup_teardown(does_not_start_without_what_it_needs, start_scene, stop_scene),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
