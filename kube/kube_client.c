#include "kube/kube_client.h"

#include "base/memory.h"
#include "kube/kube_call.h"
#include "kube/kube_client_internal.h"
#include "kube/kube_request.h"

enum { DEFAULT_TIMEOUT_MS = 10 * 1000, DEFAULT_RETRIES = 4 };

bool kube_client_new(const struct kube_client_options *options, struct kube_client **ret_client,
                     struct error *error) {
    CLEANUP(kube_config_free) struct kube_config *config = options->config;
    struct kube_transport *transport = NULL;
    if (!kube_transport_new(config, options->user_agent, &transport, error)) {
        return false;
    }
    struct kube_client *client = memory_calloc(1, sizeof(*client));
    client->config = kube_config_free_take(&config);
    client->transport = transport;
    client->connections = kube_connections_new();
    client->timeout_ms = options->timeout_ms ? options->timeout_ms : DEFAULT_TIMEOUT_MS;
    client->retries = options->retries ? options->retries : DEFAULT_RETRIES;
    *ret_client = client;
    return true;
}

void kube_client_free(struct kube_client *client) {
    if (client) {
        kube_connections_free(client->connections);
        kube_transport_free(client->transport);
        kube_config_free(client->config);
        free(client);
    }
}

const struct kube_config *kube_client_config(const struct kube_client *client) {
    return client->config;
}

struct kube_transport *kube_client_transport(struct kube_client *client) {
    return client->transport;
}

static bool send_call(struct kube_client *client, const struct kube_call *call, uint64_t deadline_ns,
                      struct document **ret_document, struct error *error) {
    CLEANUP(kube_call_request_clear) struct kube_call_request prepared;
    if (!kube_call_prepare(call, &prepared, error)) {
        return false;
    }
    const struct kube_request request = {
        .exchange = prepared.exchange, .deadline_ns = deadline_ns, .repeatable = prepared.is_repeatable};
    return kube_request_object(client, &request, ret_document, error);
}

bool kube_read(struct kube_client *client, const struct kube_name *name, uint64_t deadline_ns,
               struct document **ret_document, struct error *error) {
    const struct kube_call call = {.verb = KUBE_VERB_READ, .name = *name};
    return send_call(client, &call, deadline_ns, ret_document, error);
}

bool kube_create(struct kube_client *client, const struct kube_name *name, const char *body,
                 uint64_t deadline_ns, struct document **ret_document, struct error *error) {
    const struct kube_call call = {.verb = KUBE_VERB_CREATE, .name = *name, .body = body};
    return send_call(client, &call, deadline_ns, ret_document, error);
}

bool kube_replace(struct kube_client *client, const struct kube_name *name, const char *body,
                  uint64_t deadline_ns, struct document **ret_document, struct error *error) {
    const struct kube_call call = {.verb = KUBE_VERB_REPLACE, .name = *name, .body = body};
    return send_call(client, &call, deadline_ns, ret_document, error);
}

bool kube_patch(struct kube_client *client, const struct kube_name *name, const struct kube_patch *patch,
                uint64_t deadline_ns, struct document **ret_document, struct error *error) {
    const struct kube_call call = {.verb = KUBE_VERB_PATCH, .name = *name, .patch = *patch};
    return send_call(client, &call, deadline_ns, ret_document, error);
}

bool kube_delete(struct kube_client *client, const struct kube_name *name, const char *uid,
                 uint64_t deadline_ns, struct error *error) {
    const struct kube_call call = {.verb = KUBE_VERB_DELETE, .name = *name, .uid = uid};
    return send_call(client, &call, deadline_ns, NULL, error);
}

bool kube_get_path(struct kube_client *client, const char *path, struct document **ret_document,
                   struct error *error) {
    const struct kube_request request = {.exchange = {.path = path, .accept = "application/json, */*"},
                                         .repeatable = true};
    return kube_request_object(client, &request, ret_document, error);
}
