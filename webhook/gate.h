// The whole gate as one process runs it: HTTPS for reviews, HTTP for probes, reload and drain.
#pragma once

#include "fleet/fleet_access.h"
#include "webhook/reload.h"

#include <signal.h>

// What runs beside the gate in the same process and is asked by it. Any thread; functions may be NULL.
struct gate_companion {
    struct fleet_access fleet;
    void (*write_metrics)(void *cookie, struct buffer *ret_text); // after the gate's own
    bool (*check_ready)(void *cookie, struct buffer *ret_text);   // one line for each thing
    void *cookie;
};

struct gate_options {
    const char *version;
    policy_loader *load_policies;
    void *data;                  // for load_policies
    const char *policy_paths[2]; // files or folders that load_policies reads; NULL: none
    // Certificate and key NULL: they come through gate_swap_certificate; until then handshakes fail and the
    // gate is not ready.
    struct tls_files tls;
    const char *attestation_keys;    // key file; NULL: nothing is attested
    const char *listen, *ops_listen; // "127.0.0.1:9443"; port 0: any free one
    struct decision_recorder_options decision_log;
    const char *port_file; // "webhook PORT\nops PORT\n" is written there once both are open; may be NULL
    const char *const *client_names;
    size_t client_name_count;
    unsigned threads;
    uint64_t timeout_ns;
    uint64_t drain_delay_ns, drain_timeout_ns;
    struct gate_companion companion;
};

struct gate;

// All in options is borrowed until gate_free. Fails as the loads and listen_socket_open do.
MUST_CHECK bool gate_start(const struct gate_options *options, struct gate **ret_gate, struct error *error);
// New connections use this certificate and key (PEM) from now on. Any thread. Fails as
// tls_credentials_load_texts does, or with INVALID when it has expired; what was in force stays then.
MUST_CHECK bool gate_swap_certificate(struct gate *gate, const char *certificate, const char *key,
                                      struct error *error);
// A reference to the policies in force. Any thread; caller unrefs.
struct policy_set *gate_policies_in_force(struct gate *gate);
// A reference to the keys in force, NULL where none are. Any thread; caller unrefs.
struct key_ring *gate_keys_in_force(struct gate *gate);
// When the authority that signed it ends, for the metrics. Any thread.
void gate_set_authority_expiry(struct gate *gate, int64_t not_after);
// Answers until SIGTERM or SIGINT comes, and reloads on SIGHUP and when files change. signals holds these
// three, blocked in all threads.
void gate_run(struct gate *gate, const sigset_t *signals);
// Not ready at once; after drain_delay accepts nothing more, and waits at most drain_timeout for requests
// that are on their way. A second SIGTERM or SIGINT ends the delay, not the requests.
void gate_drain(struct gate *gate, const sigset_t *signals);
void gate_free(struct gate *gate);
DEFINE_CLEANUP(gate_free, struct gate *)
