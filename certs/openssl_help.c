#include "certs/openssl_help.h"

#include <openssl/err.h>

bool openssl_error(struct error *error, enum error_kind kind, const char *what) {
    // The first entry is the cause, later ones are the callers that passed it on.
    const char *reason = ERR_reason_error_string(ERR_peek_error());
    ERR_clear_error();
    return error_set(error, kind, "%s: %s", what, reason ? reason : "OpenSSL gives no reason");
}

static int no_passphrase(char *buffer, int size, int writing, void *data) {
    (void)buffer, (void)size, (void)writing, (void)data;
    return 0;
}

bool openssl_read_certificate(BIO *text, X509 **ret_certificate, struct error *error) {
    X509 *certificate = PEM_read_bio_X509(text, NULL, no_passphrase, NULL);
    if (!certificate) {
        return openssl_error(error, ERROR_INVALID, "not a certificate in PEM");
    }
    *ret_certificate = certificate;
    return true;
}

bool openssl_read_key(BIO *text, EVP_PKEY **ret_key, struct error *error) {
    EVP_PKEY *key = PEM_read_bio_PrivateKey(text, NULL, no_passphrase, NULL);
    if (!key) {
        return openssl_error(error, ERROR_INVALID, "not an unencrypted private key in PEM");
    }
    *ret_key = key;
    return true;
}

X509 *openssl_next_certificate(BIO *text, bool *ret_end) {
    X509 *certificate = PEM_read_bio_X509(text, NULL, no_passphrase, NULL);
    *ret_end = !certificate && ERR_GET_REASON(ERR_peek_last_error()) == PEM_R_NO_START_LINE;
    ERR_clear_error();
    return certificate;
}
