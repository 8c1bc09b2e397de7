#include "tests/kube/fake_client.h"

#include "base/memory.h"
#include "kube/kube_transport.h"

struct kube_client {
    struct kube_config config;
    struct kube_transport *transport;
};

struct kube_client *fake_client_new(const char *url) {
    struct error error = {0};
    struct kube_client *client = memory_calloc(1, sizeof(*client));
    client->config = (struct kube_config){.server = url, .namespace = "default", .source = "the test"};
    if (!kube_transport_new(&client->config, "fleetgate/test", &client->transport, &error)) {
        abort();
    }
    return client;
}

struct kube_transport *kube_client_transport(struct kube_client *client) {
    return client->transport;
}

void kube_client_free(struct kube_client *client) {
    kube_transport_free(client->transport);
    free(client);
}
