// What "fleetgate install" was asked for, and the manifests that come of it.
#pragma once

#include "base/buffer.h"
#include "base/error.h"

enum install_certificates { INSTALL_SELF, INSTALL_CERT_MANAGER, INSTALL_FILES };
enum install_part { INSTALL_ALL, INSTALL_WEBHOOKS, INSTALL_VALIDATING, INSTALL_MUTATING };
enum { INSTALL_MOST_EXTRAS = 8 };

struct install_request {
    const char *namespace;
    const char *image;          // NULL: the one of this version
    unsigned replicas;          // 0: three
    const char *failure_policy; // of the webhooks that have Fail; NULL: Fail
    const char *url;            // NULL: by the Service
    const char *authorities;    // PEM file for caBundle; NULL: whoever keeps the certificates fills it in
    const char *configuration;  // NULL: the defaults
    const char *policies;       // NULL: the built-in ones
    const char *extras[INSTALL_MOST_EXTRAS + 1]; // components, ended by NULL
    enum install_certificates certificates;
    enum install_part part;
    bool is_static; // names as manifest-based admission wants them
};

// Reads the files that the request names, checks them, and appends the manifests. Fails with INVALID,
// NOT_FOUND, LIMIT or IO; out is then not to be used.
MUST_CHECK bool install_manifests(const struct install_request *request, struct buffer *out,
                                  struct error *error);
