#include "manager/rotation_internal.h"

#include "base/buffer.h"
#include "base/log.h"
#include "base/memory.h"
#include "base/random.h"
#include "certs/certificate_info.h"
#include "certs/certificate_text.h"

#include <stdio.h>
#include <string.h>
#include <time.h>

enum {
    MOST_ACTIONS = 8, // in one step; more than a whole rotation needs
    LONGEST_BACKOFF_SECONDS = 60,
    // A wall clock that differs from the steady one by more has been set, and is not believed for a while.
    CLOCK_JUMP_SECONDS = 600,
    CLOCK_DOUBT_SECONDS = 600,
    DAY_SECONDS = 86400,
    LOOKS_PER_LIFE = 12, // of a certificate: four in the third that is left once it is due
    MOST_VERSIONS_BYTES = 4096,
};

static void clear_secret_text_cleanup(char **text) {
    rotation_set_text(text, NULL);
}

static void add_configurations(struct rotation *rotation, const struct kube_resource *resource,
                               const char *const *names, size_t count) {
    for (size_t i = 0; i < count; i++) {
        rotation->configurations[rotation->configuration_count++].name =
            (struct kube_name){.resource = resource, .name = names[i]};
    }
}

static void set_defaults(struct rotation_options *options) {
    const struct rotation_settings defaults = {
        .authority_seconds = (int64_t)ROTATION_AUTHORITY_DAYS * DAY_SECONDS,
        .certificate_seconds = (int64_t)ROTATION_CERTIFICATE_DAYS * DAY_SECONDS,
        .grace_seconds = ROTATION_GRACE_SECONDS,
        .retire_seconds = ROTATION_RETIRE_SECONDS};
    int64_t *const set[] = {&options->settings.authority_seconds, &options->settings.certificate_seconds,
                            &options->settings.grace_seconds, &options->settings.retire_seconds,
                            &options->poll_seconds};
    const int64_t values[] = {defaults.authority_seconds, defaults.certificate_seconds,
                              defaults.grace_seconds, defaults.retire_seconds, ROTATION_POLL_SECONDS};
    for (size_t i = 0; i < sizeof(set) / sizeof(set[0]); i++) {
        if (*set[i] == 0) {
            *set[i] = values[i];
        }
    }
    int64_t longest = options->settings.certificate_seconds / LOOKS_PER_LIFE;
    longest = longest < 1 ? 1 : longest;
    options->poll_seconds = options->poll_seconds < longest ? options->poll_seconds : longest;
}

bool rotation_new(const struct rotation_options *options, struct rotation **ret_rotation,
                  struct error *error) {
    size_t names = options->settings.names.dns_count + options->settings.names.address_count;
    if (options->validating_count + options->mutating_count > ROTATION_MOST_CONFIGURATIONS) {
        return error_set(error, ERROR_INVALID, "more than %d webhook configurations",
                         ROTATION_MOST_CONFIGURATIONS);
    }
    if (names == 0) {
        return error_set(error, ERROR_INVALID, "a serving certificate needs at least one name");
    }
    struct rotation *rotation = memory_calloc(1, sizeof(*rotation));
    rotation->options = *options;
    rotation->random = options->random_seed;
    set_defaults(&rotation->options);
    rotation->secret = (struct kube_name){
        .resource = &rotation_secrets, .namespace = options->namespace, .name = options->secret};
    add_configurations(rotation, &rotation_validating, options->validating, options->validating_count);
    add_configurations(rotation, &rotation_mutating, options->mutating, options->mutating_count);
    *ret_rotation = rotation;
    return true;
}

void rotation_free(struct rotation *rotation) {
    if (!rotation) {
        return;
    }
    for (size_t i = 0; i < rotation->configuration_count; i++) {
        rotation_webhooks_clear(&rotation->configurations[i].webhooks);
        free(rotation->configurations[i].generation);
    }
    rotation_set_text(&rotation->served, NULL);
    rotation_set_text(&rotation->served_key, NULL);
    rotation_set_text(&rotation->served_authority, NULL);
    rotation_set_text(&rotation->settled_authority, NULL);
    rotation_set_text(&rotation->versions, NULL);
    free(rotation);
}

struct rotation_clock rotation_clock_now(void) {
    struct timespec steady;
    clock_gettime(CLOCK_BOOTTIME, &steady);
    return (struct rotation_clock){.wall = time(NULL), .steady = steady.tv_sec};
}

struct rotation_status rotation_status(const struct rotation *rotation) {
    return rotation->status;
}

// Below bound.
static int64_t jitter(struct rotation *rotation, int64_t bound) {
    uint64_t value = random_next(&rotation->random);
    return bound > 0 ? (int64_t)(value % (uint64_t)bound) : 0;
}

static struct rotation_view view_of(const struct rotation *rotation, const struct rotation_picture *picture,
                                    struct rotation_clock now) {
    return (struct rotation_view){
        .settings = &rotation->options.settings,
        .content = picture->version ? &picture->content : NULL,
        .bundles = picture->bundles,
        .bundle_count = picture->bundle_count,
        .served = rotation->served,
        .served_authority = rotation->served_authority,
        .now = now.wall,
        .steady = now.steady,
        .settled_authority = rotation->settled_authority,
        .settled_steady = rotation->settled_steady,
        .clock_doubtful = now.steady < rotation->doubt_until_steady,
    };
}

static void deliver(struct rotation *rotation, const struct rotation_content *content) {
    CLEANUP(certificate_info_clear) struct certificate_info certificate = {0};
    CLEANUP(certificate_info_clear) struct certificate_info authority = {0};
    bool same = rotation->served && strcmp(rotation->served, content->certificate) == 0 &&
                strcmp(rotation->served_key, content->key) == 0;
    if (same || !certificate_info_read_text(content->certificate, &certificate, NULL) ||
        !certificate_info_read_text(content->authority, &authority, NULL)) {
        return;
    }
    rotation->options.deliver(rotation->options.cookie, content->certificate, content->key,
                              certificate.not_before, certificate.not_after);
    rotation_set_text(&rotation->served, content->certificate);
    rotation_set_text(&rotation->served_key, content->key);
    rotation_set_text(&rotation->served_authority, content->authority);
    rotation->status.certificate_not_after = certificate.not_after;
    rotation->status.authority_not_after = authority.not_after;
}

// True when that changes what the next plan goes by.
static bool remember_settled(struct rotation *rotation, const struct rotation_view *view, bool settled) {
    const char *authority = settled && view->content ? view->content->authority : NULL;
    if (authority && rotation->settled_authority && strcmp(rotation->settled_authority, authority) == 0) {
        return false;
    }
    rotation_set_text(&rotation->settled_authority, authority);
    if (!authority) {
        return false;
    }
    rotation->settled_steady = view->steady;
    return true;
}

static bool write_secret(struct rotation *rotation, const struct rotation_picture *picture,
                         const struct rotation_view *view, enum rotation_action action, struct error *error) {
    const struct rotation_store *store = &rotation->options.store;
    const struct rotation_settings *settings = view->settings;
    CLEANUP(free) char *known = rotation_plan_known(view);
    CLEANUP(rotation_content_clear) struct rotation_content content = {0};
    const struct rotation_change change = {.action = action,
                                           .from = view->content,
                                           .known = known,
                                           .names = &settings->names,
                                           .now = view->now,
                                           .authority_seconds = settings->authority_seconds,
                                           .certificate_seconds = settings->certificate_seconds};
    if (!rotation_content_change(&change, &content, error)) {
        return false;
    }
    CLEANUP(clear_secret_text)
    char *body = rotation_secret_write(&rotation->secret, &content, picture->version);
    const struct kube_patch patch = {.type = KUBE_PATCH_MERGE, .body = body};
    bool written = picture->version ? store->methods->patch(store->cookie, &rotation->secret, &patch, error)
                                    : store->methods->create(store->cookie, &rotation->secret, body, error);
    return written ? true : error_wrap(error, "Secret %s", rotation->options.secret);
}

// Every configuration is tried, so that one that can't be changed does not leave the others wrong.
static bool publish(struct rotation *rotation, const struct rotation_view *view, struct error *error) {
    const struct rotation_store *store = &rotation->options.store;
    size_t first = 0;
    bool all = true;
    for (size_t i = 0; i < rotation->configuration_count; i++) {
        const struct rotation_configuration *configuration = &rotation->configurations[i];
        char *wanted[ROTATION_MOST_WEBHOOKS] = {0};
        bool change = false;
        for (size_t j = 0; j < configuration->webhooks.count; j++) {
            wanted[j] = rotation_plan_bundle(view, first + j);
            change = change || wanted[j];
        }
        CLEANUP(free) char *body = change ? rotation_webhooks_write(&configuration->webhooks, wanted) : NULL;
        const struct kube_patch patch = {.type = KUBE_PATCH_JSON, .body = body};
        if (change && !store->methods->patch(store->cookie, &configuration->name, &patch, error)) {
            all = error_wrap(error, "%s %s", configuration->name.resource->kind, configuration->name.name);
        }
        for (size_t j = 0; j < configuration->webhooks.count; j++) {
            free(wanted[j]);
        }
        first += configuration->webhooks.count;
    }
    return all;
}

// Nothing was due before some time, and nothing has changed since: no need to read all certificates again.
static bool is_as_planned(struct rotation *rotation, const struct rotation_picture *picture, int64_t steady) {
    CLEANUP(buffer_clear) struct buffer versions;
    buffer_init(&versions, MOST_VERSIONS_BYTES);
    buffer_printf(&versions, "%s", picture->version ? picture->version : "");
    for (size_t i = 0; i < rotation->configuration_count; i++) {
        const struct rotation_configuration *configuration = &rotation->configurations[i];
        buffer_printf(&versions, " %s/%s", configuration->exists ? configuration->webhooks.generation : "",
                      configuration->exists ? configuration->webhooks.version : "");
    }
    bool same = rotation->versions && strcmp(rotation->versions, buffer_text(&versions)) == 0;
    if (!same) {
        rotation_set_text(&rotation->versions, buffer_text(&versions));
        rotation->planned_until_steady = 0;
    }
    return same && !versions.cut && steady < rotation->planned_until_steady;
}

// One look and at most one action. *ret_wait: seconds until something may be due, 0: look again at once.
static bool act(struct rotation *rotation, int64_t *ret_wait, struct error *error) {
    CLEANUP(rotation_picture_clear) struct rotation_picture picture = {0};
    struct rotation_clock now = rotation_clock_read(rotation);
    if (!rotation_picture_take(rotation, &picture, error)) {
        return false;
    }
    if (is_as_planned(rotation, &picture, now.steady)) {
        *ret_wait = rotation->planned_until_steady - now.steady;
        return true;
    }
    struct rotation_view view = view_of(rotation, &picture, now);
    const struct rotation_plan plan = rotation_plan(&view);
    if (plan.serve) {
        deliver(rotation, &picture.content);
    }
    bool changed = remember_settled(rotation, &view, plan.settled);
    if (plan.action == ROTATION_NOTHING) {
        *ret_wait = changed ? 1 : plan.wait_seconds;
        rotation->planned_until_steady = now.steady + *ret_wait;
        return true;
    }
    // It borrows what deliver and remember_settled have just replaced.
    view = view_of(rotation, &picture, now);
    bool done = plan.action == ROTATION_PUBLISH ? publish(rotation, &view, error)
                                                : write_secret(rotation, &picture, &view, plan.action, error);
    if (done) {
        log_write(LOG_INFO, "certificates: a step of the rotation", "action",
                  rotation_action_name(plan.action), "why", plan.why, NULL);
        *ret_wait = 0;
    }
    return done;
}

static void doubt_clock(struct rotation *rotation, struct rotation_clock now) {
    int64_t drift = (now.wall - rotation->last.wall) - (now.steady - rotation->last.steady);
    if (rotation->last.steady != 0 && (drift > CLOCK_JUMP_SECONDS || drift < -CLOCK_JUMP_SECONDS)) {
        rotation->planned_until_steady = 0;
        rotation->doubt_until_steady = now.steady + CLOCK_DOUBT_SECONDS;
        log_write(LOG_WARN, "certificates: the clock has jumped; nothing is renewed for ten minutes", NULL);
    }
    rotation->last = now;
}

static int64_t failed(struct rotation *rotation, struct rotation_clock now, const struct error *error) {
    struct rotation_status *status = &rotation->status;
    // Another replica was first: nothing is wrong, and what it did is seen by the next look.
    if (error->kind == ERROR_CONFLICT) {
        return now.steady + 1 + jitter(rotation, 2);
    }
    if (strcmp(status->problem, error->message) != 0) {
        log_write(LOG_ERROR, "certificates: the rotation has failed, what is served stays", "error",
                  error->message, NULL);
    }
    snprintf(status->problem, sizeof(status->problem), "%.255s", error->message);
    int64_t backoff = status->failures < 6 ? (int64_t)1 << status->failures : LONGEST_BACKOFF_SECONDS;
    status->failures++;
    backoff = backoff < LONGEST_BACKOFF_SECONDS ? backoff : LONGEST_BACKOFF_SECONDS;
    return now.steady + 1 + backoff / 2 + jitter(rotation, backoff / 2);
}

int64_t rotation_step(struct rotation *rotation) {
    const struct rotation_clock now = rotation_clock_read(rotation);
    doubt_clock(rotation, now);
    int64_t wait = 0;
    for (int i = 0; i < MOST_ACTIONS && wait == 0; i++) {
        struct error error = {0};
        if (!act(rotation, &wait, &error)) {
            return failed(rotation, rotation_clock_read(rotation), &error);
        }
    }
    rotation->status.failures = 0;
    rotation->status.problem[0] = '\0';
    int64_t poll = rotation->options.poll_seconds;
    // A look that takes place later than planned, but never later than the poll.
    int64_t next = wait < poll ? wait : poll - jitter(rotation, poll / 5 + 1);
    return rotation_clock_read(rotation).steady + (next > 0 ? next : 1);
}
