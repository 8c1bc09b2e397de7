#include "webhook/reload.h"

#include "certs/certificate_files.h"
#include "tests/webhook/gate_fixture.h"
#include "tests/webhook/server_fixture.h"
#include "webhook/file_watch.h"

#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include <cmocka.h>

static void write_file(const char *path, const char *text) {
    FILE *file = fopen(path, "w");
    assert_non_null(file);
    fputs(text, file);
    fclose(file);
}

static void run(const char *format, const char *folder) {
    char script[512];
    char command[600];
    snprintf(script, sizeof(script), "%s", format);
    snprintf(command, sizeof(command), "cd %s && %s", folder, script);
    assert_int_equal(system(command), 0);
}

static const struct {
    const char *name, *change;
    bool seen;
} changes[] = {
    {"nothing", "true", false},
    {"a new file", "echo a > b.lua", true},
    {"one removed", "rm b.lua", true},
    {"one written again with the same length", "echo b > a.lua", true},
    {"one replaced by rename", "cp a.lua /tmp/fleetgate-x.$$ && mv /tmp/fleetgate-x.$$ a.lua", true},
    {"a file in a folder", "mkdir -p lib && echo a > lib/l.lua", true},
    {"a link as in a ConfigMap",
     "mkdir ..1 && echo a > ..1/c.lua && ln -s ..1 ..data && ln -s ..data/c.lua c.lua", true},
    {"a swap as in a ConfigMap",
     "mkdir ..2 && echo a > ..2/c.lua && ln -s ..2 ..new && mv -T ..new ..data && rm -r ..1", true},
    {"an editor's hidden file", "echo x > .a.lua.swp", false},
    {"nothing again", "true", false},
};

// Somebody writes between all looks.
static void sees_changes_that_never_settle(void **state) {
    (void)state;
    char folder[] = "/tmp/fleetgate-watch-XXXXXX";
    assert_non_null(mkdtemp(folder));
    run("echo a > a.lua", folder);
    struct file_watch watch = {.paths = {folder}};
    file_watch_mark(&watch);
    int seen = 0;
    for (int i = 0; i < 12; i++) {
        run("cp a.lua b.lua && mv b.lua a.lua", folder);
        seen += file_watch_look(&watch);
    }
    assert_in_range(seen, 2, 6);
    run("rm -r ../$(basename $PWD)", folder);
}

static void sees_changes_once_they_settle(void **state) {
    (void)state;
    char folder[] = "/tmp/fleetgate-watch-XXXXXX";
    assert_non_null(mkdtemp(folder));
    run("echo a > a.lua", folder);
    struct file_watch watch = {.paths = {folder}};
    file_watch_mark(&watch);
    for (size_t i = 0; i < sizeof(changes) / sizeof(changes[0]); i++) {
        run(changes[i].change, folder);
        bool at_once = file_watch_look(&watch);
        bool settled = file_watch_look(&watch);
        bool again = file_watch_look(&watch);
        if (at_once || settled != changes[i].seen || again) {
            fail_msg("%s: %d %d %d", changes[i].name, at_once, settled, again);
        }
    }
    run("rm -rf $PWD", folder);
}

struct loader {
    const char *wrong; // NULL: the next load succeeds
    unsigned loads;
};

static bool load(void *data, struct policy_set **ret_set, struct error *error) {
    struct loader *loader = data;
    loader->loads++;
    if (loader->wrong) {
        return error_set(error, ERROR_INVALID, "%s", loader->wrong);
    }
    *ret_set = gate_policies(2);
    return true;
}

struct scene {
    struct served served;
    struct loader loader;
    struct readiness *readiness;
    struct reload *reload;
    char policies[96];
};

static int start_scene(void **state) {
    struct scene *scene = calloc(1, sizeof(*scene));
    served_start(&scene->served, (struct webhook_server_options){0}, false);
    snprintf(scene->policies, sizeof(scene->policies), "%s/policies", scene->served.folder);
    assert_int_equal(mkdir(scene->policies, 0700), 0);
    scene->readiness = readiness_new();
    readiness_policies_loaded(scene->readiness, 1);
    readiness_certificate_loaded(scene->readiness, 0, INT32_MAX);
    scene->reload = reload_new(&(struct reload_options){
        .load_policies = load,
        .data = &scene->loader,
        .policy_paths = {scene->policies},
        .tls = {.certificate = scene->served.files[SERVER_CERTIFICATE],
                .key = scene->served.files[SERVER_KEY]},
        .readiness = scene->readiness,
        .metrics = scene->served.metrics,
    });
    reload_into(scene->reload, scene->served.webhook, scene->served.server);
    *state = scene;
    return 0;
}

static int stop_scene(void **state) {
    struct scene *scene = *state;
    reload_free(scene->reload);
    readiness_free(scene->readiness);
    served_stop(&scene->served);
    free(scene);
    return 0;
}

static void poll_twice(struct scene *scene) {
    reload_poll(scene->reload);
    reload_poll(scene->reload);
}

static void assert_page(struct scene *scene, const char *text) {
    CLEANUP(buffer_clear) struct buffer page;
    buffer_init(&page, 8192);
    assert_true(readiness_check(scene->readiness, time(NULL), &page));
    if (!strstr(buffer_text(&page), text)) {
        fail_msg("\"%s\" is not in:\n%s", text, buffer_text(&page));
    }
}

static void assert_metric(struct scene *scene, const char *line) {
    CLEANUP(buffer_clear) struct buffer text;
    buffer_init(&text, 1 << 20);
    gate_metrics_write(scene->served.metrics, &text);
    if (!strstr(buffer_text(&text), line)) {
        fail_msg("\"%s\" is not in:\n%s", line, buffer_text(&text));
    }
}

static void assert_answers(struct scene *scene) {
    CLEANUP(tls_client_close) struct tls_client *client = served_connect(&scene->served);
    CLEANUP(free) char *good = gate_review("CREATE", NULL, false);
    struct tls_reply reply;
    struct error error;
    assert_true(tls_client_post(client, "/validate", good, strlen(good), &reply, &error));
    assert_int_equal(reply.status, 200);
}

static void loads_policies_that_changed(void **state) {
    struct scene *scene = *state;
    poll_twice(scene);
    assert_int_equal(scene->loader.loads, 0);
    run("echo a > a.lua", scene->policies);
    poll_twice(scene);
    assert_int_equal(scene->loader.loads, 1);
    assert_metric(scene, "fleetgate_reloads_total{what=\"policies\",result=\"success\"} 1\n");
    assert_answers(scene);
}

static void a_broken_set_leaves_the_old_one(void **state) {
    struct scene *scene = *state;
    scene->loader.wrong = "a.lua:3: title: missing";
    run("echo broken > a.lua", scene->policies);
    poll_twice(scene);
    assert_page(scene, "stays in force: a.lua:3: title: missing");
    assert_metric(scene, "fleetgate_reloads_total{what=\"policies\",result=\"failure\"} 1\n");
    assert_answers(scene);
    poll_twice(scene);
    assert_int_equal(scene->loader.loads, 1); // the same broken files are not tried each second

    scene->loader.wrong = NULL;
    reload_now(scene->reload);
    assert_page(scene, "ready\npolicies: 1 in force\ncertificate: valid until");
    assert_answers(scene);
}

static void new_certificates_are_served(void **state) {
    struct scene *scene = *state;
    const struct certificates_request replace = {
        .mode = CERTIFICATES_REPLACE, .names = {.dns = (const char *[]){"localhost"}, .dns_count = 1}};
    struct error error;
    assert_true(certificate_files_write(scene->served.folder, &replace, &error));
    struct tls_client *client = NULL;
    const struct tls_client_options options = {.port = scene->served.port,
                                               .authority = scene->served.files[SERVER_AUTHORITY]};
    assert_false(tls_client_open(&options, &client, &error)); // still the one of the old authority
    poll_twice(scene);
    assert_answers(scene);
    assert_metric(scene, "fleetgate_reloads_total{what=\"certificates\",result=\"success\"} 1\n");
}

static void a_key_of_another_certificate_leaves_the_old_pair(void **state) {
    struct scene *scene = *state;
    run("cp client.key x.key && rm tls.key && mv x.key tls.key", scene->served.folder);
    poll_twice(scene);
    assert_page(scene, "certificate: the last load failed at ");
    assert_page(scene, "does not belong to the certificate");
    assert_metric(scene, "fleetgate_reloads_total{what=\"certificates\",result=\"failure\"} 1\n");
    assert_answers(scene);
    write_file(scene->served.files[SERVER_KEY], "no key\n");
    reload_now(scene->reload);
    assert_page(scene, "not a certificate and its key in PEM");
    assert_answers(scene);
}

int main(void) {
    signal(SIGPIPE, SIG_IGN);
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(sees_changes_that_never_settle),
        cmocka_unit_test(sees_changes_once_they_settle),
        cmocka_unit_test_setup_teardown(loads_policies_that_changed, start_scene, stop_scene),
        cmocka_unit_test_setup_teardown(a_broken_set_leaves_the_old_one, start_scene, stop_scene),
        cmocka_unit_test_setup_teardown(new_certificates_are_served, start_scene, stop_scene),
        cmocka_unit_test_setup_teardown(a_key_of_another_certificate_leaves_the_old_pair, start_scene,
                                        stop_scene),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
