#include "tests/webhook/client_certificates.h"

#include <gnutls/x509.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include <cmocka.h>

static void check(int status) {
    if (status < 0) {
        fail_msg("%s", gnutls_strerror(status));
    }
}

static void write_file(const char *path, gnutls_datum_t text) {
    FILE *file = fopen(path, "w");
    assert_non_null(file);
    assert_int_equal(fwrite(text.data, 1, text.size, file), text.size);
    fclose(file);
    gnutls_free(text.data);
}

static gnutls_x509_privkey_t make_key(void) {
    gnutls_x509_privkey_t key;
    check(gnutls_x509_privkey_init(&key));
    check(gnutls_x509_privkey_generate(key, GNUTLS_PK_ECDSA, GNUTLS_CURVE_TO_BITS(GNUTLS_ECC_CURVE_SECP256R1),
                                       0));
    return key;
}

static gnutls_x509_crt_t start(gnutls_x509_privkey_t key, const char *name, bool expired) {
    static unsigned char serial = 1;
    gnutls_x509_crt_t certificate;
    time_t now = time(NULL);
    serial++;
    check(gnutls_x509_crt_init(&certificate));
    check(gnutls_x509_crt_set_version(certificate, 3));
    check(gnutls_x509_crt_set_serial(certificate, &serial, 1));
    check(gnutls_x509_crt_set_activation_time(certificate, now - 7200));
    check(gnutls_x509_crt_set_expiration_time(certificate, expired ? now - 3600 : now + 3600));
    check(gnutls_x509_crt_set_dn_by_oid(certificate, GNUTLS_OID_X520_COMMON_NAME, 0, name,
                                        (unsigned)strlen(name)));
    check(gnutls_x509_crt_set_key(certificate, key));
    return certificate;
}

void client_certificates_make(const char *authority_path, const struct client_certificate *list, int count) {
    gnutls_datum_t text;
    gnutls_x509_privkey_t authority_key = make_key();
    gnutls_x509_crt_t authority = start(authority_key, "client CA", false);
    check(gnutls_x509_crt_set_basic_constraints(authority, 1, -1));
    check(gnutls_x509_crt_set_key_usage(authority, GNUTLS_KEY_KEY_CERT_SIGN));
    check(gnutls_x509_crt_sign2(authority, authority, authority_key, GNUTLS_DIG_SHA256, 0));
    check(gnutls_x509_crt_export2(authority, GNUTLS_X509_FMT_PEM, &text));
    write_file(authority_path, text);
    for (int i = 0; i < count; i++) {
        gnutls_x509_privkey_t key = make_key();
        gnutls_x509_crt_t certificate = start(key, list[i].common_name, list[i].expired);
        check(gnutls_x509_crt_set_key_purpose_oid(certificate, GNUTLS_KP_TLS_WWW_CLIENT, 0));
        if (list[i].dns) {
            check(gnutls_x509_crt_set_subject_alt_name(certificate, GNUTLS_SAN_DNSNAME, list[i].dns,
                                                       (unsigned)strlen(list[i].dns), GNUTLS_FSAN_SET));
        }
        check(gnutls_x509_crt_sign2(certificate, authority, authority_key, GNUTLS_DIG_SHA256, 0));
        check(gnutls_x509_crt_export2(certificate, GNUTLS_X509_FMT_PEM, &text));
        write_file(list[i].path, text);
        check(gnutls_x509_privkey_export2(key, GNUTLS_X509_FMT_PEM, &text));
        write_file(list[i].key_path, text);
        gnutls_x509_crt_deinit(certificate);
        gnutls_x509_privkey_deinit(key);
    }
    gnutls_x509_crt_deinit(authority);
    gnutls_x509_privkey_deinit(authority_key);
}
