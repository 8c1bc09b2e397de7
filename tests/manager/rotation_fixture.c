#include "tests/manager/rotation_fixture.h"

#include "base/base64.h"
#include "base/buffer.h"
#include "base/json_reader.h"
#include "base/memory.h"
#include "tests/support/expect.h"

#include <stdio.h>

enum { MOST_TEXT_BYTES = 1 << 20 };

static const char *const configuration_names[FAKE_CONFIGURATIONS] = {"fleetgate-validating",
                                                                     "fleetgate-mutating"};

struct fake_server *fake_server_new(void) {
    struct fake_server *server = memory_calloc(1, sizeof(*server));
    server->steady = 1000;
    for (size_t i = 0; i < ROTATION_TEXTS; i++) {
        server->data[i] = memory_strdup("");
    }
    for (size_t i = 0; i < FAKE_CONFIGURATIONS; i++) {
        server->configurations[i].version = ++server->versions;
        server->configurations[i].generation = 1;
    }
    return server;
}

void fake_server_free(struct fake_server *server) {
    if (!server) {
        return;
    }
    for (size_t i = 0; i < ROTATION_TEXTS; i++) {
        free(server->data[i]);
    }
    for (size_t i = 0; i < FAKE_CONFIGURATIONS * FAKE_WEBHOOKS; i++) {
        free(server->configurations[i / FAKE_WEBHOOKS].bundles[i % FAKE_WEBHOOKS]);
    }
    for (size_t i = 0; i < server->history_count; i++) {
        free(server->history[i].text);
    }
    free(server);
}

static struct document *parse(const char *json) {
    struct document *document = NULL;
    struct error error = {0};
    if (!json_read_copy(json, strlen(json), &document_default_limits, &document, &error)) {
        fail_msg("%s: %s", error.message, json);
    }
    return document;
}

static bool not_found(struct error *error) {
    return error_set(error, ERROR_NOT_FOUND, "not found");
}

static bool conflict(struct fake_server *server, struct error *error) {
    server->conflicts++;
    return error_set(error, ERROR_CONFLICT, "the object has been modified");
}

static struct fake_configuration *find_configuration(struct fake_server *server, const char *name) {
    for (size_t i = 0; i < FAKE_CONFIGURATIONS; i++) {
        if (strcmp(configuration_names[i], name) == 0 && !server->configurations[i].missing) {
            return &server->configurations[i];
        }
    }
    return NULL;
}

static bool is_secret(const struct kube_name *name) {
    return strcmp(name->resource->kind, "Secret") == 0;
}

static bool begin(struct fake_server *server, const char *verb, const struct kube_name *name,
                  struct error *error) {
    return !server->before || server->before(server->cookie, verb, name, error);
}

static bool end(struct fake_server *server, struct error *error) {
    return !server->after || server->after(server->cookie, error);
}

static void write_secret_json(const struct fake_server *server, struct buffer *json) {
    buffer_printf(json, "{\"metadata\":{\"name\":\"fleetgate-certs\",\"resourceVersion\":\"%u\"},\"data\":{",
                  server->secret_version);
    for (size_t i = 0; i < ROTATION_TEXTS; i++) {
        buffer_printf(json, "%s\"%s\":\"%s\"", i > 0 ? "," : "", rotation_content_name(i), server->data[i]);
    }
    buffer_append_text(json, "}}");
}

static void write_configuration_json(const struct fake_configuration *configuration, struct buffer *json) {
    buffer_printf(json,
                  "{\"metadata\":{\"uid\":\"u\",\"generation\":%u,\"resourceVersion\":\"%u\"},\"webhooks\":[",
                  configuration->generation, configuration->version);
    for (size_t i = 0; i < FAKE_WEBHOOKS; i++) {
        buffer_printf(json, "%s{\"name\":\"w%zu\",\"clientConfig\":{\"url\":\"https://gate\"",
                      i > 0 ? "," : "", i);
        if (configuration->bundles[i]) {
            buffer_printf(json, ",\"caBundle\":\"%s\"", configuration->bundles[i]);
        }
        buffer_append_text(json, "}}");
    }
    buffer_append_text(json, "]}");
}

static bool fake_read(void *cookie, const struct kube_name *name, struct document **ret_document,
                      struct error *error) {
    struct fake_server *server = cookie;
    if (!begin(server, "read", name, error)) {
        return false;
    }
    CLEANUP(buffer_clear) struct buffer json;
    buffer_init(&json, MOST_TEXT_BYTES);
    if (is_secret(name)) {
        if (!server->has_secret) {
            return not_found(error);
        }
        write_secret_json(server, &json);
    } else {
        const struct fake_configuration *configuration = find_configuration(server, name->name);
        if (!configuration) {
            return not_found(error);
        }
        write_configuration_json(configuration, &json);
    }
    *ret_document = parse(buffer_text(&json));
    return true;
}

static void set_data(struct fake_server *server, const struct node *data) {
    for (size_t i = 0; i < ROTATION_TEXTS; i++) {
        const char *value = node_string(node_get(data, rotation_content_name(i)));
        if (value) {
            free(server->data[i]);
            server->data[i] = memory_strdup(value);
        }
    }
    server->secret_version = ++server->versions;
    server->secret_writes++;
}

static bool fake_create(void *cookie, const struct kube_name *name, const char *body, struct error *error) {
    struct fake_server *server = cookie;
    if (!begin(server, "create", name, error)) {
        return false;
    }
    if (server->has_secret) {
        return conflict(server, error);
    }
    CLEANUP(document_free) struct document *document = parse(body);
    assert_string_equal(node_string(node_get(document_root(document), "type")), "Opaque");
    set_data(server, node_get(document_root(document), "data"));
    server->has_secret = true;
    return end(server, error);
}

static void remember(struct fake_server *server, size_t configuration, size_t webhook, bool foreign) {
    for (size_t i = 0; i < server->history_count; i++) {
        struct fake_version *version = &server->history[i];
        if (version->configuration == configuration && version->webhook == webhook &&
            version->until == INT64_MAX) {
            version->until = server->steady;
        }
    }
    assert_true(server->history_count < FAKE_HISTORY);
    server->history[server->history_count++] =
        (struct fake_version){.text = fake_server_bundle(server, configuration, webhook),
                              .from = server->steady,
                              .until = INT64_MAX,
                              .configuration = configuration,
                              .webhook = webhook,
                              .foreign = foreign};
}

static void set_bundle(struct fake_server *server, size_t configuration, size_t webhook, const char *base64,
                       bool foreign) {
    char **slot = &server->configurations[configuration].bundles[webhook];
    free(*slot);
    *slot = base64 && *base64 ? memory_strdup(base64) : NULL;
    remember(server, configuration, webhook, foreign);
}

static bool patch_configuration(struct fake_server *server, struct fake_configuration *configuration,
                                const struct node *operations, struct error *error) {
    char version[16];
    snprintf(version, sizeof(version), "%u", configuration->version);
    const struct node *precondition = node_item(operations, 0);
    assert_string_equal(node_string(node_get(precondition, "path")), "/metadata/resourceVersion");
    if (strcmp(node_string(node_get(precondition, "value")), version) != 0) {
        return conflict(server, error);
    }
    for (const struct node *operation = node_next(operations, precondition); operation;
         operation = node_next(operations, operation)) {
        size_t webhook;
        assert_int_equal(
            sscanf(node_string(node_get(operation, "path")), "/webhooks/%zu/clientConfig/caBundle", &webhook),
            1);
        assert_true(webhook < FAKE_WEBHOOKS);
        set_bundle(server, (size_t)(configuration - server->configurations), webhook,
                   node_string(node_get(operation, "value")), false);
    }
    configuration->version = ++server->versions;
    configuration->generation++;
    server->bundle_writes++;
    return true;
}

static bool patch_secret(struct fake_server *server, const struct node *body, struct error *error) {
    char version[16];
    snprintf(version, sizeof(version), "%u", server->secret_version);
    const char *wanted = node_string(node_get(node_get(body, "metadata"), "resourceVersion"));
    if (!server->has_secret) {
        return not_found(error);
    }
    if (strcmp(wanted, version) != 0) {
        return conflict(server, error);
    }
    set_data(server, node_get(body, "data"));
    return true;
}

static bool fake_patch(void *cookie, const struct kube_name *name, const struct kube_patch *patch,
                       struct error *error) {
    struct fake_server *server = cookie;
    if (!begin(server, "patch", name, error)) {
        return false;
    }
    CLEANUP(document_free) struct document *document = parse(patch->body);
    struct fake_configuration *configuration =
        is_secret(name) ? NULL : find_configuration(server, name->name);
    bool secret = is_secret(name);
    if (!secret && !configuration) {
        return not_found(error);
    }
    assert_int_equal(patch->type, !configuration ? KUBE_PATCH_MERGE : KUBE_PATCH_JSON);
    bool done = !configuration ? patch_secret(server, document_root(document), error)
                               : patch_configuration(server, configuration, document_root(document), error);
    return done && end(server, error);
}

struct rotation_store fake_server_store(struct fake_server *server) {
    static const struct rotation_store_methods methods = {
        .read = fake_read, .create = fake_create, .patch = fake_patch};
    return (struct rotation_store){.methods = &methods, .cookie = server};
}

// Caller owns.
static char *encode(const char *text) {
    struct buffer base64;
    buffer_init(&base64, SIZE_MAX - 1);
    base64_append(&base64, text, strlen(text));
    return buffer_take(&base64);
}

void fake_server_set_bundle(struct fake_server *server, size_t configuration, size_t webhook,
                            const char *text, bool foreign) {
    CLEANUP(free) char *base64 = text ? encode(text) : NULL;
    set_bundle(server, configuration, webhook, base64, foreign);
    server->configurations[configuration].version = ++server->versions;
    server->configurations[configuration].generation++;
}

void fake_server_set_secret(struct fake_server *server, size_t index, const char *text) {
    free(server->data[index]);
    server->data[index] = encode(text ? text : "");
    server->secret_version = ++server->versions;
}

void fake_server_delete_secret(struct fake_server *server) {
    server->has_secret = false;
    for (size_t i = 0; i < ROTATION_TEXTS; i++) {
        free(server->data[i]);
        server->data[i] = memory_strdup("");
    }
}

struct rotation_content fake_server_content(const struct fake_server *server) {
    struct rotation_content content = {0};
    for (size_t i = 0; i < ROTATION_TEXTS; i++) {
        if (*server->data[i] && !base64_decode_text(server->data[i], rotation_content_text(&content, i))) {
            fail_msg("%s is not base64", rotation_content_name(i));
        }
    }
    return content;
}

char *fake_server_bundle(const struct fake_server *server, size_t configuration, size_t webhook) {
    const char *base64 = server->configurations[configuration].bundles[webhook];
    char *text = NULL;
    if (!base64_decode_text(base64 ? base64 : "", &text)) {
        fail_msg("a bundle is not base64");
    }
    return text;
}

struct certificate_pair fake_authority(int64_t now, int64_t seconds) {
    const struct certificate_period period = {.now = now, .seconds = seconds};
    CLEANUP(certificate_authority_free) struct certificate_authority *authority = NULL;
    struct certificate_pair pair = {0};
    if (!certificate_authority_new_for(&period, &authority, NULL) ||
        !certificate_authority_export(authority, &pair, NULL)) {
        fail_msg("no authority");
    }
    return pair;
}
