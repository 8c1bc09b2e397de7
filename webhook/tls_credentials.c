#include "webhook/tls_credentials.h"

#include "base/memory.h"

#include <gnutls/x509.h>
#include <stdatomic.h>
#include <string.h>

// A chain from a client is a leaf and a few intermediates.
enum { MOST_CLIENT_CERTIFICATES = 8, LONGEST_NAME = 256 };

struct tls_credentials {
    _Atomic(unsigned) references;
    gnutls_certificate_credentials_t server;
    gnutls_x509_trust_list_t clients; // NULL: clients need no certificate
    int64_t not_before, not_after;
};

static void free_datum_cleanup(gnutls_datum_t *datum) {
    if (datum->data) {
        explicit_bzero(datum->data, datum->size);
        gnutls_free(datum->data);
    }
}

static bool read_pem(const char *path, gnutls_datum_t *ret_text, struct error *error) {
    int status = gnutls_load_file(path, ret_text);
    if (status < 0) {
        *ret_text = (gnutls_datum_t){0};
        return error_set(error, ERROR_IO, "%s: can't be read: %s", path, gnutls_strerror(status));
    }
    return true;
}

// Where a certificate and its key came from, for messages.
struct origin {
    const char *certificate, *key;
};

static bool read_dates(struct tls_credentials *credentials, const char *name, struct error *error) {
    gnutls_x509_crt_t *chain = NULL;
    unsigned count = 0;
    if (gnutls_certificate_get_x509_crt(credentials->server, 0, &chain, &count) < 0 || count == 0) {
        return error_set(error, ERROR_INVALID, "%s: no certificate inside", name);
    }
    credentials->not_before = gnutls_x509_crt_get_activation_time(chain[0]);
    credentials->not_after = gnutls_x509_crt_get_expiration_time(chain[0]);
    for (unsigned i = 0; i < count; i++) {
        gnutls_x509_crt_deinit(chain[i]);
    }
    gnutls_free(chain);
    return true;
}

static bool set_server(struct tls_credentials *credentials, const struct origin *origin,
                       const gnutls_datum_t *certificate, const gnutls_datum_t *key, struct error *error) {
    int status =
        gnutls_certificate_set_x509_key_mem(credentials->server, certificate, key, GNUTLS_X509_FMT_PEM);
    if (status == GNUTLS_E_CERTIFICATE_KEY_MISMATCH) {
        return error_set(error, ERROR_INVALID, "the key in %s does not belong to the certificate in %s",
                         origin->key, origin->certificate);
    }
    if (status < 0) {
        return error_set(error, ERROR_INVALID, "%s and %s: not a certificate and its key in PEM: %s",
                         origin->certificate, origin->key, gnutls_strerror(status));
    }
    return read_dates(credentials, origin->certificate, error);
}

static bool load_clients(struct tls_credentials *credentials, const char *path, struct error *error) {
    CLEANUP(free_datum) gnutls_datum_t bundle = {0};
    if (!read_pem(path, &bundle, error)) {
        return false;
    }
    gnutls_x509_trust_list_init(&credentials->clients, 0);
    int count =
        gnutls_x509_trust_list_add_trust_mem(credentials->clients, &bundle, NULL, GNUTLS_X509_FMT_PEM, 0, 0);
    return count > 0 ? true : error_set(error, ERROR_INVALID, "%s: no certificate in PEM inside", path);
}

static bool make(const struct origin *origin, const gnutls_datum_t *certificate, const gnutls_datum_t *key,
                 const char *client_authorities, struct tls_credentials **ret_credentials,
                 struct error *error) {
    CLEANUP(tls_credentials_unref)
    struct tls_credentials *credentials = memory_calloc(1, sizeof(*credentials));
    atomic_init(&credentials->references, 1);
    if (gnutls_certificate_allocate_credentials(&credentials->server) < 0) {
        return error_set(error, ERROR_IO, "can't make TLS credentials");
    }
    if (!set_server(credentials, origin, certificate, key, error) ||
        (client_authorities && !load_clients(credentials, client_authorities, error))) {
        return false;
    }
    *ret_credentials = tls_credentials_unref_take(&credentials);
    return true;
}

bool tls_credentials_load(const struct tls_files *files, struct tls_credentials **ret_credentials,
                          struct error *error) {
    CLEANUP(free_datum) gnutls_datum_t certificate = {0};
    CLEANUP(free_datum) gnutls_datum_t key = {0};
    const struct origin origin = {.certificate = files->certificate, .key = files->key};
    return read_pem(files->certificate, &certificate, error) && read_pem(files->key, &key, error) &&
           make(&origin, &certificate, &key, files->client_authorities, ret_credentials, error);
}

static gnutls_datum_t datum_of(const char *text) {
    return (gnutls_datum_t){.data = (unsigned char *)(uintptr_t)text, .size = (unsigned)strlen(text)};
}

bool tls_credentials_load_texts(const struct tls_texts *texts, struct tls_credentials **ret_credentials,
                                struct error *error) {
    const gnutls_datum_t certificate = datum_of(texts->certificate), key = datum_of(texts->key);
    const struct origin origin = {.certificate = texts->name, .key = texts->name};
    return make(&origin, &certificate, &key, texts->client_authorities, ret_credentials, error);
}

struct tls_credentials *tls_credentials_ref(struct tls_credentials *credentials) {
    if (credentials) {
        atomic_fetch_add_explicit(&credentials->references, 1, memory_order_relaxed);
    }
    return credentials;
}

void tls_credentials_unref(struct tls_credentials *credentials) {
    if (!credentials || atomic_fetch_sub_explicit(&credentials->references, 1, memory_order_acq_rel) > 1) {
        return;
    }
    if (credentials->clients) {
        gnutls_x509_trust_list_deinit(credentials->clients, 1);
    }
    if (credentials->server) {
        gnutls_certificate_free_credentials(credentials->server);
    }
    free(credentials);
}

int64_t tls_credentials_not_before(const struct tls_credentials *credentials) {
    return credentials->not_before;
}

int64_t tls_credentials_not_after(const struct tls_credentials *credentials) {
    return credentials->not_after;
}

bool tls_credentials_use(const struct tls_credentials *credentials, gnutls_session_t session,
                         struct error *error) {
    int status = gnutls_credentials_set(session, GNUTLS_CRD_CERTIFICATE, credentials->server);
    if (status < 0) {
        return error_set(error, ERROR_IO, "can't set TLS credentials: %s", gnutls_strerror(status));
    }
    // Asked for, not required: a client without one gets an answer that says what is missing.
    gnutls_certificate_server_set_request(session,
                                          credentials->clients ? GNUTLS_CERT_REQUEST : GNUTLS_CERT_IGNORE);
    return true;
}

struct client_chain {
    gnutls_x509_crt_t certificates[MOST_CLIENT_CERTIFICATES];
    unsigned count;
};

static void free_chain_cleanup(struct client_chain *chain) {
    for (unsigned i = 0; i < chain->count; i++) {
        gnutls_x509_crt_deinit(chain->certificates[i]);
    }
}

static bool read_chain(gnutls_session_t session, struct client_chain *chain, struct error *error) {
    unsigned count = 0;
    const gnutls_datum_t *raw = gnutls_certificate_get_peers(session, &count);
    if (!raw || count == 0) {
        return error_set(error, ERROR_DENIED, "a client certificate is required here, and none was shown");
    }
    for (unsigned i = 0; i < count && i < MOST_CLIENT_CERTIFICATES; i++) {
        gnutls_x509_crt_t certificate;
        gnutls_x509_crt_init(&certificate);
        chain->certificates[chain->count++] = certificate;
        if (gnutls_x509_crt_import(certificate, &raw[i], GNUTLS_X509_FMT_DER) < 0) {
            return error_set(error, ERROR_DENIED, "the client certificate can't be read");
        }
    }
    return true;
}

static bool verify_chain(const struct tls_credentials *credentials, struct client_chain *chain,
                         struct error *error) {
    gnutls_typed_vdata_st purpose = {.type = GNUTLS_DT_KEY_PURPOSE_OID,
                                     .data = (unsigned char *)GNUTLS_KP_TLS_WWW_CLIENT};
    unsigned status = 0;
    int result = gnutls_x509_trust_list_verify_crt2(credentials->clients, chain->certificates, chain->count,
                                                    &purpose, 1, 0, &status, NULL);
    if (result < 0) {
        return error_set(error, ERROR_DENIED, "the client certificate can't be verified: %s",
                         gnutls_strerror(result));
    }
    if (status == 0) {
        return true;
    }
    const unsigned unsigned_by_bundle = GNUTLS_CERT_SIGNER_NOT_FOUND | GNUTLS_CERT_SIGNATURE_FAILURE;
    const char *why = status & unsigned_by_bundle    ? "no authority in the --client-ca bundle signed it"
                      : status & GNUTLS_CERT_EXPIRED ? "it has expired"
                      : status & GNUTLS_CERT_NOT_ACTIVATED      ? "it is not valid yet"
                      : status & GNUTLS_CERT_PURPOSE_MISMATCH   ? "it is not for client authentication"
                      : status & GNUTLS_CERT_INSECURE_ALGORITHM ? "it uses an insecure algorithm"
                                                                : "its chain is wrong";
    return error_set(error, ERROR_DENIED, "the client certificate is not accepted: %s", why);
}

static bool is_listed(const char *name, const char *const *names, size_t count) {
    for (size_t i = 0; i < count; i++) {
        if (strcmp(name, names[i]) == 0) {
            return true;
        }
    }
    return false;
}

static bool check_name(gnutls_x509_crt_t certificate, const char *const *names, size_t count,
                       struct error *error) {
    char name[LONGEST_NAME] = "";
    size_t size = sizeof(name);
    int status = gnutls_x509_crt_get_dn_by_oid(certificate, GNUTLS_OID_X520_COMMON_NAME, 0, 0, name, &size);
    // A name with a NUL inside must not pass as its first half.
    if (status < 0 || strlen(name) != size) {
        strcpy(name, "");
    }
    if (count == 0 || (*name && is_listed(name, names, count))) {
        return true;
    }
    for (unsigned i = 0; i < 100; i++) {
        char other[LONGEST_NAME];
        size = sizeof(other);
        status = gnutls_x509_crt_get_subject_alt_name(certificate, i, other, &size, NULL);
        if (status == GNUTLS_E_REQUESTED_DATA_NOT_AVAILABLE) {
            break;
        }
        if (status == GNUTLS_SAN_DNSNAME && strlen(other) == size && is_listed(other, names, count)) {
            return true;
        }
    }
    return error_set(error, ERROR_DENIED,
                     "the client certificate's name \"%.100s\" is not among --client-name", name);
}

bool tls_credentials_check_client(const struct tls_credentials *credentials, gnutls_session_t session,
                                  const char *const *names, size_t count, struct error *error) {
    if (!credentials->clients) {
        return true;
    }
    CLEANUP(free_chain) struct client_chain chain = {0};
    return read_chain(session, &chain, error) && verify_chain(credentials, &chain, error) &&
           check_name(chain.certificates[0], names, count, error);
}
