#include "kube/kube_credentials.h"
#include "kube/kube_exec.h"
#include "tests/kube/folder.h"

#define V1 "client.authentication.k8s.io/v1"
#define CREDENTIAL(status) "{\"kind\":\"ExecCredential\",\"apiVersion\":\"" V1 "\",\"status\":" status "}"

static struct kube_config config_of(const char *command) {
    return (struct kube_config){
        .server = "https://one:6443",
        .ca_data = "-----BEGIN",
        .source = "test",
        .exec = {.command = command, .api_version = V1, .provides_cluster_info = true}};
}

static const struct {
    const char *name, *script, *message;
    enum error_kind kind;
} broken[] = {
    {"fails", "exit 3", "exit status 3 (see its words above)", ERROR_IO},
    {"no JSON", "echo hello", "its output is no JSON: line 1 column 1", ERROR_IO},
    {"nothing", ":", "its output is no JSON", ERROR_IO},
    {"another version", "echo '{\"kind\":\"ExecCredential\",\"apiVersion\":\"x/v1\",\"status\":{}}'",
     "its output must be an ExecCredential of " V1, ERROR_IO},
    {"no status", "echo '" CREDENTIAL("{}") "'", "status has neither token nor clientCertificateData",
     ERROR_IO},
    {"certificate alone", "echo '" CREDENTIAL("{\"clientCertificateData\":\"a\"}") "'",
     "status must have both clientCertificateData and clientKeyData, or none", ERROR_IO},
    {"bad time", "echo '" CREDENTIAL("{\"token\":\"a\",\"expirationTimestamp\":\"soon\"}") "'",
     "status.expirationTimestamp is no time", ERROR_IO},
    {"too much", "cat /dev/zero", "prints more than 1 MiB, ended", ERROR_LIMIT},
    {"killed", "kill -9 $$", "ended by signal 9", ERROR_IO},
};

static void plugins_that_fail_are_told(void **state) {
    (void)state;
    for (size_t i = 0; i < sizeof(broken) / sizeof(broken[0]); i++) {
        struct folder folder;
        char path[128], script[512];
        struct error error = {0};
        struct kube_exec_result result = {0};
        folder_make(&folder);
        (void)snprintf(script, sizeof(script), "#!/bin/sh\n%s\n", broken[i].script);
        folder_write(&folder, "plugin", script, path);
        assert_int_equal(chmod(path, 0700), 0);
        struct kube_config config = config_of(path);
        expect_true(broken[i].name, !kube_exec_run(&config, &result, &error), "refused");
        expect_contains(broken[i].name, error.message, broken[i].message);
        expect_integer(broken[i].name, error.kind, broken[i].kind);
        folder_remove(&folder);
    }
}

static void a_missing_plugin_is_told_with_its_hint(void **state) {
    (void)state;
    struct error error = {0};
    struct kube_exec_result result = {0};
    struct kube_config config = config_of("fleetgate-no-such-plugin");
    config.exec.install_hint = "install it";
    assert_false(kube_exec_run(&config, &result, &error));
    expect_error("missing", &error, ERROR_NOT_FOUND,
                 "credential plugin fleetgate-no-such-plugin: No such file or directory; install it");
}

static void a_plugin_gets_its_environment_and_arguments(void **state) {
    (void)state;
    static const char *const arguments[] = {"a b", "$HOME", NULL};
    static const char *const environment[] = {"PLUGIN=yes", NULL};
    struct folder folder;
    char path[128], seen[1024] = "", seen_path[128];
    struct error error = {0};
    folder_make(&folder);
    folder_write(&folder, "seen", "", seen_path);
    folder_write(
        &folder, "plugin",
        "#!/bin/sh\necho \"$1|$2|$PLUGIN|$KUBERNETES_EXEC_INFO\" > \"${0%/*}/seen\"\n"
        "echo '" CREDENTIAL("{\"token\":\"t\",\"expirationTimestamp\":\"2030-01-01T01:00:00+01:00\"}") "'\n",
        path);
    assert_int_equal(chmod(path, 0700), 0);
    struct kube_config config = config_of(path);
    config.exec.arguments = arguments;
    config.exec.environment = environment;
    CLEANUP(kube_exec_result_clear) struct kube_exec_result result = {0};
    if (!kube_exec_run(&config, &result, &error)) {
        fail_msg("%s", error.message);
    }
    expect_text("token", result.token, "t");
    assert_null(result.certificate);
    expect_integer("expires", result.expires_at, 1893456000);
    FILE *file = fopen(seen_path, "r");
    assert_non_null(file);
    assert_non_null(fgets(seen, sizeof(seen), file));
    fclose(file);
    expect_text("environment", seen,
                "a b|$HOME|yes|{\"kind\":\"ExecCredential\",\"apiVersion\":\"" V1
                "\",\"spec\":{\"interactive\":false,\"cluster\":{\"server\":\"https://one:6443\","
                "\"certificate-authority-data\":\"LS0tLS1CRUdJTg==\"}}}\n");
    folder_remove(&folder);
}

// The plugin prints how often it ran as its token.
static void make_counter(struct folder *folder, const char *expires, char path[128]) {
    char script[512];
    (void)snprintf(script, sizeof(script),
                   "#!/bin/sh\necho x >> \"${0%%/*}/runs\"\n"
                   "echo '{\"kind\":\"ExecCredential\",\"apiVersion\":\"" V1
                   "\",\"status\":{\"token\":\"run'$(wc -l < \"${0%%/*}/runs\")'\"%s}}'\n",
                   expires);
    folder_write(folder, "runs", "", NULL);
    folder_write(folder, "plugin", script, path);
    assert_int_equal(chmod(path, 0700), 0);
}

static const struct {
    const char *name, *expires;
    bool refuse;
    const char *token;
} cached[] = {
    {"without an end", "", false, "run1"},
    {"long before its end", ",\"expirationTimestamp\":\"2099-01-01T00:00:00Z\"", false, "run1"},
    {"after its end", ",\"expirationTimestamp\":\"2020-01-01T00:00:00.5Z\"", false, "run2"},
    {"refused by the server", "", true, "run2"},
};

static void what_a_plugin_gave_is_kept_until_it_ends(void **state) {
    (void)state;
    for (size_t i = 0; i < sizeof(cached) / sizeof(cached[0]); i++) {
        struct folder folder;
        char path[128];
        struct error error = {0};
        folder_make(&folder);
        make_counter(&folder, cached[i].expires, path);
        struct kube_config config = config_of(path);
        CLEANUP(kube_credentials_free) struct kube_credentials *credentials = kube_credentials_new(&config);
        CLEANUP(kube_credential_clear) struct kube_credential first = {0}, second = {0};
        if (!kube_credentials_get(credentials, &first, &error)) {
            fail_msg("%s: %s", cached[i].name, error.message);
        }
        if (cached[i].refuse) {
            kube_credentials_refused(credentials, first.generation);
        }
        expect_true(cached[i].name, kube_credentials_get(credentials, &second, &error), "second");
        expect_text(cached[i].name, second.token, cached[i].token);
        folder_remove(&folder);
    }
}

static void a_token_file_is_read_again_when_it_changes(void **state) {
    (void)state;
    struct folder folder;
    char path[128];
    struct error error = {0};
    folder_make(&folder);
    folder_write(&folder, "token", "one\n", path);
    struct kube_config config = {.server = "https://one", .source = "test", .token_file = path};
    CLEANUP(kube_credentials_free) struct kube_credentials *credentials = kube_credentials_new(&config);
    static const struct {
        const char *name, *written, *shown;
    } steps[] = {{"first", NULL, "one"},
                 {"longer", " three ", "three"},
                 {"while it is empty", "", "three"},
                 {"broken", "a b", "three"},
                 {"last", "seven77", "seven77"}};
    for (size_t i = 0; i < sizeof(steps) / sizeof(steps[0]); i++) {
        CLEANUP(kube_credential_clear) struct kube_credential shown = {0};
        if (steps[i].written) {
            folder_write(&folder, "token", steps[i].written, NULL);
        }
        expect_true(steps[i].name, kube_credentials_get(credentials, &shown, &error), error.message);
        expect_text(steps[i].name, shown.token, steps[i].shown);
    }
    folder_remove(&folder);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(plugins_that_fail_are_told),
        cmocka_unit_test(a_missing_plugin_is_told_with_its_hint),
        cmocka_unit_test(a_plugin_gets_its_environment_and_arguments),
        cmocka_unit_test(what_a_plugin_gave_is_kept_until_it_ends),
        cmocka_unit_test(a_token_file_is_read_again_when_it_changes),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
