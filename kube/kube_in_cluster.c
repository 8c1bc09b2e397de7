#include "base/arena.h"
#include "kube/kube_config.h"
#include "kube/kube_file.h"

#include <string.h>
#include <unistd.h>

static const char default_root[] = "/var/run/secrets/kubernetes.io/serviceaccount";

static bool is_port(const char *text) {
    size_t length = strspn(text, "0123456789");
    return length > 0 && length <= 5 && text[length] == '\0';
}

// The pod's namespace, or "default" in a pod that was made without that file.
static const char *namespace_of(struct arena *arena, const char *root) {
    CLEANUP(free) char *text = NULL;
    size_t length = 0;
    struct error ignored;
    if (!kube_file_read(arena_printf(arena, "%s/namespace", root), &text, &length, &ignored)) {
        return "default";
    }
    length = strcspn(text, " \t\r\n");
    return length ? arena_copy_text(arena, text, length) : "default";
}

bool kube_config_in_cluster(const char *root, struct kube_config **ret_config, struct error *error) {
    const char *host = getenv("KUBERNETES_SERVICE_HOST"), *port = getenv("KUBERNETES_SERVICE_PORT");
    root = root ? root : default_root;
    if (!host || !*host || !port || !*port) {
        return error_set(error, ERROR_NOT_FOUND,
                         "this is no pod (KUBERNETES_SERVICE_HOST and _PORT are not set)");
    }
    if (!is_port(port)) {
        return error_set(error, ERROR_INVALID, "KUBERNETES_SERVICE_PORT=%s is no port", port);
    }
    struct arena *arena = arena_new();
    CLEANUP(kube_config_free) struct kube_config *config = arena_alloc(arena, sizeof(*config));
    config->arena = arena;
    config->source = "in-cluster";
    config->server = arena_printf(arena, strchr(host, ':') ? "https://[%s]:%s" : "https://%s:%s", host, port);
    config->token_file = arena_printf(arena, "%s/token", root);
    config->ca_file = arena_printf(arena, "%s/ca.crt", root);
    config->namespace = namespace_of(arena, root);
    const char *const files[] = {config->token_file, config->ca_file};
    for (size_t i = 0; i < sizeof(files) / sizeof(files[0]); i++) {
        if (access(files[i], R_OK) != 0) {
            return error_set(error, ERROR_NOT_FOUND,
                             "%s can't be read: does the pod have a service account "
                             "(automountServiceAccountToken)?",
                             files[i]);
        }
    }
    *ret_config = kube_config_free_take(&config);
    return true;
}
