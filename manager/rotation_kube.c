#include "manager/rotation.h"

static bool read_object(void *cookie, const struct kube_name *name, struct document **ret_document,
                        struct error *error) {
    return kube_read(cookie, name, 0, ret_document, error);
}

static bool create_object(void *cookie, const struct kube_name *name, const char *body, struct error *error) {
    return kube_create(cookie, name, body, 0, NULL, error);
}

static bool patch_object(void *cookie, const struct kube_name *name, const struct kube_patch *patch,
                         struct error *error) {
    return kube_patch(cookie, name, patch, 0, NULL, error);
}

struct rotation_store rotation_kube_store(struct kube_client *client) {
    static const struct rotation_store_methods methods = {
        .read = read_object, .create = create_object, .patch = patch_object};
    return (struct rotation_store){.methods = &methods, .cookie = client};
}
