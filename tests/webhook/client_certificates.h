// Certificates that a client may show, as PEM files: what fleetgate itself never makes.
#pragma once

#include <stdbool.h>

struct client_certificate {
    const char *path, *key_path; // of the files to write
    const char *common_name;
    const char *dns; // NULL: none
    bool expired;
};

// A new authority in authority_path, and certificates for client use from it. Fails the test on error.
void client_certificates_make(const char *authority_path, const struct client_certificate *list, int count);
