// What every file here needs of OpenSSL: its errors as ours, its objects freed at scope end.
#pragma once

#include "base/error.h"

#include <openssl/pem.h>
#include <openssl/x509v3.h>

DEFINE_CLEANUP(BIO_free, BIO *)
DEFINE_CLEANUP(EVP_PKEY_free, EVP_PKEY *)
DEFINE_CLEANUP(GENERAL_NAMES_free, GENERAL_NAMES *)
DEFINE_CLEANUP(X509_free, X509 *)

// Sets kind and "what: reason" from OpenSSL's queue of this thread, and empties the queue. Returns false.
bool openssl_error(struct error *error, enum error_kind kind, const char *what);

// Read PEM; an encrypted key fails instead of asking on the terminal. INVALID. *ret: caller owns.
MUST_CHECK bool openssl_read_certificate(BIO *text, X509 **ret_certificate, struct error *error);
MUST_CHECK bool openssl_read_key(BIO *text, EVP_PKEY **ret_key, struct error *error);
// The next certificate of a text with several; NULL for a block that can't be read, and *ret_end when no
// block was left. Caller owns.
X509 *openssl_next_certificate(BIO *text, bool *ret_end);
