#include "kube/kube_config.h"
#include "tests/kube/folder.h"

// "-----BEGIN X-----\n" in base64.
#define PEM_BASE64 "LS0tLS1CRUdJTiBYLS0tLS0K"

static const char plain[] = "apiVersion: v1\nkind: Config\ncurrent-context: one\n"
                            "clusters:\n- name: c\n  cluster: {server: 'https://one:6443/'}\n"
                            "users:\n- name: u\n  user: {token: secret}\n"
                            "contexts:\n- name: one\n  context: {cluster: c, user: u, namespace: fleet}\n"
                            "- name: two\n  context: {cluster: c, user: gone}\n";

static void a_plain_file_is_read(void **state) {
    (void)state;
    struct folder folder;
    char path[128];
    struct error error = {0};
    folder_make(&folder);
    folder_write(&folder, "config", plain, path);
    CLEANUP(kube_config_free) struct kube_config *config = NULL;
    if (!kube_config_load(path, NULL, &config, &error)) {
        fail_msg("%s", error.message);
    }
    expect_text("server", config->server, "https://one:6443");
    expect_text("token", config->token, "secret");
    expect_text("namespace", config->namespace, "fleet");
    expect_contains("source", config->source, "/config, context one");
    assert_null(config->ca_file);
    assert_false(config->insecure);
    folder_remove(&folder);
}

// HEAD is put before the contexts; %C and %U are the cluster and the user of context one.
static const struct {
    const char *name, *cluster, *user, *message;
} broken[] = {
    {"no server", "{}", "{}", ":5:12: the cluster has no server"},
    {"plain http", "{server: 'http://10.0.0.1:8080'}", "{}",
     ":5:21: server http://10.0.0.1:8080: http sends credentials in the clear and is taken only for "
     "127.0.0.1 "
     "and localhost; use https"},
    {"no scheme", "{server: 'one:6443'}", "{}", ":5:21: server one:6443: must begin with https://"},
    {"password in the address", "{server: 'https://a:b@one'}", "{}",
     ":5:21: the server's address must not have a user name"},
    {"server is a number", "{server: 7}", "{}", ":5:21: server must be a text, not a integer"},
    {"insecure with an authority",
     "{server: 'https://one', insecure-skip-tls-verify: true, certificate-authority: a}", "{}",
     ":5:62: insecure-skip-tls-verify and a certificate authority contradict each other"},
    {"authority is no PEM", "{server: 'https://one', certificate-authority-data: aGVsbG8=}", "{}",
     ":5:64: certificate-authority-data must be base64 of PEM"},
    {"proxy of another kind", "{server: 'https://one', proxy-url: 'ftp://p'}", "{}",
     ":5:47: proxy-url must begin with http://, https:// or socks5://"},
    {"basic authentication", "{server: 'https://one'}", "{username: a, password: b}",
     ":8:20: username can't be used: Kubernetes has no basic authentication since 1.19; use a token or a "
     "client "
     "certificate"},
    {"auth provider", "{server: 'https://one'}", "{auth-provider: {name: gcp}}",
     ":8:25: auth-provider can't be used: kubectl has no auth-provider since 1.26; use an exec plugin such "
     "as "
     "gke-gcloud-auth-plugin or kubelogin"},
    {"groups to impersonate", "{server: 'https://one'}", "{as: a, as-groups: [b]}",
     ":8:28: as-groups can't be used: only the user can be impersonated (as)"},
    {"certificate without key", "{server: 'https://one'}", "{client-certificate-data: " PEM_BASE64 "}",
     ":8:9: a client certificate needs its key (client-key or client-key-data), and the key its certificate"},
    {"interactive plugin", "{server: 'https://one'}",
     "{exec: {apiVersion: client.authentication.k8s.io/v1, command: a, interactiveMode: Always}}",
     ":8:91: exec: interactiveMode Always needs a terminal, which a server has not"},
    {"old plugin", "{server: 'https://one'}",
     "{exec: {apiVersion: client.authentication.k8s.io/v1alpha1, command: a}}",
     ":8:29: exec: apiVersion must be client.authentication.k8s.io/v1 or "
     "client.authentication.k8s.io/v1beta1"},
    {"plugin without command", "{server: 'https://one'}",
     "{exec: {apiVersion: client.authentication.k8s.io/v1}}", ":8:16: exec has no command"},
    {"argument is a number", "{server: 'https://one'}",
     "{exec: {apiVersion: client.authentication.k8s.io/v1, command: a, args: [1]}}",
     ":8:81: args must be texts, not a integer (put it in quotes)"},
    {"token in two lines", "{server: 'https://one'}", "{token: \"a\\nb\"}",
     ":8:17: token must not hold control characters"},
};

static void what_is_wrong_is_told_with_its_place(void **state) {
    (void)state;
    for (size_t i = 0; i < sizeof(broken) / sizeof(broken[0]); i++) {
        struct folder folder;
        char path[128], text[2048], expected[1024];
        struct error error = {0};
        struct kube_config *config = NULL;
        folder_make(&folder);
        (void)snprintf(text, sizeof(text),
                       "kind: Config\ncurrent-context: one\nclusters:\n- name: c\n  cluster: %s\nusers:\n"
                       "- name: u\n  user: %s\ncontexts: [{name: one, context: {cluster: c, user: u}}]\n",
                       broken[i].cluster, broken[i].user);
        folder_write(&folder, "config", text, path);
        expect_true(broken[i].name, !kube_config_load(path, NULL, &config, &error), "refused");
        (void)snprintf(expected, sizeof(expected), "%s%s", path, broken[i].message);
        expect_error(broken[i].name, &error, ERROR_INVALID, expected);
        folder_remove(&folder);
    }
}

static const struct {
    const char *name, *text, *context, *message;
} unusable[] = {
    {"no such context", plain, "three", ":1:1: has no context \"three\" (there are: one, two)"},
    {"no such user", plain, "two", ":14:31: there is no user \"gone\""},
    {"no current context", "kind: Config\ncontexts: [{name: a, context: {}}]\n", NULL,
     ":1:1: has no current-context; name a context (there are: a)"},
    {"another kind", "kind: Pod\n", NULL, ":1:1: is no kubeconfig (kind: Config)"},
    {"two of a name", "current-context: a\ncontexts:\n- {name: a, context: {}}\n- {name: a, context: {}}\n",
     NULL, ":4:3: contexts has two entries called \"a\""},
    {"no list", "current-context: a\ncontexts: {a: b}\n", NULL, ":2:11: contexts must be a list, not a map"},
    {"no YAML", "a: [\n", NULL, ":2:1:"},
    {"empty", "", NULL, ":1:1:"},
};

static void files_that_say_too_little_are_refused(void **state) {
    (void)state;
    for (size_t i = 0; i < sizeof(unusable) / sizeof(unusable[0]); i++) {
        struct folder folder;
        char path[128], expected[512];
        struct error error = {0};
        struct kube_config *config = NULL;
        folder_make(&folder);
        folder_write(&folder, "config", unusable[i].text, path);
        expect_true(unusable[i].name, !kube_config_load(path, unusable[i].context, &config, &error),
                    "refused");
        (void)snprintf(expected, sizeof(expected), "%s%s", path, unusable[i].message);
        expect_contains(unusable[i].name, error.message, expected);
        folder_remove(&folder);
    }
}

static void several_files_are_merged_and_the_first_wins(void **state) {
    (void)state;
    struct folder folder;
    char first[128], second[128], list[512], expected[160];
    struct error error = {0};
    folder_make(&folder);
    folder_write(&folder, "first", "kind: Config\nusers: [{name: u, user: {tokenFile: tokens/u}}]\n", first);
    folder_write(&folder, "second", plain, second);
    (void)snprintf(list, sizeof(list), "/nonexistent/config:%s:%s", first, second);
    setenv("KUBECONFIG", list, 1);
    CLEANUP(kube_config_free) struct kube_config *config = NULL;
    if (!kube_config_load(NULL, "one", &config, &error)) {
        fail_msg("%s", error.message);
    }
    (void)snprintf(expected, sizeof(expected), "%s/tokens/u", folder.path);
    expect_text("relative to its own file", config->token_file, expected);
    assert_null(config->token);
    expect_text("server of the second", config->server, "https://one:6443");

    setenv("KUBECONFIG", "/nonexistent/a:/nonexistent/b", 1);
    struct kube_config *none = NULL;
    assert_false(kube_config_load(NULL, NULL, &none, &error));
    expect_error("none is there", &error, ERROR_NOT_FOUND,
                 "none of the files in $KUBECONFIG (/nonexistent/a:/nonexistent/b) is there");
    unsetenv("KUBECONFIG");
    folder_remove(&folder);
}

static void certificates_and_plugins_are_read(void **state) {
    (void)state;
    struct folder folder;
    char path[128], expected[160];
    struct error error = {0};
    folder_make(&folder);
    folder_write(
        &folder, "config",
        "kind: Config\ncurrent-context: one\n"
        "clusters: [{name: c, cluster: {server: 'https://[::1]:6443/c/1/', tls-server-name: api,\n"
        "  certificate-authority: ca.crt, certificate-authority-data: " PEM_BASE64 "}}]\n"
        "users:\n- name: u\n  user:\n    as: alice\n    client-certificate: u.crt\n"
        "    client-key-data: " PEM_BASE64 "\n"
        "    exec: {apiVersion: client.authentication.k8s.io/v1beta1, command: ./login, args: [get, '1'],\n"
        "      env: [{name: A, value: b}], provideClusterInfo: true, installHint: get it, "
        "interactiveMode: IfAvailable}\n"
        "contexts: [{name: one, context: {cluster: c, user: u}}]\n",
        path);
    CLEANUP(kube_config_free) struct kube_config *config = NULL;
    if (!kube_config_load(path, NULL, &config, &error)) {
        fail_msg("%s", error.message);
    }
    expect_text("server", config->server, "https://[::1]:6443/c/1");
    expect_text("server name", config->tls_server_name, "api");
    expect_text("data counts", config->ca_data, "-----BEGIN X-----\n");
    assert_null(config->ca_file);
    (void)snprintf(expected, sizeof(expected), "%s/u.crt", folder.path);
    expect_text("certificate", config->client_cert_file, expected);
    expect_text("key", config->client_key_data, "-----BEGIN X-----\n");
    expect_text("impersonate", config->impersonate, "alice");
    (void)snprintf(expected, sizeof(expected), "%s/./login", folder.path);
    expect_text("command", config->exec.command, expected);
    expect_text("argument", config->exec.arguments[1], "1");
    assert_null(config->exec.arguments[2]);
    expect_text("variable", config->exec.environment[0], "A=b");
    expect_text("hint", config->exec.install_hint, "get it");
    assert_true(config->exec.provides_cluster_info);
    folder_remove(&folder);
}

static void a_pod_has_an_account(void **state) {
    (void)state;
    struct folder folder;
    struct error error = {0};
    struct kube_config *none = NULL;
    char expected[160];
    folder_make(&folder);
    unsetenv("KUBERNETES_SERVICE_HOST");
    assert_false(kube_config_in_cluster(folder.path, &none, &error));
    expect_error("no pod", &error, ERROR_NOT_FOUND,
                 "this is no pod (KUBERNETES_SERVICE_HOST and _PORT are not set)");
    setenv("KUBERNETES_SERVICE_HOST", "fd00::1", 1);
    setenv("KUBERNETES_SERVICE_PORT", "443", 1);
    assert_false(kube_config_in_cluster(folder.path, &none, &error));
    expect_contains("no token", error.message, "/token can't be read: does the pod have a service account");
    folder_write(&folder, "token", "t", NULL);
    folder_write(&folder, "ca.crt", "c", NULL);
    folder_write(&folder, "namespace", "fleetgate-system\n", NULL);
    CLEANUP(kube_config_free) struct kube_config *config = NULL;
    assert_true(kube_config_in_cluster(folder.path, &config, &error));
    expect_text("server", config->server, "https://[fd00::1]:443");
    expect_text("namespace", config->namespace, "fleetgate-system");
    (void)snprintf(expected, sizeof(expected), "%s/token", folder.path);
    expect_text("token", config->token_file, expected);
    unsetenv("KUBERNETES_SERVICE_HOST");
    unsetenv("KUBERNETES_SERVICE_PORT");
    folder_remove(&folder);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_plain_file_is_read),
        cmocka_unit_test(what_is_wrong_is_told_with_its_place),
        cmocka_unit_test(files_that_say_too_little_are_refused),
        cmocka_unit_test(several_files_are_merged_and_the_first_wins),
        cmocka_unit_test(certificates_and_plugins_are_read),
        cmocka_unit_test(a_pod_has_an_account),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
