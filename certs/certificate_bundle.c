#include "certs/certificate_bundle.h"

#include "base/buffer.h"
#include "base/memory.h"
#include "certs/openssl_help.h"

#include <time.h>

enum { MOST_TEXT_BYTES = 256 * 1024, MOST_BLOCKS = 64 };

struct certificate_bundle {
    X509 *certificates[BUNDLE_MOST_CERTIFICATES];
    size_t count;
    bool damaged;
};

struct certificate_bundle *certificate_bundle_new(void) {
    return memory_calloc(1, sizeof(struct certificate_bundle));
}

void certificate_bundle_free(struct certificate_bundle *bundle) {
    if (!bundle) {
        return;
    }
    for (size_t i = 0; i < bundle->count; i++) {
        X509_free(bundle->certificates[i]);
    }
    free(bundle);
}

static bool holds(const struct certificate_bundle *bundle, const X509 *certificate) {
    for (size_t i = 0; i < bundle->count; i++) {
        if (X509_cmp(bundle->certificates[i], certificate) == 0) {
            return true;
        }
    }
    return false;
}

static bool has_expired(const X509 *certificate, int64_t now) {
    time_t when = now;
    return now != 0 && X509_cmp_time(X509_get0_notAfter(certificate), &when) <= 0;
}

static void add_one(struct certificate_bundle *bundle, X509 *certificate, int64_t now) {
    if (bundle->count < BUNDLE_MOST_CERTIFICATES && !holds(bundle, certificate) &&
        !has_expired(certificate, now)) {
        X509_up_ref(certificate);
        bundle->certificates[bundle->count++] = certificate;
    }
}

void certificate_bundle_add(struct certificate_bundle *bundle, const char *text, int64_t now) {
    CLEANUP(BIO_free) BIO *memory = text ? BIO_new_mem_buf(text, -1) : NULL;
    bool end = !memory;
    for (int i = 0; i < MOST_BLOCKS && !end; i++) {
        CLEANUP(X509_free) X509 *certificate = openssl_next_certificate(memory, &end);
        if (certificate) {
            add_one(bundle, certificate, now);
        } else if (!end) {
            // Behind a broken block there may be good ones: a client finds them too.
            bundle->damaged = true;
        }
    }
}

size_t certificate_bundle_count(const struct certificate_bundle *bundle) {
    return bundle->count;
}

bool certificate_bundle_holds(const struct certificate_bundle *bundle, const char *certificate) {
    CLEANUP(BIO_free) BIO *memory = certificate ? BIO_new_mem_buf(certificate, -1) : NULL;
    CLEANUP(X509_free) X509 *read = NULL;
    return memory && openssl_read_certificate(memory, &read, NULL) && holds(bundle, read);
}

bool certificate_bundle_within(const struct certificate_bundle *part,
                               const struct certificate_bundle *whole) {
    for (size_t i = 0; i < part->count; i++) {
        if (!holds(whole, part->certificates[i])) {
            return false;
        }
    }
    return true;
}

bool certificate_bundle_is_damaged(const struct certificate_bundle *bundle) {
    return bundle->damaged;
}

static void append(struct buffer *text, X509 *certificate) {
    CLEANUP(BIO_free) BIO *memory = BIO_new(BIO_s_mem());
    if (memory && PEM_write_bio_X509(memory, certificate)) {
        char *bytes;
        long length = BIO_get_mem_data(memory, &bytes);
        buffer_append(text, bytes, (size_t)length);
    }
}

char *certificate_bundle_item(const struct certificate_bundle *bundle, size_t index) {
    struct buffer text;
    buffer_init(&text, MOST_TEXT_BYTES);
    append(&text, bundle->certificates[index]);
    return buffer_take(&text);
}

char *certificate_bundle_text(const struct certificate_bundle *bundle) {
    struct buffer text;
    buffer_init(&text, MOST_TEXT_BYTES);
    for (size_t i = 0; i < bundle->count; i++) {
        append(&text, bundle->certificates[i]);
    }
    return buffer_take(&text);
}
