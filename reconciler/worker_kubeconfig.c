// The steps about the Secret by which Flux, clusterctl and people reach the new cluster.
#include "base/memory.h"
#include "reconciler/worker.h"

#include <string.h>

enum { LOOK_AGAIN_PASSES = 30, MOST_KUBECONFIG_BYTES = 512 * 1024 };

static struct object_key secret_key(const struct worker *worker) {
    return (struct object_key){"", "Secret", worker->key.namespace,
                               arena_printf(worker->arena, "%s-kubeconfig", worker->key.name)};
}

static void looked(void *cookie, const struct store_answer *answer) {
    struct worker *worker = cookie;
    worker->kubeconfig_age = 0;
    worker->step = PASS_STATUS;
    if (answer->error.kind == ERROR_NONE) {
        worker->kubeconfig = KUBECONFIG_THERE;
    } else if (answer->error.kind == ERROR_NOT_FOUND) {
        worker->kubeconfig = KUBECONFIG_MISSING;
        worker->step = PASS_KUBECONFIG_FETCH;
    } else {
        worker_say(worker->waits, "Secret %s-kubeconfig: %s", worker->key.name, answer->error.message);
    }
    worker_run(worker);
}

bool worker_step_kubeconfig(struct worker *worker) {
    const struct cloud_cluster *cloud = worker->cloud;
    bool is_wanted = cloud && cloud->endpoint_host && !worker->record.deleting && worker->record.id &&
                     worker->uid && cloud->owner && strcmp(cloud->owner, worker->uid) == 0;
    worker->step = PASS_STATUS;
    if (!is_wanted ||
        (worker->kubeconfig == KUBECONFIG_THERE && worker->kubeconfig_age++ < LOOK_AGAIN_PASSES)) {
        return true;
    }
    struct object_key key = secret_key(worker);
    const struct object_store *store = &worker->reconciler->options.store;
    store->methods->read(store->cookie, &key, looked, worker);
    return false;
}

static void fetched(void *cookie, const struct provider_answer *answer) {
    struct worker *worker = cookie;
    worker->step = PASS_STATUS;
    if (answer->error.kind == ERROR_NONE) {
        free(worker->kubeconfig_text);
        worker->kubeconfig_text = memory_strdup(answer->kubeconfig);
        worker->step = PASS_KUBECONFIG_WRITE;
    } else {
        worker_say(worker->waits, "kubeconfig: %s", answer->error.message);
        worker->wait_ms = answer->retry_after_ms > 0 ? answer->retry_after_ms : worker->wait_ms;
    }
    worker_run(worker);
}

bool worker_step_kubeconfig_fetch(struct worker *worker) {
    const struct provider *provider = worker_provider(worker);
    worker->step = PASS_STATUS;
    if (!provider) {
        return true;
    }
    struct provider_target target = worker_target(worker);
    provider->methods->kubeconfig(provider->cookie, &target, fetched, worker);
    return false;
}

static void written(void *cookie, const struct store_answer *answer) {
    struct worker *worker = cookie;
    if (answer->error.kind == ERROR_NONE || answer->error.kind == ERROR_CONFLICT) {
        worker->kubeconfig = KUBECONFIG_THERE; // CONFLICT: it is there already
        worker->kubeconfig_age = 0;
    } else {
        worker_say(worker->waits, "Secret %s-kubeconfig: %s", worker->key.name, answer->error.message);
    }
    worker_run(worker);
}

bool worker_step_kubeconfig_write(struct worker *worker) {
    worker->step = PASS_STATUS;
    const struct stored_object *stored = worker_stored(worker);
    if (!stored) {
        return true;
    }
    CLEANUP(document_free) struct document *document = stored_object_read(stored);
    CLEANUP(buffer_clear) struct buffer secret;
    buffer_init(&secret, MOST_KUBECONFIG_BYTES);
    cluster_kubeconfig_secret(document_root(document), worker->kubeconfig_text, &secret);
    explicit_bzero(worker->kubeconfig_text, strlen(worker->kubeconfig_text));
    free(worker->kubeconfig_text);
    worker->kubeconfig_text = NULL;
    struct object_key key = secret_key(worker);
    const struct object_store *store = &worker->reconciler->options.store;
    store->methods->create(store->cookie, &key, buffer_text(&secret), written, worker);
    return false;
}
