// The names in a serving certificate: checked, and as the subject alternative names of X.509.
#pragma once

#include "certs/certificate_authority.h"

#include <openssl/x509v3.h>

// *ret_names: caller owns (GENERAL_NAMES_free). Fails with INVALID.
MUST_CHECK bool certificate_names_make(const struct certificate_names *names, GENERAL_NAMES **ret_names,
                                       struct error *error);
// "fleetgate.fleetgate-system.svc" or "10.0.0.1" in text; false for other types of name.
bool general_name_text(const GENERAL_NAME *name, char *text, size_t size, bool *ret_is_address);
