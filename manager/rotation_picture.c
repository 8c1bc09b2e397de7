#include "manager/rotation_internal.h"

#include "base/memory.h"

#include <string.h>

void rotation_picture_clear(struct rotation_picture *picture) {
    rotation_content_clear(&picture->content);
    free(picture->version);
}

void rotation_set_text(char **slot, const char *text) {
    if (*slot) {
        explicit_bzero(*slot, strlen(*slot));
        free(*slot);
    }
    *slot = text ? memory_strdup(text) : NULL;
}

struct rotation_clock rotation_clock_read(const struct rotation *rotation) {
    const struct rotation_options *options = &rotation->options;
    return options->clock ? options->clock(options->cookie) : rotation_clock_now();
}

// *ret_found: is it there?
static bool read_object(struct rotation *rotation, const struct kube_name *name,
                        struct document **ret_document, bool *ret_found, struct error *error) {
    const struct rotation_store *store = &rotation->options.store;
    struct error reason = {0};
    bool found = store->methods->read(store->cookie, name, ret_document, &reason);
    if (!found && reason.kind != ERROR_NOT_FOUND) {
        return error_set(error, reason.kind, "%s %s: %s", name->resource->kind, name->name, reason.message);
    }
    *ret_found = found;
    return true;
}

static bool read_secret(struct rotation *rotation, struct rotation_picture *picture, struct error *error) {
    CLEANUP(document_free) struct document *document = NULL;
    bool found = false;
    if (!read_object(rotation, &rotation->secret, &document, &found, error)) {
        return false;
    }
    return !found ||
           rotation_secret_read(document_root(document), &picture->content, &picture->version, error);
}

static bool read_configuration(struct rotation *rotation, struct rotation_configuration *configuration,
                               struct error *error) {
    CLEANUP(document_free) struct document *document = NULL;
    bool found = false;
    if (!read_object(rotation, &configuration->name, &document, &found, error)) {
        return false;
    }
    rotation_webhooks_clear(&configuration->webhooks);
    configuration->exists = found;
    if (found && !rotation_webhooks_read(document_root(document), &configuration->webhooks, error)) {
        configuration->exists = false;
        return error_wrap(error, "%s %s", configuration->name.resource->kind, configuration->name.name);
    }
    const char *generation = configuration->webhooks.generation;
    if (!generation || !configuration->generation || strcmp(generation, configuration->generation) != 0) {
        // The time after the read: a slow one must not make the grace time shorter.
        configuration->since_steady = rotation_clock_read(rotation).steady;
        rotation_set_text(&configuration->generation, generation);
    }
    return true;
}

static bool read_configurations(struct rotation *rotation, struct rotation_picture *picture,
                                struct error *error) {
    for (size_t i = 0; i < rotation->configuration_count; i++) {
        struct rotation_configuration *configuration = &rotation->configurations[i];
        if (!read_configuration(rotation, configuration, error)) {
            return false;
        }
        for (size_t j = 0; j < configuration->webhooks.count; j++) {
            picture->bundles[picture->bundle_count++] = (struct rotation_bundle){
                .text = configuration->webhooks.bundles[j], .since_steady = configuration->since_steady};
        }
    }
    return true;
}

// The Secret is read before and after: bundles that were read between two equal versions belong to it.
bool rotation_picture_take(struct rotation *rotation, struct rotation_picture *picture, struct error *error) {
    CLEANUP(rotation_picture_clear) struct rotation_picture before = {0};
    if (!read_secret(rotation, &before, error) || !read_configurations(rotation, picture, error) ||
        !read_secret(rotation, picture, error)) {
        return false;
    }
    bool same = before.version && picture->version ? strcmp(before.version, picture->version) == 0
                                                   : !before.version && !picture->version;
    return same ? true : error_set(error, ERROR_CONFLICT, "the Secret has just changed");
}
