#include "kube/kube_config.h"

#include "base/buffer.h"
#include "base/memory.h"
#include "kube/kube_config_internal.h"
#include "kube/kube_server.h"

#include <assert.h>
#include <string.h>

enum { MOST_NAMES_BYTES = 200, MOST_PATHS_BYTES = 64 * 1024 };

void kube_config_free(struct kube_config *config) {
    if (config) {
        arena_free(config->arena); // which holds config too
    }
}

static struct kube_config *config_new(void) {
    struct arena *arena = arena_new();
    struct kube_config *config = arena_alloc(arena, sizeof(*config));
    config->arena = arena;
    config->namespace = "default";
    return config;
}

static bool check_proxy(const struct kubeconfig_map *cluster, const char *proxy, struct error *error) {
    static const char *const schemes[] = {"http://", "https://", "socks5://"};
    for (size_t i = 0; proxy && i < sizeof(schemes) / sizeof(schemes[0]); i++) {
        if (strncmp(proxy, schemes[i], strlen(schemes[i])) == 0) {
            return true;
        }
    }
    return !proxy || kubeconfig_error(cluster, node_get(cluster->node, "proxy-url"), error,
                                      "proxy-url must begin with http://, https:// or socks5://");
}

static bool read_server(struct kube_config *config, const struct kubeconfig_map *cluster,
                        struct error *error) {
    CLEANUP(kube_server_clear) struct kube_server server = {0};
    const char *text = NULL;
    struct error problem;
    if (!kubeconfig_text(cluster, "server", &text, error)) {
        return false;
    }
    if (!text) {
        return kubeconfig_error(cluster, NULL, error, "the cluster has no server");
    }
    if (!kube_server_parse(text, &server, &problem)) {
        return kubeconfig_error(cluster, node_get(cluster->node, "server"), error, "%s", problem.message);
    }
    size_t length = strlen(text);
    while (text[length - 1] == '/') {
        length--;
    }
    config->server = arena_copy_text(config->arena, text, length);
    return true;
}

static bool read_cluster(struct kube_config *config, const struct kubeconfig_map *cluster,
                         struct error *error) {
    struct arena *arena = config->arena;
    const char *name = NULL, *proxy = NULL;
    if (!read_server(config, cluster, error) ||
        !kubeconfig_pem(cluster, "certificate-authority-data", arena, &config->ca_data, error) ||
        !kubeconfig_path(cluster, "certificate-authority", arena, &config->ca_file, error) ||
        !kubeconfig_flag(cluster, "insecure-skip-tls-verify", &config->insecure, error) ||
        !kubeconfig_text(cluster, "tls-server-name", &name, error) ||
        !kubeconfig_text(cluster, "proxy-url", &proxy, error) || !check_proxy(cluster, proxy, error)) {
        return false;
    }
    config->ca_file = config->ca_data ? NULL : config->ca_file;
    config->tls_server_name = arena_strdup(arena, name);
    config->proxy_url = arena_strdup(arena, proxy);
    if (config->insecure && (config->ca_file || config->ca_data)) {
        return kubeconfig_error(cluster, node_get(cluster->node, "insecure-skip-tls-verify"), error,
                                "insecure-skip-tls-verify and a certificate authority contradict each other");
    }
    return true;
}

// The names that could have been meant, for the error.
static const char *names_of(const struct kubeconfig_files *files, struct buffer *names) {
    buffer_init(names, MOST_NAMES_BYTES);
    for (size_t i = 0; i < files->count; i++) {
        NODE_EACH(entry, node_get(document_root(files->items[i].document), "contexts")) {
            const char *name = node_string(node_get(entry, "name"));
            if (name) {
                buffer_printf(names, "%s%s", names->length ? ", " : "", name);
            }
        }
    }
    return names->length ? buffer_text(names) : "none";
}

static bool find_context(const struct kubeconfig_files *files, const char *wanted, const char **ret_name,
                         struct kubeconfig_map *ret_context, struct error *error) {
    CLEANUP(buffer_clear) struct buffer names;
    buffer_init(&names, 0);
    const char *name = wanted;
    const char *path = files->items[0].path;
    if (!name && !kubeconfig_current_context(files, &name, error)) {
        return false;
    }
    if (!name) {
        return error_set(error, ERROR_INVALID,
                         "%s:1:1: has no current-context; name a context (there are: %s)", path,
                         names_of(files, &names));
    }
    struct kubeconfig_map context = {0};
    if (!kubeconfig_find(files, "contexts", "context", name, &context, error)) {
        return false;
    }
    if (!context.file) {
        return error_set(error, ERROR_INVALID, "%s:1:1: has no context \"%s\" (there are: %s)", path, name,
                         names_of(files, &names));
    }
    *ret_name = name;
    *ret_context = context;
    return true;
}

// The entry that the context names under key; nothing when it names none.
static bool follow(const struct kubeconfig_files *files, const struct kubeconfig_map *context,
                   const char *key, struct kubeconfig_map *ret_map, struct error *error) {
    const char *name = NULL;
    bool user = strcmp(key, "user") == 0;
    if (!kubeconfig_text(context, key, &name, error)) {
        return false;
    }
    if (name && !kubeconfig_find(files, user ? "users" : "clusters", key, name, ret_map, error)) {
        return false;
    }
    if (name && !ret_map->file) {
        return kubeconfig_error(context, node_get(context->node, key), error, "there is no %s \"%s\"", key,
                                name);
    }
    return true;
}

static bool config_from(const struct kubeconfig_files *files, const char *context_name,
                        struct kube_config **ret_config, struct error *error) {
    struct kubeconfig_map context = {0}, cluster = {0}, user = {0};
    const char *name = NULL, *namespace = NULL;
    if (!find_context(files, context_name, &name, &context, error) ||
        !follow(files, &context, "cluster", &cluster, error) ||
        !follow(files, &context, "user", &user, error) ||
        !kubeconfig_text(&context, "namespace", &namespace, error)) {
        return false;
    }
    assert(context.file);
    if (!cluster.file) {
        return kubeconfig_error(&context, NULL, error, "context \"%s\" names no cluster", name);
    }
    CLEANUP(kube_config_free) struct kube_config *config = config_new();
    config->source = arena_printf(config->arena, "%s, context %s", context.file->path, name);
    if (namespace) {
        config->namespace = arena_strdup(config->arena, namespace);
    }
    if (!read_cluster(config, &cluster, error) ||
        (user.file && !kube_config_read_user(config, &user, error))) {
        return false;
    }
    *ret_config = kube_config_free_take(&config);
    return true;
}

// $KUBECONFIG: those of its files that are there.
static bool add_listed(struct kubeconfig_files *files, const char *paths, struct error *error) {
    CLEANUP(free) char *copy = memory_strdup(paths);
    char *rest = copy;
    for (char *path; (path = strsep(&rest, ":"));) {
        if (*path && !kubeconfig_files_add(files, path, error) && error->kind != ERROR_NOT_FOUND) {
            return false;
        }
    }
    return files->count > 0
               ? true
               : error_set(error, ERROR_NOT_FOUND, "none of the files in $KUBECONFIG (%s) is there", paths);
}

static bool load_default(struct kubeconfig_files *files, bool *ret_in_cluster, struct error *error) {
    const char *listed = getenv("KUBECONFIG"), *home = getenv("HOME");
    if (listed && *listed) {
        return add_listed(files, listed, error);
    }
    CLEANUP(buffer_clear) struct buffer path;
    buffer_init(&path, MOST_PATHS_BYTES);
    buffer_printf(&path, "%s/.kube/config", home ? home : "");
    if (home && *home && kubeconfig_files_add(files, buffer_text(&path), error)) {
        return true;
    }
    *ret_in_cluster = !home || !*home || error->kind == ERROR_NOT_FOUND;
    return *ret_in_cluster;
}

bool kube_config_load(const char *path, const char *context, struct kube_config **ret_config,
                      struct error *error) {
    CLEANUP(kubeconfig_files_clear) struct kubeconfig_files files = {0};
    struct error problem = {0}; // whose kind decides: the caller's error may be NULL
    bool in_cluster = false;
    bool loaded =
        path ? kubeconfig_files_add(&files, path, &problem) : load_default(&files, &in_cluster, &problem);
    if (!loaded) {
        return error_set(error, problem.kind, "%s", problem.message);
    }
    if (!in_cluster) {
        return config_from(&files, context, ret_config, error);
    }
    if (kube_config_in_cluster(NULL, ret_config, &problem)) {
        return true;
    }
    return error_set(error, problem.kind,
                     "no kubeconfig: $KUBECONFIG is not set, ~/.kube/config is not there, and %s",
                     problem.message);
}
