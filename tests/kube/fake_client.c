#include "tests/kube/fake_client.h"

#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

struct kube_client *fake_client_new(const char *url) {
    char path[] = "/tmp/fleetgate-kube-XXXXXX";
    struct error error = {0};
    struct kube_client_options options = {.user_agent = "fleetgate/test"};
    struct kube_client *client = NULL;
    int file = mkstemp(path);
    dprintf(file,
            "apiVersion: v1\nkind: Config\ncurrent-context: c\ncontexts: [{name: c, context: {cluster: c}}]\n"
            "clusters: [{name: c, cluster: {server: \"%s\"}}]\n",
            url);
    close(file);
    if (!kube_config_load(path, NULL, &options.config, &error) ||
        !kube_client_new(&options, &client, &error)) {
        fprintf(stderr, "%s\n", error.message);
        abort();
    }
    unlink(path);
    return client;
}
