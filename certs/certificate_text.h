// Do certificates and keys that are PEM texts in memory belong together? Of several certificates in a text
// the first one is meant. What can't be read belongs to nothing.
#pragma once

#include "certs/certificate_authority.h"

bool certificate_text_has_key(const char *certificate, const char *key);
// By name and signature; dates are not looked at.
bool certificate_text_signed_by(const char *certificate, const char *authority);
// Are all of names among those of the certificate?
bool certificate_text_has_names(const char *certificate, const struct certificate_names *names);
// Both texts begin with the same certificate.
bool certificate_text_same(const char *a, const char *b);
// As a client does that trusts what bundle holds: chain, dates at now (seconds since 1970), purpose, and the
// DNS name (NULL: any). Fails with INVALID.
MUST_CHECK bool certificate_text_verify(const char *certificate, const char *bundle, const char *dns_name,
                                        int64_t now, struct error *error);
