#include "kube/kube_config_internal.h"

#include <string.h>

enum { MOST_ARGUMENTS = 256 };

static bool refuse(const struct kubeconfig_map *user, struct error *error) {
    static const struct {
        const char *key, *why;
    } refused[] = {
        {"username",
         "Kubernetes has no basic authentication since 1.19; use a token or a client certificate"},
        {"password",
         "Kubernetes has no basic authentication since 1.19; use a token or a client certificate"},
        {"auth-provider", "kubectl has no auth-provider since 1.26; use an exec plugin such as "
                          "gke-gcloud-auth-plugin or kubelogin"},
        {"as-groups", "only the user can be impersonated (as)"},
        {"as-uid", "only the user can be impersonated (as)"},
        {"as-user-extra", "only the user can be impersonated (as)"},
    };
    for (size_t i = 0; i < sizeof(refused) / sizeof(refused[0]); i++) {
        const struct node *member = node_get(user->node, refused[i].key);
        if (member && !node_is(member, NODE_NULL)) {
            return kubeconfig_error(user, member, error, "%s can't be used: %s", refused[i].key,
                                    refused[i].why);
        }
    }
    return true;
}

static bool list_of(const struct kubeconfig_map *exec, const char *key, const struct node **ret_list,
                    struct error *error) {
    const struct node *list = node_get(exec->node, key);
    if (node_is(list, NODE_NULL)) {
        list = NULL;
    }
    if (list && (!node_is(list, NODE_LIST) || list->length > MOST_ARGUMENTS)) {
        return kubeconfig_error(exec, list, error, "%s must be a list of at most %d", key, MOST_ARGUMENTS);
    }
    *ret_list = list;
    return true;
}

static bool read_arguments(struct kube_config *config, const struct kubeconfig_map *exec,
                           struct error *error) {
    const struct node *list = NULL;
    if (!list_of(exec, "args", &list, error)) {
        return false;
    }
    size_t count = 0;
    const char **arguments = arena_alloc(config->arena, ((list ? list->length : 0) + 1) * sizeof(*arguments));
    NODE_EACH(item, list) {
        if (!node_string(item)) {
            return kubeconfig_error(exec, item, error, "args must be texts, not a %s (put it in quotes)",
                                    node_type_name(item));
        }
        arguments[count++] = arena_strdup(config->arena, node_string(item));
    }
    config->exec.arguments = arguments;
    return true;
}

static bool read_environment(struct kube_config *config, const struct kubeconfig_map *exec,
                             struct error *error) {
    const struct node *list = NULL;
    if (!list_of(exec, "env", &list, error)) {
        return false;
    }
    size_t count = 0;
    const char **variables = arena_alloc(config->arena, ((list ? list->length : 0) + 1) * sizeof(*variables));
    NODE_EACH(item, list) {
        const char *name = node_string(node_get(item, "name"));
        const char *value = node_string(node_get(item, "value"));
        if (!name || !*name || strchr(name, '=') || !value) {
            return kubeconfig_error(exec, item, error,
                                    "env: an entry must have a name and a value, both texts");
        }
        variables[count++] = arena_printf(config->arena, "%s=%s", name, value);
    }
    config->exec.environment = variables;
    return true;
}

static bool check_exec(const struct kubeconfig_map *exec, const char *version, const char *mode,
                       struct error *error) {
    static const char v1[] = "client.authentication.k8s.io/v1";
    static const char v1beta1[] = "client.authentication.k8s.io/v1beta1";
    if (!version || (strcmp(version, v1) != 0 && strcmp(version, v1beta1) != 0)) {
        return kubeconfig_error(exec, node_get(exec->node, "apiVersion"), error,
                                "exec: apiVersion must be %s or %s", v1, v1beta1);
    }
    const struct node *at = node_get(exec->node, "interactiveMode");
    if (mode && strcmp(mode, "Always") == 0) {
        return kubeconfig_error(exec, at, error,
                                "exec: interactiveMode Always needs a terminal, which a server has not");
    }
    if (mode && strcmp(mode, "Never") != 0 && strcmp(mode, "IfAvailable") != 0) {
        return kubeconfig_error(exec, at, error, "exec: interactiveMode must be Never or IfAvailable");
    }
    return true;
}

static bool read_exec(struct kube_config *config, const struct kubeconfig_map *user, struct error *error) {
    struct kubeconfig_map exec = {user->file, node_get(user->node, "exec")};
    if (!exec.node || node_is(exec.node, NODE_NULL)) {
        return true;
    }
    if (!node_is(exec.node, NODE_MAP)) {
        return kubeconfig_error(user, exec.node, error, "exec must be a map");
    }
    const char *command = NULL, *version = NULL, *mode = NULL, *hint = NULL;
    if (!kubeconfig_text(&exec, "command", &command, error) ||
        !kubeconfig_text(&exec, "apiVersion", &version, error) ||
        !kubeconfig_text(&exec, "interactiveMode", &mode, error) ||
        !kubeconfig_text(&exec, "installHint", &hint, error) ||
        !kubeconfig_flag(&exec, "provideClusterInfo", &config->exec.provides_cluster_info, error) ||
        !check_exec(&exec, version, mode, error) || !read_arguments(config, &exec, error) ||
        !read_environment(config, &exec, error)) {
        return false;
    }
    if (!command) {
        return kubeconfig_error(&exec, NULL, error, "exec has no command");
    }
    if (config->token || config->token_file) {
        return kubeconfig_error(&exec, NULL, error, "exec and a token contradict each other; leave one out");
    }
    // A name without a slash is looked up in $PATH.
    config->exec.command = strchr(command, '/') ? kubeconfig_resolve(&exec, command, config->arena)
                                                : arena_strdup(config->arena, command);
    config->exec.api_version = arena_strdup(config->arena, version);
    config->exec.install_hint = arena_strdup(config->arena, hint);
    return true;
}

static bool check_header(const struct kubeconfig_map *user, const char *key, const char *text,
                         struct error *error) {
    for (const char *at = text; at && *at; at++) {
        if ((unsigned char)*at < ' ' || *at == 0x7f) {
            return kubeconfig_error(user, node_get(user->node, key), error,
                                    "%s must not hold control characters", key);
        }
    }
    return true;
}

bool kube_config_read_user(struct kube_config *config, const struct kubeconfig_map *user,
                           struct error *error) {
    struct arena *arena = config->arena;
    const char *token = NULL, *impersonate = NULL;
    if (!refuse(user, error) ||
        !kubeconfig_pem(user, "client-certificate-data", arena, &config->client_cert_data, error) ||
        !kubeconfig_pem(user, "client-key-data", arena, &config->client_key_data, error) ||
        !kubeconfig_path(user, "client-certificate", arena, &config->client_cert_file, error) ||
        !kubeconfig_path(user, "client-key", arena, &config->client_key_file, error) ||
        !kubeconfig_path(user, "tokenFile", arena, &config->token_file, error) ||
        !kubeconfig_text(user, "token", &token, error) || !kubeconfig_text(user, "as", &impersonate, error) ||
        !check_header(user, "token", token, error) || !check_header(user, "as", impersonate, error)) {
        return false;
    }
    config->client_cert_file = config->client_cert_data ? NULL : config->client_cert_file;
    config->client_key_file = config->client_key_data ? NULL : config->client_key_file;
    config->token = config->token_file ? NULL : arena_strdup(arena, token);
    config->impersonate = arena_strdup(arena, impersonate);
    bool certificate = config->client_cert_data || config->client_cert_file;
    if (certificate != (config->client_key_data || config->client_key_file)) {
        return kubeconfig_error(user, NULL, error,
                                "a client certificate needs its key (client-key or client-key-data), and the "
                                "key its certificate");
    }
    return read_exec(config, user, error);
}
