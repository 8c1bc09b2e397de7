#include "kube/kube_exec_info.h"

#include "base/base64.h"
#include "base/memory.h"
#include "kube/kube_file.h"

#include <json-c/json.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

enum { MOST_INFO_BYTES = 4 * KUBE_LARGEST_FILE_BYTES };

static void add_text(struct json_object *object, const char *key, const char *text) {
    if (text) {
        json_object_object_add(object, key, json_object_new_string(text));
    }
}

static void add_authority(struct json_object *cluster, const struct kube_config *config) {
    CLEANUP(free) char *file = NULL;
    size_t length = config->ca_data ? strlen(config->ca_data) : 0;
    struct error ignored;
    if (config->ca_file && !kube_file_read(config->ca_file, &file, &length, &ignored)) {
        return; // the request itself will say so
    }
    const char *pem = config->ca_data ? config->ca_data : file;
    if (pem) {
        CLEANUP(buffer_clear) struct buffer text;
        buffer_init(&text, MOST_INFO_BYTES);
        base64_append(&text, pem, length);
        add_text(cluster, "certificate-authority-data", buffer_text(&text));
    }
}

static char *info_of(const struct kube_config *config) {
    struct json_object *info = json_object_new_object(), *spec = json_object_new_object();
    add_text(info, "kind", "ExecCredential");
    add_text(info, "apiVersion", config->exec.api_version);
    json_object_object_add(info, "spec", spec);
    json_object_object_add(spec, "interactive", json_object_new_boolean(0));
    if (config->exec.provides_cluster_info) {
        struct json_object *cluster = json_object_new_object();
        json_object_object_add(spec, "cluster", cluster);
        add_text(cluster, "server", config->server);
        add_text(cluster, "tls-server-name", config->tls_server_name);
        add_text(cluster, "proxy-url", config->proxy_url);
        if (config->insecure) {
            json_object_object_add(cluster, "insecure-skip-tls-verify", json_object_new_boolean(1));
        }
        add_authority(cluster, config);
    }
    CLEANUP(buffer_clear) struct buffer text;
    buffer_init(&text, MOST_INFO_BYTES);
    buffer_printf(
        &text, "KUBERNETES_EXEC_INFO=%s",
        json_object_to_json_string_ext(info, JSON_C_TO_STRING_PLAIN | JSON_C_TO_STRING_NOSLASHESCAPE));
    json_object_put(info);
    return buffer_take(&text);
}

static bool same_name(const char *a, const char *b) {
    size_t length = strcspn(a, "=");
    return strncmp(a, b, length) == 0 && b[length] == '=';
}

static void set_variable(char **environment, char *variable) {
    size_t i = 0;
    while (environment[i] && !same_name(variable, environment[i])) {
        i++;
    }
    free(environment[i]);
    environment[i] = variable;
}

char **kube_exec_environment(const struct kube_config *config) {
    size_t ours = 0, added = 0;
    while (environ[ours]) {
        ours++;
    }
    while (config->exec.environment && config->exec.environment[added]) {
        added++;
    }
    char **environment = memory_calloc(ours + added + 2, sizeof(*environment));
    for (size_t i = 0; i < ours; i++) {
        environment[i] = memory_strdup(environ[i]);
    }
    for (size_t i = 0; i < added; i++) {
        set_variable(environment, memory_strdup(config->exec.environment[i]));
    }
    set_variable(environment, info_of(config));
    return environment;
}

void kube_exec_environment_free(char **environment) {
    for (size_t i = 0; environment[i]; i++) {
        free(environment[i]);
    }
    free(environment);
}
