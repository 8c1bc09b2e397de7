#include "certs/rotation_content.h"

#include "base/memory.h"
#include "certs/certificate_bundle.h"
#include "certs/certificate_info.h"
#include "certs/certificate_text.h"

#include <assert.h>
#include <string.h>

enum { MOST_NAMES = 100 };

static const struct {
    const char *name;
    size_t offset;
} texts[ROTATION_TEXTS] = {
    {"ca.crt", offsetof(struct rotation_content, authority)},
    {"ca.key", offsetof(struct rotation_content, authority_key)},
    {"next-ca.crt", offsetof(struct rotation_content, next)},
    {"next-ca.key", offsetof(struct rotation_content, next_key)},
    {"old-ca.crt", offsetof(struct rotation_content, old)},
    {"tls.crt", offsetof(struct rotation_content, certificate)},
    {"tls.key", offsetof(struct rotation_content, key)},
};

const char *rotation_content_name(size_t index) {
    return texts[index].name;
}

char **rotation_content_text(struct rotation_content *content, size_t index) {
    return (char **)(void *)((char *)content + texts[index].offset);
}

static void clear_text(char **text) {
    if (*text) {
        explicit_bzero(*text, strlen(*text));
        free(*text);
        *text = NULL;
    }
}

void rotation_content_clear(struct rotation_content *content) {
    for (size_t i = 0; i < ROTATION_TEXTS; i++) {
        clear_text(rotation_content_text(content, i));
    }
}

const char *rotation_action_name(enum rotation_action action) {
    static const char *const names[] = {
        [ROTATION_NOTHING] = "nothing", [ROTATION_CREATE] = "create",   [ROTATION_PREPARE] = "prepare",
        [ROTATION_DEMOTE] = "demote",   [ROTATION_PUBLISH] = "publish", [ROTATION_PROMOTE] = "promote",
        [ROTATION_ISSUE] = "issue",     [ROTATION_RETIRE] = "retire",
    };
    return names[action];
}

static char *copy(const char *text) {
    return text ? memory_strdup(text) : NULL;
}

static void copy_content(const struct rotation_content *from, struct rotation_content *to) {
    if (from) {
        *to = (struct rotation_content){
            .authority = copy(from->authority),
            .authority_key = copy(from->authority_key),
            .next = copy(from->next),
            .next_key = copy(from->next_key),
            .old = copy(from->old),
            .certificate = copy(from->certificate),
            .key = copy(from->key),
        };
    }
}

static void move_text(char **to, char **from) {
    clear_text(to);
    *to = *from;
    *from = NULL;
}

static void keep_old(struct rotation_content *content, const char *more, int64_t now) {
    CLEANUP(certificate_bundle_free) struct certificate_bundle *bundle = certificate_bundle_new();
    certificate_bundle_add(bundle, more, now);
    certificate_bundle_add(bundle, content->old, now);
    clear_text(&content->old);
    if (certificate_bundle_count(bundle) > 0) {
        content->old = certificate_bundle_text(bundle);
    }
}

static bool make_authority(const struct rotation_change *change, char **certificate, char **key,
                           struct error *error) {
    const struct certificate_period period = {.now = change->now, .seconds = change->authority_seconds};
    CLEANUP(certificate_authority_free) struct certificate_authority *authority = NULL;
    CLEANUP(certificate_pair_clear) struct certificate_pair pair = {0};
    if (!certificate_authority_new_for(&period, &authority, error) ||
        !certificate_authority_export(authority, &pair, error)) {
        return false;
    }
    move_text(certificate, &pair.certificate);
    move_text(key, &pair.key);
    return true;
}

// Replicas of two versions may want different names while a new one rolls out: what is there stays, so that
// they don't take turns.
static size_t add_names(const char **all, size_t count, const char *const *more, size_t more_count) {
    for (size_t i = 0; i < more_count; i++) {
        bool found = false;
        for (size_t j = 0; j < count && !found; j++) {
            found = strcasecmp(all[j], more[i]) == 0;
        }
        if (!found) {
            all[count++] = more[i];
        }
    }
    return count;
}

static bool issue(const struct rotation_change *change, bool keeps_names, struct rotation_content *content,
                  struct error *error) {
    const struct certificate_pair signer = {.certificate = content->authority, .key = content->authority_key};
    CLEANUP(certificate_authority_free) struct certificate_authority *authority = NULL;
    CLEANUP(certificate_pair_clear) struct certificate_pair pair = {0};
    CLEANUP(certificate_info_clear) struct certificate_info present = {0};
    struct certificate_names names = *change->names;
    const char *dns[2 * MOST_NAMES], *addresses[2 * MOST_NAMES];
    keeps_names =
        keeps_names && content->certificate &&
        certificate_info_read_text(content->certificate, &present, NULL) &&
        present.dns_count + present.address_count + names.dns_count + names.address_count <= MOST_NAMES;
    if (keeps_names) {
        size_t dns_count = add_names(dns, 0, names.dns, names.dns_count);
        size_t address_count = add_names(addresses, 0, names.addresses, names.address_count);
        names = (struct certificate_names){
            .dns = dns,
            .dns_count = add_names(dns, dns_count, present.dns, present.dns_count),
            .addresses = addresses,
            .address_count = add_names(addresses, address_count, present.addresses, present.address_count)};
    }
    const struct certificate_period period = {.now = change->now, .seconds = change->certificate_seconds};
    if (!certificate_authority_read_at(&signer, change->now, &authority, error) ||
        !certificate_authority_issue_for(authority, &names, &period, &pair, error)) {
        return false;
    }
    move_text(&content->certificate, &pair.certificate);
    move_text(&content->key, &pair.key);
    return true;
}

static bool create(const struct rotation_change *change, struct rotation_content *content,
                   struct error *error) {
    rotation_content_clear(content);
    return make_authority(change, &content->authority, &content->authority_key, error) &&
           issue(change, false, content, error);
}

static bool prepare(const struct rotation_change *change, struct rotation_content *content,
                    struct error *error) {
    keep_old(content, change->known, change->now);
    return make_authority(change, &content->next, &content->next_key, error);
}

static bool is_authority(const char *certificate, const char *key, int64_t now) {
    const struct certificate_pair pair = {.certificate = (char *)certificate, .key = (char *)key};
    CLEANUP(certificate_authority_free) struct certificate_authority *authority = NULL;
    return certificate && key && certificate_authority_read_at(&pair, now, &authority, NULL);
}

static bool demote(const struct rotation_change *change, struct rotation_content *content,
                   struct error *error) {
    clear_text(&content->certificate);
    clear_text(&content->key);
    if (!is_authority(content->next, content->next_key, change->now) &&
        is_authority(content->authority, content->authority_key, change->now)) {
        move_text(&content->next, &content->authority);
        move_text(&content->next_key, &content->authority_key);
    }
    clear_text(&content->authority);
    clear_text(&content->authority_key);
    if (is_authority(content->next, content->next_key, change->now)) {
        keep_old(content, change->known, change->now);
        return true;
    }
    return prepare(change, content, error);
}

static bool promote(const struct rotation_change *change, struct rotation_content *content,
                    struct error *error) {
    keep_old(content, content->authority, change->now);
    move_text(&content->authority, &content->next);
    move_text(&content->authority_key, &content->next_key);
    return issue(change, false, content, error);
}

bool rotation_content_change(const struct rotation_change *change, struct rotation_content *ret_content,
                             struct error *error) {
    CLEANUP(rotation_content_clear) struct rotation_content content = {0};
    copy_content(change->from, &content);
    bool done = true;
    switch (change->action) {
    case ROTATION_CREATE:
        done = create(change, &content, error);
        break;
    case ROTATION_PREPARE:
        done = prepare(change, &content, error);
        break;
    case ROTATION_DEMOTE:
        done = demote(change, &content, error);
        break;
    case ROTATION_PROMOTE:
        done = promote(change, &content, error);
        break;
    case ROTATION_ISSUE:
        // A renewal in time is the moment to forget names that nobody wants any more.
        done =
            issue(change, !certificate_text_has_names(content.certificate, change->names), &content, error);
        break;
    case ROTATION_RETIRE:
        clear_text(&content.old);
        break;
    case ROTATION_NOTHING:
    case ROTATION_PUBLISH:
        assert(false);
    }
    if (done) {
        *ret_content = content;
        content = (struct rotation_content){0};
    }
    return done;
}
