// The folder that holds a webhook's certificates: ca.crt, ca.key, tls.crt, tls.key. All change at one
// instant.
#pragma once

#include "certs/certificate_authority.h"

enum certificates_mode {
    CERTIFICATES_NEW,     // refuses to overwrite: CONFLICT
    CERTIFICATES_RENEW,   // a new serving certificate from the authority that is there
    CERTIFICATES_REPLACE, // a new authority and a new serving certificate
};

struct certificates_request {
    enum certificates_mode mode;
    struct certificate_names names; // none with RENEW: those of the certificate that is there
    unsigned days;                  // of the serving certificate; 0: LEAF_DAYS
};

// Makes or renews what directory holds, and the directory itself if it is missing. Like a ConfigMap volume:
// the files are links into a folder of one generation, and one rename of the link "..data" shows the next
// generation, so that no reader and no crash ever meets a certificate beside another one's key. Everything is
// on disk (fsync) before that. Keys have mode 0600. Fails with INVALID, CONFLICT, NOT_FOUND (RENEW without an
// authority) or IO, and then what was there is untouched.
MUST_CHECK bool certificate_files_write(const char *directory, const struct certificates_request *request,
                                        struct error *error);
