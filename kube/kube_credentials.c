#include "kube/kube_credentials.h"

#include "base/memory.h"
#include "kube/kube_exec.h"
#include "kube/kube_file.h"

#include <errno.h>
#include <pthread.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>

// A plugin's credential is renewed this long before it ends, so that it is good for the whole request.
enum { EXPIRY_MARGIN_S = 30 };

struct kube_credentials {
    const struct kube_config *config;
    pthread_mutex_t lock; // of all below; held while a file is read or a plugin runs
    struct kube_credential current;
    struct stat token_status; // of the token file when it was read
    int64_t expires_at;       // of the plugin's credential, seconds since 1970; INT64_MAX: never
    bool loaded;
};

void kube_credential_clear(struct kube_credential *credential) {
    kube_secret_free(credential->token);
    kube_secret_free(credential->key);
    free(credential->certificate);
    *credential = (struct kube_credential){0};
}

struct kube_credentials *kube_credentials_new(const struct kube_config *config) {
    struct kube_credentials *credentials = memory_calloc(1, sizeof(*credentials));
    credentials->config = config;
    pthread_mutex_init(&credentials->lock, NULL);
    return credentials;
}

void kube_credentials_free(struct kube_credentials *credentials) {
    if (credentials) {
        kube_credential_clear(&credentials->current);
        pthread_mutex_destroy(&credentials->lock);
        free(credentials);
    }
}

// Anything but printable ASCII in a header would be another header, or garbage.
static bool check_token(const char *token, const char *where, struct error *error) {
    for (const char *at = token; *at; at++) {
        if (*at <= ' ' || *at > '~') {
            return error_set(error, ERROR_INVALID,
                             "%s: the token holds a space or another character that "
                             "can't stand in a header",
                             where);
        }
    }
    return *token ? true : error_set(error, ERROR_INVALID, "%s: the token is empty", where);
}

static void trim(char *text) {
    size_t start = strspn(text, " \t\r\n"), length = strlen(text);
    while (length > start && strchr(" \t\r\n", text[length - 1])) {
        length--;
    }
    memmove(text, text + start, length - start);
    text[length - start] = '\0';
}

static void show(struct kube_credentials *credentials, struct kube_credential *next) {
    next->generation = credentials->current.generation + 1;
    kube_credential_clear(&credentials->current);
    credentials->current = *next;
    *next = (struct kube_credential){0};
    credentials->loaded = true;
}

static bool same_file(const struct stat *a, const struct stat *b) {
    return a->st_ino == b->st_ino && a->st_dev == b->st_dev && a->st_size == b->st_size &&
           a->st_mtim.tv_sec == b->st_mtim.tv_sec && a->st_mtim.tv_nsec == b->st_mtim.tv_nsec;
}

// While the kubelet replaces the file, the token that was read before is still good.
static bool read_token_file(struct kube_credentials *credentials, struct error *error) {
    const char *path = credentials->config->token_file;
    struct stat status;
    if (stat(path, &status) != 0) {
        return credentials->loaded ? true
                                   : error_set(error, errno == ENOENT ? ERROR_NOT_FOUND : ERROR_IO, "%s: %s",
                                               path, strerror(errno));
    }
    if (credentials->loaded && same_file(&status, &credentials->token_status)) {
        return true;
    }
    CLEANUP(kube_secret_free) char *token = NULL;
    size_t length = 0;
    if (!kube_file_read(path, &token, &length, error)) {
        return credentials->loaded;
    }
    trim(token);
    if (!check_token(token, path, error)) {
        return credentials->loaded;
    }
    credentials->token_status = status;
    struct kube_credential next = {.token = kube_secret_free_take(&token)};
    show(credentials, &next);
    return true;
}

static bool run_plugin(struct kube_credentials *credentials, struct error *error) {
    const struct kube_config *config = credentials->config;
    if (credentials->loaded &&
        (credentials->expires_at == INT64_MAX || time(NULL) + EXPIRY_MARGIN_S < credentials->expires_at)) {
        return true;
    }
    CLEANUP(kube_exec_result_clear) struct kube_exec_result result = {0};
    if (!kube_exec_run(config, &result, error)) {
        return false;
    }
    if (result.token && !check_token(result.token, config->exec.command, error)) {
        return false;
    }
    struct kube_exec_result taken = kube_exec_result_take(&result);
    struct kube_credential next = {.token = taken.token, .certificate = taken.certificate, .key = taken.key};
    credentials->expires_at = taken.expires_at;
    show(credentials, &next);
    return true;
}

static bool take_from_config(struct kube_credentials *credentials, struct error *error) {
    const struct kube_config *config = credentials->config;
    if (credentials->loaded) {
        return true;
    }
    if (config->token && !check_token(config->token, config->source, error)) {
        return false;
    }
    struct kube_credential next = {0};
    if (config->token) {
        next.token = memory_strdup(config->token);
    }
    show(credentials, &next);
    return true;
}

static bool refresh(struct kube_credentials *credentials, struct error *error) {
    if (credentials->config->exec.command) {
        return run_plugin(credentials, error);
    }
    if (credentials->config->token_file) {
        return read_token_file(credentials, error);
    }
    return take_from_config(credentials, error);
}

bool kube_credentials_get(struct kube_credentials *credentials, struct kube_credential *ret_credential,
                          struct error *error) {
    pthread_mutex_lock(&credentials->lock);
    bool ready = refresh(credentials, error);
    if (ready) {
        const struct kube_credential *current = &credentials->current;
        *ret_credential = (struct kube_credential){
            .token = current->token ? memory_strdup(current->token) : NULL,
            .certificate = current->certificate ? memory_strdup(current->certificate) : NULL,
            .key = current->key ? memory_strdup(current->key) : NULL,
            .generation = current->generation,
        };
    }
    pthread_mutex_unlock(&credentials->lock);
    return ready;
}

void kube_credentials_refused(struct kube_credentials *credentials, uint64_t generation) {
    pthread_mutex_lock(&credentials->lock);
    if (credentials->current.generation == generation) {
        credentials->loaded = false;
    }
    pthread_mutex_unlock(&credentials->lock);
}
