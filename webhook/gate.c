#include "webhook/gate.h"

#include "base/clock.h"
#include "base/log.h"
#include "base/memory.h"
#include "webhook/listen_socket.h"
#include "webhook/ops_server.h"

#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

// In the order in which they are made; the reverse is the order in which they go.
struct gate {
    struct gate_options options;
    struct gate_metrics *metrics;
    struct readiness *readiness;
    struct reload *reload;
    struct decision_recorder *recorder;
    struct webhook *webhook;
    struct webhook_server *https;
    struct ops_server *ops;
    uint16_t port, ops_port;
};

void gate_free(struct gate *gate) {
    if (!gate) {
        return;
    }
    ops_server_free(gate->ops);
    webhook_server_free(gate->https);
    webhook_free(gate->webhook);
    decision_recorder_close(gate->recorder);
    reload_free(gate->reload);
    readiness_free(gate->readiness);
    gate_metrics_free(gate->metrics);
    free(gate);
}

static bool start_webhook(struct gate *gate, struct error *error) {
    struct policy_set *set = NULL;
    if (!gate->options.load_policies(gate->options.data, &set, error)) {
        return false;
    }
    size_t count = policy_set_count(set);
    gate_metrics_bundle(gate->metrics, policy_set_revision(set), policy_set_digest(set));
    log_write(LOG_INFO, "policies in force", "digest", policy_set_digest(set), "revision",
              *policy_set_revision(set) ? policy_set_revision(set) : NULL, NULL);
    gate->webhook = webhook_new(set, gate->options.timeout_ns, gate->metrics);
    webhook_use_fleet(gate->webhook, &gate->options.companion.fleet);
    webhook_record_into(gate->webhook, gate->recorder);
    readiness_policies_loaded(gate->readiness, count);
    gate_metrics_policies(gate->metrics, count);
    gate_metrics_reload(gate->metrics, "policies", true);
    // Before the first review is answered: what is not attested may be held for long.
    reload_into(gate->reload, gate->webhook, NULL);
    return reload_keys(gate->reload, error);
}

static bool load_certificate(struct gate *gate, struct tls_credentials **ret_credentials,
                             struct error *error) {
    struct tls_credentials *credentials = NULL;
    if (!gate->options.tls.certificate) {
        return true;
    }
    if (!tls_credentials_load(&gate->options.tls, &credentials, error)) {
        return false;
    }
    int64_t not_after = tls_credentials_not_after(credentials);
    readiness_certificate_loaded(gate->readiness, tls_credentials_not_before(credentials), not_after);
    gate_metrics_certificate(gate->metrics, not_after);
    gate_metrics_reload(gate->metrics, "certificates", true);
    *ret_credentials = credentials;
    return true;
}

static bool start_https(struct gate *gate, struct error *error) {
    const struct gate_options *options = &gate->options;
    CLEANUP(tls_credentials_unref) struct tls_credentials *credentials = NULL;
    int listening;
    if (!load_certificate(gate, &credentials, error) ||
        !listen_socket_open(options->listen, &listening, &gate->port, error)) {
        return false;
    }
    const struct webhook_server_options server = {.webhook = gate->webhook,
                                                  .metrics = gate->metrics,
                                                  .credentials = tls_credentials_unref_take(&credentials),
                                                  .listen_socket = listening,
                                                  .threads = options->threads,
                                                  .client_names = options->client_names,
                                                  .client_name_count = options->client_name_count};
    return webhook_server_start(&server, &gate->https, error);
}

static bool start_ops(struct gate *gate, struct error *error) {
    int listening;
    return listen_socket_open(gate->options.ops_listen, &listening, &gate->ops_port, error) &&
           ops_server_start(listening, gate->readiness, gate->metrics, &gate->ops, error);
}

static void fclose_cleanup(FILE **file) {
    if (*file) {
        fclose(*file);
    }
}

// Whoever waits for the file finds both lines in it.
static bool write_port_file(const struct gate *gate, struct error *error) {
    const char *path = gate->options.port_file;
    if (!path) {
        return true;
    }
    char temporary[PATH_MAX];
    int wanted = snprintf(temporary, sizeof(temporary), "%s.%d", path, (int)getpid());
    CLEANUP(fclose) FILE *file = wanted < (int)sizeof(temporary) ? fopen(temporary, "we") : NULL;
    if (!file || fprintf(file, "webhook %u\nops %u\n", gate->port, gate->ops_port) < 0 || fflush(file) != 0 ||
        rename(temporary, path) != 0) {
        return error_set(error, ERROR_IO, "%s: can't be written: %s", path, strerror(errno));
    }
    return true;
}

static void log_start(const struct gate *gate) {
    char port[8], ops_port[8], threads[12];
    snprintf(port, sizeof(port), "%u", gate->port);
    snprintf(ops_port, sizeof(ops_port), "%u", gate->ops_port);
    snprintf(threads, sizeof(threads), "%u", gate->options.threads);
    log_write(LOG_INFO, "serving", "version", gate->options.version, "listen", gate->options.listen, "port",
              port, "ops_listen", gate->options.ops_listen, "ops_port", ops_port, "threads", threads,
              "client_ca", gate->options.tls.client_authorities, NULL);
}

bool gate_start(const struct gate_options *options, struct gate **ret_gate, struct error *error) {
    CLEANUP(gate_free) struct gate *gate = memory_calloc(1, sizeof(*gate));
    gate->options = *options;
    gate->metrics = gate_metrics_new(options->version);
    gate->readiness = readiness_new();
    gate_metrics_add_writer(gate->metrics, options->companion.write_metrics, options->companion.cookie);
    readiness_ask(gate->readiness, options->companion.check_ready, options->companion.cookie);
    gate->reload = reload_new(&(struct reload_options){
        .load_policies = options->load_policies,
        .data = options->data,
        .policy_paths = {options->policy_paths[0], options->policy_paths[1]},
        .tls = options->tls,
        .attestation_keys = options->attestation_keys,
        .readiness = gate->readiness,
        .metrics = gate->metrics,
    });
    if (!decision_recorder_open(&options->decision_log, gate->metrics, &gate->recorder, error) ||
        !start_webhook(gate, error) || !start_https(gate, error) || !start_ops(gate, error)) {
        return false;
    }
    reload_into(gate->reload, gate->webhook, gate->https);
    if (!write_port_file(gate, error)) {
        return false;
    }
    log_start(gate);
    *ret_gate = gate_free_take(&gate);
    return true;
}

bool gate_swap_certificate(struct gate *gate, const char *certificate, const char *key, struct error *error) {
    return reload_certificate(gate->reload, certificate, key, error);
}

struct key_ring *gate_keys_in_force(struct gate *gate) {
    return webhook_keys(gate->webhook);
}

void gate_set_authority_expiry(struct gate *gate, int64_t not_after) {
    gate_metrics_authority(gate->metrics, not_after);
}

struct policy_set *gate_policies_in_force(struct gate *gate) {
    return webhook_policies(gate->webhook);
}

// The signal that came, or 0 after wait_ns. Threads never see these signals, so no handler and no flag is
// needed.
static int wait_signal(const sigset_t *signals, uint64_t wait_ns) {
    const struct timespec wait = {.tv_sec = (time_t)(wait_ns / 1000000000u),
                                  .tv_nsec = (long)(wait_ns % 1000000000u)};
    int signal = sigtimedwait(signals, NULL, &wait);
    return signal > 0 ? signal : 0;
}

void gate_run(struct gate *gate, const sigset_t *signals) {
    static const uint64_t poll_ns = 1000000000;
    for (;;) {
        int signal = wait_signal(signals, poll_ns);
        if (signal == SIGHUP) {
            log_write(LOG_INFO, "reloading on SIGHUP", NULL);
            reload_now(gate->reload);
            decision_recorder_reopen(gate->recorder);
        } else if (signal == 0) {
            reload_poll(gate->reload);
        } else {
            log_write(LOG_INFO, "draining", "signal", signal == SIGTERM ? "SIGTERM" : "SIGINT", NULL);
            return;
        }
    }
}

void gate_drain(struct gate *gate, const sigset_t *signals) {
    readiness_drain(gate->readiness);
    webhook_server_say_goodbye(gate->https);
    uint64_t left_ns = gate->options.drain_delay_ns;
    while (left_ns > 0) {
        uint64_t began_ns = clock_now_ns();
        int signal = wait_signal(signals, left_ns);
        uint64_t passed_ns = clock_now_ns() - began_ns;
        left_ns = signal == SIGTERM || signal == SIGINT || passed_ns >= left_ns ? 0 : left_ns - passed_ns;
    }
    if (!webhook_server_drain(gate->https, gate->options.drain_timeout_ns)) {
        log_write(LOG_WARN, "requests cut off after --drain-timeout", NULL);
    }
    log_write(LOG_INFO, "stopped", NULL);
}
