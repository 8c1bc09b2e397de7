// Keeps policies, certificates and keys as their files are: what loads well replaces what is in force, what
// does not is told and changes nothing.
#pragma once

#include "webhook/readiness.h"
#include "webhook/webhook_server.h"

// Makes a policy set of the files that only the caller knows.
typedef bool policy_loader(void *data, struct policy_set **ret_set, struct error *error);

struct reload_options {
    policy_loader *load_policies;
    void *data;                   // for load_policies
    const char *policy_paths[2];  // files or folders to look at; NULL: none
    struct tls_files tls;         // certificate NULL: reload_certificate hands it in
    const char *attestation_keys; // key file; NULL: nothing is attested
    struct readiness *readiness;  // all borrowed until reload_free
    struct gate_metrics *metrics;
};

struct reload;

// To be made before the files are read for the first time: what changes from now on is loaded by the first
// poll. Caller owns.
struct reload *reload_new(const struct reload_options *options);
// Where to put what was loaded; before the first reload. server may be NULL as long as only keys are loaded.
// Both borrowed until reload_free.
void reload_into(struct reload *reload, struct webhook *webhook, struct webhook_server *server);
void reload_free(struct reload *reload);
DEFINE_CLEANUP(reload_free, struct reload *)

// Loads the key file for the first time, where there is one; after reload_into. Fails as key_ring_load does.
MUST_CHECK bool reload_keys(struct reload *reload, struct error *error);
// Puts a certificate and its key (PEM) in force, and keeps them for the times when only the client
// authorities change. Any thread. Fails with INVALID or IO; what was in force stays then, and readiness says
// why.
MUST_CHECK bool reload_certificate(struct reload *reload, const char *certificate, const char *key,
                                   struct error *error);
// Loads all again, whether files changed or not (SIGHUP). One thread.
void reload_now(struct reload *reload);
// Loads what changed; to be called about once a second. One thread.
void reload_poll(struct reload *reload);
