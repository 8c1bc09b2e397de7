#include "cli/serve_fleet.h"

#include "base/log.h"
#include "base/memory.h"
#include "cli/serve_reconciler.h"

#include <pthread.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

enum { LONGEST_NAME = 256, DNS_NAMES = 4, NANOSECONDS = 1000000000 };

struct serve_fleet {
    char identity[LONGEST_NAME], namespace[LONGEST_NAME];
    char names[DNS_NAMES][2 * LONGEST_NAME];
    const char *dns[DNS_NAMES];
    pthread_mutex_t lock; // of what follows
    struct gate *gate;    // NULL: not there yet, or about to go
    char *certificate, *key;
    struct manager *manager;
    struct serve_reconciler *reconciler; // NULL: nothing is carried out here
};

static void wipe(char **text) {
    if (*text) {
        explicit_bzero(*text, strlen(*text));
    }
    free(*text);
    *text = NULL;
}

void serve_fleet_free(struct serve_fleet *fleet) {
    if (fleet) {
        serve_reconciler_stop(fleet->reconciler);
        manager_free(fleet->manager);
        serve_reconciler_free(fleet->reconciler);
        wipe(&fleet->certificate);
        wipe(&fleet->key);
        pthread_mutex_destroy(&fleet->lock);
        free(fleet);
    }
}

static void hand_over(struct serve_fleet *fleet) {
    struct error error;
    if (fleet->gate && fleet->certificate &&
        !gate_swap_certificate(fleet->gate, fleet->certificate, fleet->key, &error)) {
        log_write(LOG_ERROR, "the new certificate can't be served", "why", error.message, NULL);
    }
}

static void deliver(void *cookie, const char *certificate, const char *key, int64_t not_before,
                    int64_t not_after) {
    (void)not_before, (void)not_after;
    struct serve_fleet *fleet = cookie;
    pthread_mutex_lock(&fleet->lock);
    wipe(&fleet->certificate);
    wipe(&fleet->key);
    fleet->certificate = memory_strdup(certificate);
    fleet->key = memory_strdup(key);
    hand_over(fleet);
    pthread_mutex_unlock(&fleet->lock);
}

static void tell_authority(void *cookie, int64_t not_after) {
    struct serve_fleet *fleet = cookie;
    pthread_mutex_lock(&fleet->lock);
    if (fleet->gate) {
        gate_set_authority_expiry(fleet->gate, not_after);
    }
    pthread_mutex_unlock(&fleet->lock);
}

void serve_fleet_attach(struct serve_fleet *fleet, struct gate *gate) {
    if (fleet) {
        pthread_mutex_lock(&fleet->lock);
        fleet->gate = gate;
        hand_over(fleet);
        pthread_mutex_unlock(&fleet->lock);
    }
}

static struct policy_set *policies_in_force(void *cookie) {
    struct serve_fleet *fleet = cookie;
    pthread_mutex_lock(&fleet->lock);
    struct policy_set *set = fleet->gate ? gate_policies_in_force(fleet->gate) : NULL;
    pthread_mutex_unlock(&fleet->lock);
    return set;
}

static struct key_ring *keys_in_force(void *cookie) {
    struct serve_fleet *fleet = cookie;
    pthread_mutex_lock(&fleet->lock);
    struct key_ring *keys = fleet->gate ? gate_keys_in_force(fleet->gate) : NULL;
    pthread_mutex_unlock(&fleet->lock);
    return keys;
}

static void write_metrics(void *cookie, struct buffer *ret_text) {
    struct serve_fleet *fleet = cookie;
    manager_write_metrics(fleet->manager, ret_text);
    if (fleet->reconciler) {
        serve_reconciler_write_metrics(fleet->reconciler, ret_text);
    }
}

static bool check_ready(void *cookie, struct buffer *ret_text) {
    struct serve_fleet *fleet = cookie;
    return manager_check_ready(fleet->manager, ret_text);
}

bool serve_fleet_use_policies(struct serve_fleet *fleet, const struct policy_set *set, struct error *error) {
    return !fleet || manager_use_policies(fleet->manager, set, error);
}

// The pod's namespace where there is one, else the context's.
static void choose_names(struct serve_fleet *fleet, const struct fleet_options *options,
                         const struct kube_config *config) {
    const char *namespace = options->namespace ? options->namespace : config->namespace;
    snprintf(fleet->namespace, sizeof(fleet->namespace), "%s", namespace);
    if (options->identity) {
        snprintf(fleet->identity, sizeof(fleet->identity), "%s", options->identity);
    } else if (gethostname(fleet->identity, sizeof(fleet->identity)) != 0) {
        snprintf(fleet->identity, sizeof(fleet->identity), "fleetgate-%d", (int)getpid());
    }
    fleet->identity[sizeof(fleet->identity) - 1] = '\0';
    static const char *const endings[DNS_NAMES] = {"", ".%s", ".%s.svc", ".%s.svc.cluster.local"};
    const char *service = options->service ? options->service : "fleetgate";
    for (size_t i = 0; i < DNS_NAMES; i++) {
        int length = snprintf(fleet->names[i], sizeof(fleet->names[i]), "%.255s", service);
        if (i > 0) {
            snprintf(fleet->names[i] + length, sizeof(fleet->names[i]) - (size_t)length, ".%s%s",
                     fleet->namespace, endings[i] + strlen(".%s"));
        }
        fleet->dns[i] = fleet->names[i];
    }
}

static struct manager_certificates make_certificates(struct serve_fleet *fleet,
                                                     const struct fleet_options *options) {
    static const char *const loopback[] = {"127.0.0.1", "::1"};
    const char *configuration = options->webhook_configuration;
    return (struct manager_certificates){
        .rotates = options->rotates,
        .secret = options->cert_secret ? options->cert_secret : "fleetgate-certs",
        .configuration = configuration ? configuration : "fleetgate",
        .settings = {.names = {.dns = fleet->dns,
                               .dns_count = DNS_NAMES,
                               .addresses = loopback,
                               .address_count = sizeof(loopback) / sizeof(loopback[0])},
                     .authority_seconds = (int64_t)(options->ca_lifetime_ns / NANOSECONDS),
                     .certificate_seconds = (int64_t)(options->cert_lifetime_ns / NANOSECONDS),
                     .grace_seconds = (int64_t)(options->cert_grace_ns / NANOSECONDS)},
        .deliver = deliver,
        .tell_authority = tell_authority,
        .cookie = fleet,
    };
}

static void make_reconciler(struct serve_fleet *fleet, const struct reconcile_options *options) {
    if (options->reconciles) {
        fleet->reconciler = serve_reconciler_new(&(struct serve_reconciler_options){
            .options = options,
            .identity = fleet->identity,
            .policies = policies_in_force,
            .keys = keys_in_force,
            .cookie = fleet,
        });
    }
}

bool serve_fleet_start(const struct fleet_options *options, struct gate_options *gate_options,
                       struct serve_fleet **ret_fleet, struct error *error) {
    CLEANUP(kube_config_free) struct kube_config *config = NULL;
    if (!cluster_options_load(&options->cluster, &config, error)) {
        return false;
    }
    CLEANUP(serve_fleet_free) struct serve_fleet *fleet = memory_calloc(1, sizeof(*fleet));
    pthread_mutex_init(&fleet->lock, NULL);
    choose_names(fleet, options, config);
    log_write(LOG_INFO, "working for a management cluster", "server", config->server, "from", config->source,
              "namespace", fleet->namespace, "identity", fleet->identity, NULL);
    make_reconciler(fleet, &options->reconcile);
    struct fleet_listener listener = {0};
    if (fleet->reconciler) {
        listener = serve_reconciler_listener(fleet->reconciler);
    }
    const struct manager_options manager_options = {
        .config = kube_config_free_take(&config),
        .version = gate_options->version,
        .namespace = fleet->namespace,
        .identity = fleet->identity,
        .shares = true,
        .certificates = make_certificates(fleet, options),
        .audit_interval_ns = options->audit_interval_ns,
        .reports = options->reports,
        .policies = policies_in_force,
        .cookie = fleet,
        .listener = fleet->reconciler ? &listener : NULL,
    };
    if (!manager_start(&manager_options, &fleet->manager, error) ||
        (fleet->reconciler && !serve_reconciler_start(fleet->reconciler, fleet->manager, error))) {
        return false;
    }
    gate_options->companion = (struct gate_companion){.fleet = manager_fleet(fleet->manager),
                                                      .write_metrics = write_metrics,
                                                      .check_ready = check_ready,
                                                      .cookie = fleet};
    *ret_fleet = serve_fleet_free_take(&fleet);
    return true;
}
