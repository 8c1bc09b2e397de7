#include "manager/rotation_objects.h"

#include "base/base64.h"
#include "base/memory.h"

#include <stdio.h>
#include <string.h>

// etcd takes objects of at most 1.5 MB.
enum { MOST_BODY_BYTES = 2 * 1024 * 1024 };

const struct kube_resource rotation_secrets = {
    .group = "", .version = "v1", .plural = "secrets", .kind = "Secret", .namespaced = true};
const struct kube_resource rotation_validating = {.group = "admissionregistration.k8s.io",
                                                  .version = "v1",
                                                  .plural = "validatingwebhookconfigurations",
                                                  .kind = "ValidatingWebhookConfiguration"};
const struct kube_resource rotation_mutating = {.group = "admissionregistration.k8s.io",
                                                .version = "v1",
                                                .plural = "mutatingwebhookconfigurations",
                                                .kind = "MutatingWebhookConfiguration"};

// Versions go back as they came, inside quotes.
static bool read_version(const struct node *object, char **ret_version, struct error *error) {
    const char *version = node_string(node_get(node_get(object, "metadata"), "resourceVersion"));
    if (!version || !*version || strpbrk(version, "\"\\")) {
        return error_set(error, ERROR_INVALID, "the object has no metadata.resourceVersion");
    }
    *ret_version = memory_strdup(version);
    return true;
}

// What can't be read is there all the same, and wrong.
static char *read_value(const struct node *value) {
    const char *base64 = node_string(value);
    char *text = NULL;
    if (!base64 || !*base64) {
        return NULL;
    }
    return base64_decode_text(base64, &text) ? text : memory_strdup("?");
}

bool rotation_secret_read(const struct node *object, struct rotation_content *ret_content, char **ret_version,
                          struct error *error) {
    char *version = NULL;
    if (!read_version(object, &version, error)) {
        return false;
    }
    struct rotation_content content = {0};
    const struct node *data = node_get(object, "data");
    for (size_t i = 0; i < ROTATION_TEXTS; i++) {
        *rotation_content_text(&content, i) = read_value(node_get(data, rotation_content_name(i)));
    }
    *ret_content = content;
    *ret_version = version;
    return true;
}

char *rotation_secret_write(const struct kube_name *name, const struct rotation_content *content,
                            const char *version) {
    struct buffer json;
    buffer_init(&json, MOST_BODY_BYTES);
    if (version) {
        buffer_printf(&json, "{\"metadata\":{\"resourceVersion\":\"%s\"},\"data\":{", version);
    } else {
        buffer_printf(&json,
                      "{\"apiVersion\":\"v1\",\"kind\":\"Secret\",\"type\":\"Opaque\",\"metadata\":{"
                      "\"name\":\"%s\",\"namespace\":\"%s\",\"labels\":{"
                      "\"app.kubernetes.io/managed-by\":\"fleetgate\"}},\"data\":{",
                      name->name, name->namespace);
    }
    struct rotation_content copy = *content;
    for (size_t i = 0; i < ROTATION_TEXTS; i++) {
        // Empty rather than removed: a Secret of type kubernetes.io/tls must keep its keys.
        const char *text = *rotation_content_text(&copy, i);
        buffer_printf(&json, "%s\"%s\":\"", i > 0 ? "," : "", rotation_content_name(i));
        base64_append(&json, text ? text : "", text ? strlen(text) : 0);
        buffer_append_char(&json, '"');
    }
    buffer_append_text(&json, "}}");
    return buffer_take(&json);
}

void rotation_webhooks_clear(struct rotation_webhooks *webhooks) {
    for (size_t i = 0; i < webhooks->count; i++) {
        free(webhooks->bundles[i]);
    }
    free(webhooks->version);
    free(webhooks->generation);
    *webhooks = (struct rotation_webhooks){0};
}

// An object that was deleted and made again begins with generation 1, so its uid counts too.
static char *read_generation(const struct node *object, const char *version) {
    const struct node *metadata = node_get(object, "metadata");
    const char *uid = node_string(node_get(metadata, "uid"));
    int64_t generation;
    if (!uid || !node_integer(node_get(metadata, "generation"), &generation)) {
        return memory_strdup(version);
    }
    char text[128];
    snprintf(text, sizeof(text), "%.64s/%lld", uid, (long long)generation);
    return memory_strdup(text);
}

static bool read_bundles(const struct node *object, struct rotation_webhooks *webhooks, struct error *error) {
    const struct node *list = node_get(object, "webhooks");
    NODE_EACH(webhook, list) {
        if (webhooks->count == ROTATION_MOST_WEBHOOKS) {
            return error_set(error, ERROR_LIMIT, "more than %d webhooks", ROTATION_MOST_WEBHOOKS);
        }
        char *bundle = read_value(node_get(node_get(webhook, "clientConfig"), "caBundle"));
        webhooks->bundles[webhooks->count++] = bundle ? bundle : memory_strdup("");
    }
    return true;
}

bool rotation_webhooks_read(const struct node *object, struct rotation_webhooks *ret_webhooks,
                            struct error *error) {
    struct rotation_webhooks webhooks = {0};
    if (!read_version(object, &webhooks.version, error)) {
        return false;
    }
    webhooks.generation = read_generation(object, webhooks.version);
    if (!read_bundles(object, &webhooks, error)) {
        rotation_webhooks_clear(&webhooks);
        return false;
    }
    *ret_webhooks = webhooks;
    return true;
}

char *rotation_webhooks_write(const struct rotation_webhooks *webhooks, char *const *wanted) {
    struct buffer json;
    buffer_init(&json, MOST_BODY_BYTES);
    // A version that is replaced by itself is a precondition, and a CONFLICT when it does not hold.
    buffer_printf(&json, "[{\"op\":\"replace\",\"path\":\"/metadata/resourceVersion\",\"value\":\"%s\"}",
                  webhooks->version);
    for (size_t i = 0; i < webhooks->count; i++) {
        if (wanted[i]) {
            buffer_printf(
                &json, ",{\"op\":\"add\",\"path\":\"/webhooks/%zu/clientConfig/caBundle\",\"value\":\"", i);
            base64_append(&json, wanted[i], strlen(wanted[i]));
            buffer_append_text(&json, "\"}");
        }
    }
    buffer_append_char(&json, ']');
    return buffer_take(&json);
}
