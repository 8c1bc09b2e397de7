#include "webhook/readiness.h"

#include "base/memory.h"

#include <pthread.h>
#include <stdio.h>
#include <time.h>

// One thing that is loaded, and reloaded.
struct part {
    bool loaded;
    bool failed; // the last load failed
    time_t failed_at;
    char why[512];
};

struct readiness {
    pthread_mutex_t lock;
    bool draining;
    struct part policies, certificate, keys;
    size_t policy_count;
    char key_names[KEY_RING_MOST_KEYS * (KEY_ID_BYTES + 2) + 16];
    int64_t not_before, not_after;
    bool (*check_more)(void *cookie, struct buffer *ret_text);
    void *cookie;
};

struct readiness *readiness_new(void) {
    struct readiness *readiness = memory_calloc(1, sizeof(*readiness));
    pthread_mutex_init(&readiness->lock, NULL);
    return readiness;
}

void readiness_free(struct readiness *readiness) {
    if (readiness) {
        pthread_mutex_destroy(&readiness->lock);
        free(readiness);
    }
}

static void set_failed(struct readiness *readiness, struct part *part, const char *why) {
    pthread_mutex_lock(&readiness->lock);
    part->failed = true;
    part->failed_at = time(NULL);
    snprintf(part->why, sizeof(part->why), "%s", why);
    pthread_mutex_unlock(&readiness->lock);
}

void readiness_policies_loaded(struct readiness *readiness, size_t count) {
    pthread_mutex_lock(&readiness->lock);
    readiness->policies = (struct part){.loaded = true};
    readiness->policy_count = count;
    pthread_mutex_unlock(&readiness->lock);
}

void readiness_policies_failed(struct readiness *readiness, const char *why) {
    set_failed(readiness, &readiness->policies, why);
}

void readiness_certificate_loaded(struct readiness *readiness, int64_t not_before, int64_t not_after) {
    pthread_mutex_lock(&readiness->lock);
    readiness->certificate = (struct part){.loaded = true};
    readiness->not_before = not_before;
    readiness->not_after = not_after;
    pthread_mutex_unlock(&readiness->lock);
}

void readiness_certificate_failed(struct readiness *readiness, const char *why) {
    set_failed(readiness, &readiness->certificate, why);
}

void readiness_keys_loaded(struct readiness *readiness, const struct key_ring *keys) {
    CLEANUP(buffer_clear) struct buffer names;
    buffer_init(&names, sizeof(readiness->key_names) - 1);
    for (size_t i = 0; i < key_ring_count(keys); i++) {
        buffer_printf(&names, i == 0 ? "%s (signs)" : ", %s", key_ring_id(keys, i));
    }
    pthread_mutex_lock(&readiness->lock);
    readiness->keys = (struct part){.loaded = true};
    snprintf(readiness->key_names, sizeof(readiness->key_names), "%s", buffer_text(&names));
    pthread_mutex_unlock(&readiness->lock);
}

void readiness_keys_failed(struct readiness *readiness, const char *why) {
    set_failed(readiness, &readiness->keys, why);
}

void readiness_ask(struct readiness *readiness, bool (*check)(void *cookie, struct buffer *ret_text),
                   void *cookie) {
    readiness->check_more = check;
    readiness->cookie = cookie;
}

void readiness_drain(struct readiness *readiness) {
    pthread_mutex_lock(&readiness->lock);
    readiness->draining = true;
    pthread_mutex_unlock(&readiness->lock);
}

static void append_time(struct buffer *text, int64_t when) {
    time_t seconds = when;
    struct tm utc;
    char line[32];
    gmtime_r(&seconds, &utc);
    strftime(line, sizeof(line), "%Y-%m-%dT%H:%M:%SZ", &utc);
    buffer_append_text(text, line);
}

static void append_failure(struct buffer *text, const struct part *part, const char *name) {
    if (!part->failed) {
        return;
    }
    buffer_printf(text, "%s: the last load failed at ", name);
    append_time(text, part->failed_at);
    buffer_printf(text, "%s: %s\n", part->loaded ? ", what was loaded before stays in force" : "", part->why);
}

static bool check_certificate(const struct readiness *readiness, int64_t now, struct buffer *text) {
    if (!readiness->certificate.loaded) {
        buffer_append_text(text, "certificate: none loaded\n");
        return false;
    }
    bool early = now < readiness->not_before;
    bool late = now >= readiness->not_after;
    buffer_append_text(text, early  ? "certificate: not valid before "
                             : late ? "certificate: expired at "
                                    : "certificate: valid until ");
    append_time(text, early ? readiness->not_before : readiness->not_after);
    buffer_append_char(text, '\n');
    return !early && !late;
}

bool readiness_check(struct readiness *readiness, int64_t now, struct buffer *ret_text) {
    CLEANUP(buffer_clear) struct buffer detail;
    buffer_init(&detail, 4096);
    pthread_mutex_lock(&readiness->lock);
    bool ready = !readiness->draining;
    if (readiness->draining) {
        buffer_append_text(&detail, "draining: this process is about to end\n");
    }
    if (readiness->policies.loaded) {
        buffer_printf(&detail, "policies: %zu in force\n", readiness->policy_count);
    } else {
        buffer_append_text(&detail, "policies: none loaded\n");
        ready = false;
    }
    append_failure(&detail, &readiness->policies, "policies");
    ready = check_certificate(readiness, now, &detail) && ready;
    append_failure(&detail, &readiness->certificate, "certificate");
    if (readiness->keys.loaded) {
        buffer_printf(&detail, "attestation keys: %s\n", readiness->key_names);
    }
    append_failure(&detail, &readiness->keys, "attestation keys");
    pthread_mutex_unlock(&readiness->lock);
    ready = (!readiness->check_more || readiness->check_more(readiness->cookie, &detail)) && ready;
    buffer_append_text(ret_text, ready ? "ready\n" : "not ready\n");
    buffer_append_text(ret_text, buffer_text(&detail));
    return ready;
}
