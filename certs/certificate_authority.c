#include "certs/certificate_authority.h"

#include "base/memory.h"
#include "certs/certificate_names.h"
#include "certs/openssl_help.h"

#include <openssl/bn.h>
#include <openssl/ec.h>
#include <string.h>
#include <time.h>

// A verifier whose clock is behind by less than this accepts a new certificate; but never by more than a part
// of its life, or two thirds of a short life would be over at its beginning.
enum { CLOCK_SKEW_SECONDS = 300, SKEW_PART = 10, DAY_SECONDS = 86400 };

struct certificate_authority {
    X509 *certificate;
    EVP_PKEY *key;
};

void certificate_pair_clear(struct certificate_pair *pair) {
    free(pair->certificate);
    if (pair->key) {
        explicit_bzero(pair->key, strlen(pair->key));
        free(pair->key);
    }
    *pair = (struct certificate_pair){0};
}

void certificate_authority_free(struct certificate_authority *authority) {
    if (!authority) {
        return;
    }
    X509_free(authority->certificate);
    EVP_PKEY_free(authority->key);
    free(authority);
}

static char *take_text(BIO *memory) {
    char *bytes;
    long length = BIO_get_mem_data(memory, &bytes);
    return memory_copy_text(bytes, (size_t)length);
}

static bool to_pem(X509 *certificate, EVP_PKEY *key, struct certificate_pair *ret_pair, struct error *error) {
    CLEANUP(BIO_free) BIO *certificate_text = BIO_new(BIO_s_mem());
    CLEANUP(BIO_free) BIO *key_text = BIO_new(BIO_s_secmem());
    if (!certificate_text || !key_text || !PEM_write_bio_X509(certificate_text, certificate) ||
        !PEM_write_bio_PKCS8PrivateKey(key_text, key, NULL, NULL, 0, NULL, NULL)) {
        return openssl_error(error, ERROR_IO, "can't write a certificate as PEM");
    }
    *ret_pair =
        (struct certificate_pair){.certificate = take_text(certificate_text), .key = take_text(key_text)};
    return true;
}

// 127 random bits: positive, 16 bytes, never the same twice (RFC 5280 4.1.2.2).
static bool set_serial(X509 *certificate) {
    BIGNUM *number = BN_new();
    bool done = number && BN_rand(number, 127, BN_RAND_TOP_ONE, BN_RAND_BOTTOM_ANY) &&
                BN_to_ASN1_INTEGER(number, X509_get_serialNumber(certificate));
    BN_free(number);
    return done;
}

static struct certificate_period period_of_days(unsigned days) {
    return (struct certificate_period){.now = time(NULL), .seconds = (int64_t)days * DAY_SECONDS};
}

static bool set_times(X509 *certificate, const X509 *issuer, const struct certificate_period *period) {
    time_t until = period->now + period->seconds;
    int64_t part = period->seconds / SKEW_PART;
    int64_t skew = part < CLOCK_SKEW_SECONDS ? part : CLOCK_SKEW_SECONDS;
    if (!ASN1_TIME_set(X509_getm_notBefore(certificate), period->now - skew)) {
        return false;
    }
    if (issuer && ASN1_TIME_cmp_time_t(X509_get0_notAfter(issuer), until) < 0) {
        return X509_set1_notAfter(certificate, X509_get0_notAfter(issuer));
    }
    return ASN1_TIME_set(X509_getm_notAfter(certificate), until) != NULL;
}

static bool add_extension(X509 *certificate, X509 *issuer, int nid, const char *value) {
    X509V3_CTX context;
    X509V3_set_ctx(&context, issuer, certificate, NULL, NULL, 0);
    X509_EXTENSION *extension = X509V3_EXT_conf_nid(NULL, &context, nid, value);
    bool done = extension && X509_add_ext(certificate, extension, -1);
    X509_EXTENSION_free(extension);
    return done;
}

static bool set_subject(X509 *certificate, const char *common_name) {
    X509_NAME *name = X509_get_subject_name(certificate);
    return X509_NAME_add_entry_by_txt(name, "O", MBSTRING_UTF8, (const unsigned char *)"fleetgate", -1, -1,
                                      0) &&
           X509_NAME_add_entry_by_txt(name, "CN", MBSTRING_UTF8, (const unsigned char *)common_name, -1, -1,
                                      0);
}

static bool start(X509 *certificate, EVP_PKEY *key, const X509 *issuer, const char *common_name,
                  const struct certificate_period *period) {
    return X509_set_version(certificate, X509_VERSION_3) && set_serial(certificate) &&
           set_times(certificate, issuer, period) && set_subject(certificate, common_name) &&
           X509_set_issuer_name(certificate, issuer ? X509_get_subject_name(issuer)
                                                    : X509_get_subject_name(certificate)) &&
           X509_set_pubkey(certificate, key);
}

bool certificate_authority_new(unsigned days, struct certificate_authority **ret_authority,
                               struct error *error) {
    const struct certificate_period period = period_of_days(days);
    return certificate_authority_new_for(&period, ret_authority, error);
}

bool certificate_authority_new_for(const struct certificate_period *period,
                                   struct certificate_authority **ret_authority, struct error *error) {
    CLEANUP(X509_free) X509 *certificate = X509_new();
    CLEANUP(EVP_PKEY_free) EVP_PKEY *key = EVP_EC_gen("P-256");
    if (!certificate || !key || !start(certificate, key, NULL, "fleetgate webhook CA", period) ||
        !add_extension(certificate, certificate, NID_basic_constraints, "critical,CA:TRUE,pathlen:0") ||
        !add_extension(certificate, certificate, NID_key_usage, "critical,keyCertSign,cRLSign") ||
        !add_extension(certificate, certificate, NID_subject_key_identifier, "hash") ||
        !X509_sign(certificate, key, EVP_sha256())) {
        return openssl_error(error, ERROR_IO, "can't make a certificate authority");
    }
    struct certificate_authority *authority = memory_calloc(1, sizeof(*authority));
    authority->certificate = X509_free_take(&certificate);
    authority->key = EVP_PKEY_free_take(&key);
    *ret_authority = authority;
    return true;
}

static bool is_authority(X509 *certificate, int64_t now, struct error *error) {
    if (X509_check_ca(certificate) != 1) {
        return error_set(error, ERROR_INVALID,
                         "not the certificate of an authority (basicConstraints CA:TRUE)");
    }
    time_t when = now;
    if (X509_cmp_time(X509_get0_notAfter(certificate), &when) <= 0) {
        return error_set(error, ERROR_INVALID,
                         "the authority's certificate has expired; make a new one with --force");
    }
    return true;
}

bool certificate_authority_read(const struct certificate_pair *pair,
                                struct certificate_authority **ret_authority, struct error *error) {
    return certificate_authority_read_at(pair, time(NULL), ret_authority, error);
}

bool certificate_authority_read_at(const struct certificate_pair *pair, int64_t now,
                                   struct certificate_authority **ret_authority, struct error *error) {
    CLEANUP(BIO_free) BIO *certificate_text = BIO_new_mem_buf(pair->certificate, -1);
    CLEANUP(BIO_free) BIO *key_text = BIO_new_mem_buf(pair->key, -1);
    CLEANUP(X509_free) X509 *certificate = NULL;
    CLEANUP(EVP_PKEY_free) EVP_PKEY *key = NULL;
    if (!openssl_read_certificate(certificate_text, &certificate, error) ||
        !openssl_read_key(key_text, &key, error)) {
        return false;
    }
    if (X509_check_private_key(certificate, key) != 1) {
        return openssl_error(error, ERROR_INVALID, "the key does not belong to the certificate");
    }
    if (!is_authority(certificate, now, error)) {
        return false;
    }
    struct certificate_authority *authority = memory_calloc(1, sizeof(*authority));
    authority->certificate = X509_free_take(&certificate);
    authority->key = EVP_PKEY_free_take(&key);
    *ret_authority = authority;
    return true;
}

bool certificate_authority_export(const struct certificate_authority *authority,
                                  struct certificate_pair *ret_pair, struct error *error) {
    return to_pem(authority->certificate, authority->key, ret_pair, error);
}

bool certificate_authority_issue(const struct certificate_authority *authority,
                                 const struct certificate_names *names, unsigned days,
                                 struct certificate_pair *ret_pair, struct error *error) {
    const struct certificate_period period = period_of_days(days);
    return certificate_authority_issue_for(authority, names, &period, ret_pair, error);
}

bool certificate_authority_issue_for(const struct certificate_authority *authority,
                                     const struct certificate_names *names,
                                     const struct certificate_period *period,
                                     struct certificate_pair *ret_pair, struct error *error) {
    CLEANUP(GENERAL_NAMES_free) GENERAL_NAMES *alternatives = NULL;
    if (!certificate_names_make(names, &alternatives, error)) {
        return false;
    }
    // Clients read the alternative names only; X.520 has room for 64 characters here.
    const char *common_name = names->dns_count > 0 ? names->dns[0] : names->addresses[0];
    if (strlen(common_name) > 64) {
        common_name = "webhook";
    }
    CLEANUP(X509_free) X509 *certificate = X509_new();
    CLEANUP(EVP_PKEY_free) EVP_PKEY *key = EVP_EC_gen("P-256");
    X509 *issuer = authority->certificate;
    if (!certificate || !key || !start(certificate, key, issuer, common_name, period) ||
        !add_extension(certificate, issuer, NID_basic_constraints, "critical,CA:FALSE") ||
        !add_extension(certificate, issuer, NID_key_usage, "critical,digitalSignature") ||
        !add_extension(certificate, issuer, NID_ext_key_usage, "serverAuth") ||
        !add_extension(certificate, issuer, NID_subject_key_identifier, "hash") ||
        !add_extension(certificate, issuer, NID_authority_key_identifier, "keyid:always") ||
        !X509_add1_ext_i2d(certificate, NID_subject_alt_name, alternatives, 0, X509V3_ADD_APPEND) ||
        !X509_sign(certificate, authority->key, EVP_sha256())) {
        return openssl_error(error, ERROR_IO, "can't issue a serving certificate");
    }
    return to_pem(certificate, key, ret_pair, error);
}
