#include "webhook/reload.h"

#include "base/log.h"
#include "base/memory.h"
#include "webhook/file_watch.h"

#include <pthread.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

struct reload {
    struct reload_options options;
    struct webhook *webhook;
    struct webhook_server *server;
    struct file_watch policies;
    struct file_watch certificates;
    struct file_watch keys;
    pthread_mutex_t lock;    // of what is below
    char *certificate, *key; // PEM that was handed in; NULL: none yet
};

struct reload *reload_new(const struct reload_options *options) {
    struct reload *reload = memory_calloc(1, sizeof(*reload));
    reload->options = *options;
    pthread_mutex_init(&reload->lock, NULL);
    reload->policies.paths[0] = options->policy_paths[0];
    reload->policies.paths[1] = options->policy_paths[1];
    reload->certificates.paths[0] = options->tls.certificate;
    reload->certificates.paths[1] = options->tls.key;
    reload->certificates.paths[2] = options->tls.client_authorities;
    reload->keys.paths[0] = options->attestation_keys;
    file_watch_mark(&reload->policies);
    file_watch_mark(&reload->certificates);
    file_watch_mark(&reload->keys);
    return reload;
}

void reload_into(struct reload *reload, struct webhook *webhook, struct webhook_server *server) {
    reload->webhook = webhook;
    reload->server = server;
}

static void set_secret(char **slot, const char *text) {
    if (*slot) {
        explicit_bzero(*slot, strlen(*slot));
        free(*slot);
    }
    *slot = text ? memory_strdup(text) : NULL;
}

void reload_free(struct reload *reload) {
    if (reload) {
        set_secret(&reload->certificate, NULL);
        set_secret(&reload->key, NULL);
        pthread_mutex_destroy(&reload->lock);
        free(reload);
    }
}

static void load_policies(struct reload *reload) {
    const struct reload_options *options = &reload->options;
    struct policy_set *set = NULL;
    struct error error;
    bool loaded = options->load_policies(options->data, &set, &error);
    gate_metrics_reload(options->metrics, "policies", loaded);
    if (!loaded) {
        readiness_policies_failed(options->readiness, error.message);
        log_write(LOG_ERROR, "policies not loaded, those in force stay", "error", error.message, NULL);
        return;
    }
    size_t count = policy_set_count(set);
    char text[24];
    snprintf(text, sizeof(text), "%zu", count);
    readiness_policies_loaded(options->readiness, count);
    gate_metrics_policies(options->metrics, count);
    gate_metrics_bundle(options->metrics, policy_set_revision(set), policy_set_digest(set));
    log_write(LOG_INFO, "policies loaded", "count", text, "digest", policy_set_digest(set), "revision",
              *policy_set_revision(set) ? policy_set_revision(set) : NULL, NULL);
    webhook_swap_policies(reload->webhook, set);
}

static bool check_usable(struct tls_credentials *credentials, const char *name, struct error *error) {
    return tls_credentials_not_after(credentials) > time(NULL) ||
           error_set(error, ERROR_INVALID, "%s: the certificate has expired", name);
}

static bool load_usable(const struct tls_files *files, struct tls_credentials **ret_credentials,
                        struct error *error) {
    CLEANUP(tls_credentials_unref) struct tls_credentials *credentials = NULL;
    if (!tls_credentials_load(files, &credentials, error) ||
        !check_usable(credentials, files->certificate, error)) {
        return false;
    }
    *ret_credentials = tls_credentials_unref_take(&credentials);
    return true;
}

// Takes ownership of credentials; NULL: the load failed with error.
static bool use_certificate(struct reload *reload, struct tls_credentials *credentials, const char *from,
                            const struct error *error) {
    const struct reload_options *options = &reload->options;
    gate_metrics_reload(options->metrics, "certificates", credentials != NULL);
    if (!credentials) {
        readiness_certificate_failed(options->readiness, error->message);
        log_write(LOG_ERROR, "certificate not loaded, the one in force stays", "error", error->message, NULL);
        return false;
    }
    readiness_certificate_loaded(options->readiness, tls_credentials_not_before(credentials),
                                 tls_credentials_not_after(credentials));
    gate_metrics_certificate(options->metrics, tls_credentials_not_after(credentials));
    webhook_server_swap_credentials(reload->server, credentials);
    log_write(LOG_INFO, "certificate loaded", "file", from, NULL);
    return true;
}

// The lock is held, so that of two certificates the later one stays.
static bool use_texts(struct reload *reload, const char *certificate, const char *key, struct error *error) {
    const struct tls_texts texts = {.certificate = certificate,
                                    .key = key,
                                    .client_authorities = reload->options.tls.client_authorities,
                                    .name = "the certificate that was handed in"};
    CLEANUP(tls_credentials_unref) struct tls_credentials *credentials = NULL;
    bool usable = tls_credentials_load_texts(&texts, &credentials, error) &&
                  check_usable(credentials, texts.name, error);
    return use_certificate(reload, usable ? tls_credentials_unref_take(&credentials) : NULL, NULL, error);
}

bool reload_certificate(struct reload *reload, const char *certificate, const char *key,
                        struct error *error) {
    pthread_mutex_lock(&reload->lock);
    bool used = use_texts(reload, certificate, key, error);
    if (used) {
        set_secret(&reload->certificate, certificate);
        set_secret(&reload->key, key);
    }
    pthread_mutex_unlock(&reload->lock);
    return used;
}

static void load_certificates(struct reload *reload) {
    const char *file = reload->options.tls.certificate;
    struct tls_credentials *credentials = NULL;
    struct error error = {0};
    if (file) {
        bool loaded = load_usable(&reload->options.tls, &credentials, &error);
        (void)use_certificate(reload, loaded ? credentials : NULL, file, &error);
        return;
    }
    pthread_mutex_lock(&reload->lock);
    if (reload->certificate) {
        (void)use_texts(reload, reload->certificate, reload->key, &error);
    }
    pthread_mutex_unlock(&reload->lock);
}

bool reload_keys(struct reload *reload, struct error *error) {
    const struct reload_options *options = &reload->options;
    struct key_ring *keys = NULL;
    if (!options->attestation_keys) {
        return true;
    }
    bool loaded = key_ring_load(options->attestation_keys, &keys, error);
    gate_metrics_reload(options->metrics, "attestation-keys", loaded);
    if (!loaded) {
        return false;
    }
    readiness_keys_loaded(options->readiness, keys);
    log_write(LOG_INFO, "attestation keys loaded", "file", options->attestation_keys, "signs",
              key_ring_id(keys, 0), NULL);
    webhook_swap_keys(reload->webhook, keys);
    return true;
}

static void load_keys(struct reload *reload) {
    struct error error = {0};
    if (!reload_keys(reload, &error)) {
        readiness_keys_failed(reload->options.readiness, error.message);
        log_write(LOG_ERROR, "attestation keys not loaded, those in force stay", "error", error.message,
                  NULL);
    }
}

void reload_now(struct reload *reload) {
    file_watch_mark(&reload->policies);
    file_watch_mark(&reload->certificates);
    file_watch_mark(&reload->keys);
    load_policies(reload);
    load_certificates(reload);
    load_keys(reload);
}

void reload_poll(struct reload *reload) {
    if (file_watch_look(&reload->policies)) {
        load_policies(reload);
    }
    if (file_watch_look(&reload->certificates)) {
        load_certificates(reload);
    }
    if (file_watch_look(&reload->keys)) {
        load_keys(reload);
    }
}
