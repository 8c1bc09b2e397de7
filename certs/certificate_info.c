#include "certs/certificate_info.h"

#include "certs/certificate_names.h"
#include "certs/openssl_help.h"

#include <errno.h>
#include <openssl/x509_vfy.h>
#include <string.h>
#include <time.h>

DEFINE_CLEANUP(X509_STORE_free, X509_STORE *)
DEFINE_CLEANUP(X509_STORE_CTX_free, X509_STORE_CTX *)

void certificate_info_clear(struct certificate_info *info) {
    arena_free(info->arena);
    *info = (struct certificate_info){0};
}

static bool open_file(const char *path, BIO **ret_file, struct error *error) {
    errno = 0;
    BIO *file = BIO_new_file(path, "r");
    if (!file) {
        int cause = errno;
        (void)openssl_error(error, ERROR_IO, path);
        return error_set(error, cause == ENOENT ? ERROR_NOT_FOUND : ERROR_IO, "%s: %s", path,
                         strerror(cause));
    }
    *ret_file = file;
    return true;
}

static bool read_certificate(const char *path, X509 **ret_certificate, struct error *error) {
    CLEANUP(BIO_free) BIO *file = NULL;
    if (!open_file(path, &file, error)) {
        return false;
    }
    return openssl_read_certificate(file, ret_certificate, error) ? true : error_wrap(error, "%s", path);
}

static const char *name_line(struct arena *arena, const X509_NAME *name) {
    CLEANUP(BIO_free) BIO *text = BIO_new(BIO_s_mem());
    if (!text || X509_NAME_print_ex(text, name, 0, XN_FLAG_RFC2253) < 0) {
        return "";
    }
    char *bytes;
    long length = BIO_get_mem_data(text, &bytes);
    return arena_copy_text(arena, bytes, (size_t)length);
}

static int64_t seconds(const ASN1_TIME *when) {
    struct tm utc;
    return ASN1_TIME_to_tm(when, &utc) ? (int64_t)timegm(&utc) : 0;
}

static void read_names(struct certificate_info *info, X509 *certificate) {
    CLEANUP(GENERAL_NAMES_free)
    GENERAL_NAMES *names = X509_get_ext_d2i(certificate, NID_subject_alt_name, NULL, NULL);
    size_t count = names ? (size_t)sk_GENERAL_NAME_num(names) : 0;
    const char **dns = arena_alloc(info->arena, (count + 1) * sizeof(*dns));
    const char **addresses = arena_alloc(info->arena, (count + 1) * sizeof(*addresses));
    for (size_t i = 0; i < count; i++) {
        char text[512];
        bool is_address;
        if (!general_name_text(sk_GENERAL_NAME_value(names, (int)i), text, sizeof(text), &is_address)) {
            continue;
        }
        if (is_address) {
            addresses[info->address_count++] = arena_strdup(info->arena, text);
        } else {
            dns[info->dns_count++] = arena_strdup(info->arena, text);
        }
    }
    info->dns = dns;
    info->addresses = addresses;
}

static struct certificate_info info_of(X509 *certificate) {
    struct certificate_info info = {.arena = arena_new()};
    info.subject = name_line(info.arena, X509_get_subject_name(certificate));
    info.issuer = name_line(info.arena, X509_get_issuer_name(certificate));
    info.not_before = seconds(X509_get0_notBefore(certificate));
    info.not_after = seconds(X509_get0_notAfter(certificate));
    info.is_authority = X509_check_ca(certificate) == 1;
    read_names(&info, certificate);
    return info;
}

bool certificate_info_read(const char *path, struct certificate_info *ret_info, struct error *error) {
    CLEANUP(X509_free) X509 *certificate = NULL;
    if (!read_certificate(path, &certificate, error)) {
        return false;
    }
    *ret_info = info_of(certificate);
    return true;
}

bool certificate_info_read_text(const char *text, struct certificate_info *ret_info, struct error *error) {
    CLEANUP(BIO_free) BIO *memory = BIO_new_mem_buf(text, -1);
    CLEANUP(X509_free) X509 *certificate = NULL;
    if (!openssl_read_certificate(memory, &certificate, error)) {
        return false;
    }
    *ret_info = info_of(certificate);
    return true;
}

int64_t certificate_info_days_left(const struct certificate_info *info, int64_t now) {
    int64_t left = info->not_after - now;
    return left >= 0 ? left / 86400 : -((-left + 86399) / 86400);
}

bool certificate_pair_check(const char *certificate_path, const char *key_path, struct error *error) {
    CLEANUP(X509_free) X509 *certificate = NULL;
    CLEANUP(BIO_free) BIO *file = NULL;
    if (!read_certificate(certificate_path, &certificate, error) || !open_file(key_path, &file, error)) {
        return false;
    }
    CLEANUP(EVP_PKEY_free) EVP_PKEY *key = NULL;
    if (!openssl_read_key(file, &key, error)) {
        return error_wrap(error, "%s", key_path);
    }
    if (X509_check_private_key(certificate, key) != 1) {
        (void)openssl_error(error, ERROR_INVALID, "");
        return error_set(error, ERROR_INVALID, "the key in %s does not belong to the certificate in %s",
                         key_path, certificate_path);
    }
    return true;
}

bool certificate_chain_check(const char *authority_path, const char *certificate_path, struct error *error) {
    CLEANUP(X509_free) X509 *authority = NULL;
    CLEANUP(X509_free) X509 *certificate = NULL;
    if (!read_certificate(authority_path, &authority, error) ||
        !read_certificate(certificate_path, &certificate, error)) {
        return false;
    }
    CLEANUP(X509_STORE_free) X509_STORE *store = X509_STORE_new();
    CLEANUP(X509_STORE_CTX_free) X509_STORE_CTX *context = X509_STORE_CTX_new();
    if (!store || !context || !X509_STORE_add_cert(store, authority) ||
        !X509_STORE_CTX_init(context, store, certificate, NULL)) {
        return openssl_error(error, ERROR_IO, "can't verify a certificate");
    }
    X509_STORE_CTX_set_default(context, "ssl_server");
    if (X509_verify_cert(context) != 1) {
        const char *reason = X509_verify_cert_error_string(X509_STORE_CTX_get_error(context));
        (void)openssl_error(error, ERROR_INVALID, "");
        return error_set(error, ERROR_INVALID, "%s is not good under %s: %s", certificate_path,
                         authority_path, reason);
    }
    return true;
}
