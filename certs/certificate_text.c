#include "certs/certificate_text.h"

#include "certs/certificate_bundle.h"
#include "certs/certificate_info.h"
#include "certs/openssl_help.h"

#include <arpa/inet.h>
#include <openssl/err.h>
#include <openssl/x509_vfy.h>
#include <string.h>

DEFINE_CLEANUP(X509_STORE_free, X509_STORE *)
DEFINE_CLEANUP(X509_STORE_CTX_free, X509_STORE_CTX *)

static X509 *read_first(const char *text) {
    X509 *certificate = NULL;
    CLEANUP(BIO_free) BIO *memory = text ? BIO_new_mem_buf(text, -1) : NULL;
    return memory && openssl_read_certificate(memory, &certificate, NULL) ? certificate : NULL;
}

bool certificate_text_has_key(const char *certificate, const char *key) {
    CLEANUP(X509_free) X509 *read = read_first(certificate);
    CLEANUP(BIO_free) BIO *memory = key ? BIO_new_mem_buf(key, -1) : NULL;
    CLEANUP(EVP_PKEY_free) EVP_PKEY *pair = NULL;
    bool has =
        read && memory && openssl_read_key(memory, &pair, NULL) && X509_check_private_key(read, pair) == 1;
    ERR_clear_error();
    return has;
}

bool certificate_text_signed_by(const char *certificate, const char *authority) {
    CLEANUP(X509_free) X509 *read = read_first(certificate);
    CLEANUP(X509_free) X509 *issuer = read_first(authority);
    bool is = read && issuer && X509_check_issued(issuer, read) == X509_V_OK &&
              X509_verify(read, X509_get0_pubkey(issuer)) == 1;
    ERR_clear_error();
    return is;
}

static bool is_among(const char *name, const char *const *names, size_t count) {
    for (size_t i = 0; i < count; i++) {
        if (strcasecmp(name, names[i]) == 0) {
            return true;
        }
    }
    return false;
}

// "::0001" and "::1" are one address.
static bool address_is_among(const char *address, const char *const *addresses, size_t count) {
    unsigned char bytes[16];
    char text[INET6_ADDRSTRLEN];
    int family = strchr(address, ':') ? AF_INET6 : AF_INET;
    return inet_pton(family, address, bytes) == 1 && inet_ntop(family, bytes, text, sizeof(text)) &&
           is_among(text, addresses, count);
}

bool certificate_text_has_names(const char *certificate, const struct certificate_names *names) {
    CLEANUP(certificate_info_clear) struct certificate_info info = {0};
    if (!certificate || !certificate_info_read_text(certificate, &info, NULL)) {
        return false;
    }
    for (size_t i = 0; i < names->dns_count; i++) {
        if (!is_among(names->dns[i], info.dns, info.dns_count)) {
            return false;
        }
    }
    for (size_t i = 0; i < names->address_count; i++) {
        if (!address_is_among(names->addresses[i], info.addresses, info.address_count)) {
            return false;
        }
    }
    return true;
}

bool certificate_text_same(const char *a, const char *b) {
    CLEANUP(X509_free) X509 *first = read_first(a);
    CLEANUP(X509_free) X509 *second = read_first(b);
    return first && second && X509_cmp(first, second) == 0;
}

static bool fill_store(X509_STORE *store, const char *bundle) {
    CLEANUP(certificate_bundle_free) struct certificate_bundle *certificates = certificate_bundle_new();
    certificate_bundle_add(certificates, bundle, 0);
    size_t count = certificate_bundle_count(certificates);
    for (size_t i = 0; i < count; i++) {
        CLEANUP(free) char *text = certificate_bundle_item(certificates, i);
        CLEANUP(X509_free) X509 *certificate = read_first(text);
        if (!certificate || !X509_STORE_add_cert(store, certificate)) {
            return false;
        }
    }
    return true;
}

bool certificate_text_verify(const char *certificate, const char *bundle, const char *dns_name, int64_t now,
                             struct error *error) {
    CLEANUP(X509_free) X509 *leaf = read_first(certificate);
    if (!leaf) {
        return error_set(error, ERROR_INVALID, "not a certificate in PEM");
    }
    CLEANUP(X509_STORE_free) X509_STORE *store = X509_STORE_new();
    CLEANUP(X509_STORE_CTX_free) X509_STORE_CTX *context = X509_STORE_CTX_new();
    if (!store || !context || !fill_store(store, bundle) ||
        !X509_STORE_CTX_init(context, store, leaf, NULL)) {
        return openssl_error(error, ERROR_IO, "can't verify a certificate");
    }
    X509_VERIFY_PARAM *parameters = X509_STORE_CTX_get0_param(context);
    X509_STORE_CTX_set_default(context, "ssl_server");
    X509_VERIFY_PARAM_set_time(parameters, now);
    if (dns_name && !X509_VERIFY_PARAM_set1_host(parameters, dns_name, 0)) {
        return openssl_error(error, ERROR_IO, "can't verify a certificate");
    }
    if (X509_verify_cert(context) != 1) {
        const char *reason = X509_verify_cert_error_string(X509_STORE_CTX_get_error(context));
        ERR_clear_error();
        return error_set(error, ERROR_INVALID, "the certificate is not good under the bundle: %s", reason);
    }
    return true;
}
