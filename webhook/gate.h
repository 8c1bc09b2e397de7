// The whole gate as one process runs it: HTTPS for reviews, HTTP for probes, reload and drain.
#pragma once

#include "webhook/reload.h"

#include <signal.h>

struct gate_options {
    const char *version;
    policy_loader *load_policies;
    void *data;                  // for load_policies
    const char *policy_paths[2]; // files or folders that load_policies reads; NULL: none
    struct tls_files tls;
    const char *listen, *ops_listen; // "127.0.0.1:9443"; port 0: any free one
    struct decision_recorder_options decision_log;
    const char *port_file; // "webhook PORT\nops PORT\n" is written there once both are open; may be NULL
    const char *const *client_names;
    size_t client_name_count;
    unsigned threads;
    uint64_t timeout_ns;
    uint64_t drain_delay_ns, drain_timeout_ns;
};

struct gate;

// All in options is borrowed until gate_free. Fails as the loads and listen_socket_open do.
MUST_CHECK bool gate_start(const struct gate_options *options, struct gate **ret_gate, struct error *error);
// Answers until SIGTERM or SIGINT comes, and reloads on SIGHUP and when files change. signals holds these
// three, blocked in all threads.
void gate_run(struct gate *gate, const sigset_t *signals);
// Not ready at once; after drain_delay accepts nothing more, and waits at most drain_timeout for requests
// that are on their way. A second SIGTERM or SIGINT ends the delay, not the requests.
void gate_drain(struct gate *gate, const sigset_t *signals);
void gate_free(struct gate *gate);
DEFINE_CLEANUP(gate_free, struct gate *)
