// fleetgate serve: the webhook on a management cluster.
#include "cli/commands.h"

#include "base/log.h"
#include "cli/decision_options.h"
#include "cli/policy_files.h"
#include "cli/serve_fleet.h"
#include "webhook/gate.h"

#include <getopt.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

enum { MOST_THREADS = 256, MOST_CLIENT_NAMES = 64, GO_ON = -1 };

struct serve_options {
    const char *configuration; // NULL: none
    const char *policies;      // NULL: the ones built into the program
    struct gate_options gate;
    const char *client_names[MOST_CLIENT_NAMES];
    struct decision_options decisions;
    struct fleet_options fleet;
    struct serve_fleet *running; // NULL: no management cluster was named
    enum log_format log_format;
    enum log_level log_level;
};

enum {
    OPTION_LISTEN = OPTION_LONG,
    OPTION_OPS_LISTEN,
    OPTION_TLS_CERT,
    OPTION_TLS_KEY,
    OPTION_CLIENT_CA,
    OPTION_CLIENT_NAME,
    OPTION_ATTESTATION_KEYS,
    OPTION_THREADS,
    OPTION_TIMEOUT,
    OPTION_DRAIN_DELAY,
    OPTION_DRAIN_TIMEOUT,
    OPTION_PORT_FILE,
    OPTION_LOG_FORMAT,
    OPTION_LOG_LEVEL,
};

static const char *const formats[] = {"text", "json", NULL};
static const char *const levels[] = {"debug", "info", "warn", "error", NULL};

static const struct option_entry entries[] = {
    OPTION_CONFIG,
    OPTION_POLICIES,
    {OPTION_LISTEN, "listen", "ADDRESS:PORT",
     "where the webhook listens (127.0.0.1:9443); port 0: any free one", NULL},
    {OPTION_OPS_LISTEN, "ops-listen", "ADDRESS:PORT",
     "where /healthz, /readyz and /metrics are (127.0.0.1:9090)", NULL},
    {OPTION_TLS_CERT, "tls-cert", "FILE", "serving certificate and its chain (PEM; needed)", NULL},
    {OPTION_TLS_KEY, "tls-key", "FILE", "its key (PEM; needed)", NULL},
    {OPTION_CLIENT_CA, "client-ca", "FILE",
     "answer only clients with a certificate of these authorities (PEM)", NULL},
    {OPTION_CLIENT_NAME, "client-name", "NAME", "… and with this common or DNS name; may be repeated", NULL},
    {OPTION_ATTESTATION_KEYS, "attestation-keys", "FILE",
     "attest what is allowed with these keys; 'fleetgate keys new' makes them", NULL},
    {OPTION_THREADS, "threads", "N",
     "reviews answered at one time (twice the processors, at least 4; with a fleet four times, at least 8)",
     NULL},
    {OPTION_TIMEOUT, "timeout", "DURATION", "most time for one review (1s)", NULL},
    {OPTION_DRAIN_DELAY, "drain-delay", "DURATION",
     "on SIGTERM, answer this long before closing the port (0s)", NULL},
    {OPTION_DRAIN_TIMEOUT, "drain-timeout", "DURATION", "most time for requests on their way to finish (10s)",
     NULL},
    {OPTION_PORT_FILE, "port-file", "FILE",
     "written once both ports are open: \"webhook PORT\", \"ops PORT\"", NULL},
    {OPTION_LOG_FORMAT, "log-format", "FORMAT", "text or json", formats},
    {OPTION_LOG_LEVEL, "log-level", "LEVEL", "debug, info, warn or error (info)", levels},
    FLEET_OPTIONS,
    DECISION_OPTIONS,
    {0, NULL, NULL, NULL, NULL},
};

const struct command serve_command = {
    .name = "serve",
    .arguments = "",
    .summary = "Answers the API server's admission reviews",
    .details =
        "POST /validate and /mutate take AdmissionReview v1. Policies, configuration, certificates and keys "
        "are\n"
        "loaded again when their files change and on SIGHUP; what does not load leaves in force what was\n"
        "there, and /readyz, the log and fleetgate_reloads_total say so. SIGTERM and SIGINT drain: not "
        "ready\n"
        "at once, requests on their way are answered, then exit code 0.\n"
        "\n"
        "Exit code: 0 drained, 2 usage or configuration.\n",
    .options = entries,
    .run = serve_main,
};

static bool read_threads(const char *text, unsigned *ret_threads) {
    char *end;
    unsigned long value = strtoul(text, &end, 10);
    if (*text < '0' || *text > '9' || *end != '\0' || value == 0 || value > MOST_THREADS) {
        return false;
    }
    *ret_threads = (unsigned)value;
    return true;
}

// A text option's place in options, or NULL.
static const char **text_slot(struct serve_options *options, int option) {
    switch (option) {
    case 'c':
        return &options->configuration;
    case 'p':
        return &options->policies;
    case OPTION_LISTEN:
        return &options->gate.listen;
    case OPTION_OPS_LISTEN:
        return &options->gate.ops_listen;
    case OPTION_TLS_CERT:
        return &options->gate.tls.certificate;
    case OPTION_TLS_KEY:
        return &options->gate.tls.key;
    case OPTION_CLIENT_CA:
        return &options->gate.tls.client_authorities;
    case OPTION_ATTESTATION_KEYS:
        return &options->gate.attestation_keys;
    case OPTION_PORT_FILE:
        return &options->gate.port_file;
    default:
        return NULL;
    }
}

static uint64_t *duration_slot(struct serve_options *options, int option) {
    return option == OPTION_TIMEOUT         ? &options->gate.timeout_ns
           : option == OPTION_DRAIN_DELAY   ? &options->gate.drain_delay_ns
           : option == OPTION_DRAIN_TIMEOUT ? &options->gate.drain_timeout_ns
                                            : NULL;
}

static int read_choice(struct serve_options *options, int option, const char *value) {
    int index = option_choice(option == OPTION_LOG_FORMAT ? formats : levels, value);
    if (index < 0) {
        return usage_error(&serve_command,
                           option == OPTION_LOG_FORMAT ? "--log-format: want text or json, got %s"
                                                       : "--log-level: want debug, info, warn or "
                                                         "error, got %s",
                           value);
    }
    if (option == OPTION_LOG_FORMAT) {
        options->log_format = (enum log_format)index;
    } else {
        options->log_level = (enum log_level)index;
    }
    return GO_ON;
}

static int read_one(struct serve_options *options, int option, const char *value) {
    const char **text = text_slot(options, option);
    uint64_t *duration = duration_slot(options, option);
    bool fine;
    struct error error;
    if (text) {
        *text = value;
    } else if (duration) {
        if (!http_duration_parse(value, duration, &error)) {
            return usage_error(&serve_command, "%s", error.message);
        }
    } else if (option == OPTION_THREADS) {
        if (!read_threads(value, &options->gate.threads)) {
            return usage_error(&serve_command, "--threads: want 1 to %d, got %s", MOST_THREADS, value);
        }
    } else if (option == OPTION_CLIENT_NAME) {
        if (options->gate.client_name_count == MOST_CLIENT_NAMES) {
            return usage_error(&serve_command, "more than %d times --client-name", MOST_CLIENT_NAMES);
        }
        options->client_names[options->gate.client_name_count++] = value;
    } else if (decision_option_is(option)) {
        if (!decision_option_read(&options->decisions, option, value, &error)) {
            return usage_error(&serve_command, "%s", error.message);
        }
    } else if (fleet_options_read(&options->fleet, option, value, &fine, &error)) {
        if (!fine) {
            return usage_error(&serve_command, "%s", error.message);
        }
    } else if (option == OPTION_LOG_FORMAT || option == OPTION_LOG_LEVEL) {
        return read_choice(options, option, value);
    } else {
        return options_exit(option);
    }
    return GO_ON;
}

static int check(const struct serve_options *options) {
    bool is_given = fleet_options_given(&options->fleet);
    bool has_files = options->gate.tls.certificate && options->gate.tls.key;
    if (options->fleet.rotates && (options->gate.tls.certificate || options->gate.tls.key)) {
        return usage_error(&serve_command, "--cert-mode self makes its own --tls-cert and --tls-key");
    }
    if (!options->fleet.rotates && !has_files) {
        return usage_error(&serve_command,
                           "--tls-cert and --tls-key are needed; 'fleetgate certs init' makes them");
    }
    if ((options->fleet.rotates || options->fleet.audit_interval_ns > 0) && !is_given) {
        return usage_error(&serve_command, "%s needs --in-cluster or --kubeconfig",
                           options->fleet.rotates ? "--cert-mode self" : "--audit-interval");
    }
    if (options->fleet.reports != REPORT_NONE && options->fleet.audit_interval_ns == 0) {
        return usage_error(&serve_command, "--reports needs --audit-interval: audits write them");
    }
    struct error error;
    if (!reconcile_options_check(&options->fleet.reconcile, is_given, options->gate.attestation_keys,
                                 &error)) {
        return usage_error(&serve_command, "%s", error.message);
    }
    if (options->gate.client_name_count > 0 && !options->gate.tls.client_authorities) {
        return usage_error(&serve_command, "--client-name needs --client-ca");
    }
    if (options->gate.timeout_ns == 0) {
        return usage_error(&serve_command, "--timeout must not be 0");
    }
    return GO_ON;
}

static bool load_policies(void *data, struct policy_set **ret_set, struct error *error) {
    const struct serve_options *options = data;
    const struct policy_set_request request = {.configuration = options->configuration,
                                               .policies = options->policies,
                                               .evaluators = options->gate.threads};
    CLEANUP(policy_set_unref) struct policy_set *set = NULL;
    if (!policy_files_load(&request, &set, error) ||
        !serve_fleet_use_policies(options->running, set, error)) {
        return false;
    }
    *ret_set = policy_set_unref_take(&set);
    return true;
}

// A review that takes a place of a limit waits for the API server: others must not wait for it.
static unsigned default_threads(bool waits_for_server) {
    long processors = sysconf(_SC_NPROCESSORS_ONLN);
    unsigned threads = (processors > 2 ? (unsigned)processors * 2 : 4) * (waits_for_server ? 2 : 1);
    return threads < MOST_THREADS ? threads : MOST_THREADS;
}

static void set_defaults(struct serve_options *options) {
    *options = (struct serve_options){
        .gate = {.version = FLEETGATE_VERSION,
                 .listen = "127.0.0.1:9443",
                 .ops_listen = "127.0.0.1:9090",
                 .timeout_ns = 1000000000,
                 .drain_timeout_ns = 10000000000},
        .decisions = DECISION_OPTION_DEFAULTS,
        .log_format = LOG_TEXT,
        .log_level = LOG_INFO,
    };
    reconcile_options_init(&options->fleet.reconcile);
}

// GO_ON, or the exit code once a wrong option or --help has been answered.
static int read_options(int argc, char **argv, struct serve_options *options) {
    set_defaults(options);
    struct option_reader reader;
    option_reader_begin(&reader, &serve_command, argc, argv);
    for (int option; (option = option_reader_next(&reader)) != OPTION_END;) {
        int code = read_one(options, option, reader.value);
        if (code != GO_ON) {
            return code;
        }
    }
    if (optind < argc) {
        return usage_error(&serve_command, "unexpected argument %s", argv[optind]);
    }
    if (options->gate.threads == 0) {
        options->gate.threads = default_threads(fleet_options_given(&options->fleet));
    }
    options->gate.load_policies = load_policies;
    options->gate.data = options;
    options->gate.policy_paths[0] = options->configuration;
    options->gate.policy_paths[1] = options->policies;
    options->gate.client_names = options->client_names;
    options->gate.decision_log = decision_options_recorder(&options->decisions);
    return check(options);
}

static int serve(struct serve_options *options) {
    log_configure(options->log_level, options->log_format);
    sigset_t signals;
    sigemptyset(&signals);
    sigaddset(&signals, SIGHUP);
    sigaddset(&signals, SIGTERM);
    sigaddset(&signals, SIGINT);
    // Before any thread is made: they inherit it.
    pthread_sigmask(SIG_BLOCK, &signals, NULL);
    signal(SIGPIPE, SIG_IGN);

    CLEANUP(serve_fleet_free) struct serve_fleet *fleet = NULL; // outlives the gate, which asks it
    CLEANUP(gate_free) struct gate *gate = NULL;
    struct error error = {0};
    if (fleet_options_given(&options->fleet) &&
        !serve_fleet_start(&options->fleet, &options->gate, &fleet, &error)) {
        fprintf(stderr, "fleetgate serve: %s\n", error.message);
        return EXIT_USAGE;
    }
    options->running = fleet;
    if (!gate_start(&options->gate, &gate, &error)) {
        fprintf(stderr, "fleetgate serve: %s\n", error.message);
        return EXIT_USAGE;
    }
    serve_fleet_attach(fleet, gate);
    gate_run(gate, &signals);
    gate_drain(gate, &signals);
    serve_fleet_attach(fleet, NULL);
    return EXIT_CLEAN;
}

int serve_main(int argc, char **argv) {
    struct serve_options options;
    int code = read_options(argc, argv, &options);
    code = code == GO_ON ? serve(&options) : code;
    reconcile_options_clear(&options.fleet.reconcile);
    return code;
}
