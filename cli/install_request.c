#include "cli/install_request.h"

#include "base/base64.h"
#include "base/utf8.h"
#include "certs/certificate_info.h"
#include "cli/embedded_manifests.h"
#include "cli/manifest_marks.h"
#include "cli/policy_files.h"
#include "manifest/manifest_files.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

// The API server stores no ConfigMap above 1 MiB, and no object above 1.5 MiB.
enum {
    LARGEST_CONFIG_MAP = 1024 * 1024,
    LARGEST_AUTHORITIES = 64 * 1024,
    LARGEST_VALUE = 2 * LARGEST_CONFIG_MAP
};

// Texts made for the marks.
struct made {
    struct buffer replicas, configuration, validate, mutate, policy_volume, policy_map;
};

static void made_init(struct made *made) {
    buffer_init(&made->replicas, LARGEST_VALUE);
    buffer_init(&made->configuration, LARGEST_VALUE);
    buffer_init(&made->validate, LARGEST_VALUE);
    buffer_init(&made->mutate, LARGEST_VALUE);
    buffer_init(&made->policy_volume, LARGEST_VALUE);
    buffer_init(&made->policy_map, LARGEST_VALUE);
}

static void made_clear_cleanup(struct made *made) {
    buffer_clear(&made->replicas);
    buffer_clear(&made->configuration);
    buffer_clear(&made->validate);
    buffer_clear(&made->mutate);
    buffer_clear(&made->policy_volume);
    buffer_clear(&made->policy_map);
}

static bool read_file(const char *path, size_t most, char **ret_text, size_t *ret_length,
                      struct error *error) {
    int descriptor = open(path, O_RDONLY | O_CLOEXEC);
    if (descriptor < 0) {
        return error_set(error, errno == ENOENT ? ERROR_NOT_FOUND : ERROR_IO, "%s: %s", path,
                         strerror(errno));
    }
    bool is_read = manifest_file_read(descriptor, most, ret_text, ret_length, error);
    close(descriptor);
    return is_read || error_wrap(error, "%s", path);
}

// Whether a block scalar gives these bytes back.
static bool check_text(const char *path, const char *text, size_t length, struct error *error) {
    if (!utf8_is_valid(text, length)) {
        return error_set(error, ERROR_INVALID, "%s: is not UTF-8 text", path);
    }
    for (size_t i = 0; i < length; i++) {
        if (((unsigned char)text[i] < ' ' && text[i] != '\n' && text[i] != '\t') || text[i] == 127) {
            return error_set(
                error, ERROR_INVALID,
                "%s: has the control character %d at byte %zu; save it as text with line feeds only", path,
                text[i], i);
        }
    }
    return true;
}

// ---- the authorities ----

static bool append_authorities(const char *path, struct buffer *out, struct error *error) {
    CLEANUP(certificate_info_clear) struct certificate_info info = {0};
    CLEANUP(free) char *text = NULL;
    size_t length = 0;
    if (!certificate_info_read(path, &info, error) ||
        !read_file(path, LARGEST_AUTHORITIES, &text, &length, error) || !text) {
        return false;
    }
    if (memmem(text, length, "PRIVATE KEY", 11)) {
        return error_set(error, ERROR_INVALID, "%s: holds a private key; name a file with certificates only",
                         path);
    }
    base64_append(out, text, length);
    return true;
}

static bool make_client(const struct install_request *request, const char *path, struct buffer *out,
                        struct error *error) {
    if (request->url) {
        buffer_printf(out, "{url: \"%s%s\"", request->url, path);
    } else {
        buffer_printf(out, "{service: {name: fleetgate, namespace: %s, path: %s, port: 443}",
                      request->namespace, path);
    }
    if (request->authorities) {
        buffer_append_text(out, ", caBundle: ");
        if (!append_authorities(request->authorities, out, error)) {
            return false;
        }
    }
    buffer_append_char(out, '}');
    return true;
}

// ---- configuration and policies ----

static bool make_configuration(const char *path, struct buffer *out, struct error *error) {
    CLEANUP(free) char *text = NULL;
    size_t length = 0;
    if (!read_file(path, LARGEST_CONFIG_MAP, &text, &length, error) ||
        !check_text(path, text, length, error)) {
        return false;
    }
    manifest_block_append(out, text, 2);
    return true;
}

static const char *file_name(const char *path) {
    const char *slash = strrchr(path, '/');
    return slash ? slash + 1 : path;
}

// A key has no slash, so a library is "lib.NAME" in the map, and the volume gives it back its folder.
static bool add_policy(const struct policy_source *source, bool is_first, struct made *made,
                       struct error *error) {
    const char *name = file_name(source->name);
    static const char plain[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_.";
    if (name[strspn(name, plain)] != '\0') {
        return error_set(error, ERROR_INVALID,
                         "%s: a ConfigMap takes only letters, digits, -, _ and . in names", source->name);
    }
    if (!check_text(source->name, source->text, source->length, error)) {
        return false;
    }
    buffer_printf(&made->policy_volume, "%s{key: %s%s, path: %s%s}", is_first ? "" : ", ",
                  source->is_library ? "lib." : "", name, source->is_library ? "lib/" : "", name);
    buffer_printf(&made->policy_map, "  %s%s: ", source->is_library ? "lib." : "", name);
    manifest_block_append(&made->policy_map, source->text, 2);
    buffer_append_char(&made->policy_map, '\n');
    return true;
}

static bool make_policies(const struct install_request *request, struct made *made, struct error *error) {
    CLEANUP(policy_files_clear) struct policy_files files = {0};
    if (!policy_files_read(request->policies, &files, error)) {
        return false;
    }
    buffer_printf(&made->policy_map,
                  "apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: fleetgate-policies\n  namespace: %s\n"
                  "  labels: {app.kubernetes.io/name: fleetgate}\ndata:\n",
                  request->namespace);
    buffer_append_text(&made->policy_volume, "{name: fleetgate-policies, items: [");
    size_t total = 0;
    for (size_t i = 0; i < files.count; i++) {
        total += files.sources[i].length;
        if (total > LARGEST_CONFIG_MAP) {
            return error_set(error, ERROR_LIMIT,
                             "%s: more than 1 MiB of policies do not fit into one ConfigMap",
                             request->policies);
        }
        if (!add_policy(&files.sources[i], i == 0, made, error)) {
            return false;
        }
    }
    buffer_append_text(&made->policy_volume, "]}");
    return true;
}

// What would stop the gate at its start stops the installation.
static bool check_policies(const struct install_request *request, struct error *error) {
    const struct policy_set_request wanted = {
        .configuration = request->configuration, .policies = request->policies, .evaluators = 1};
    struct policy_set *set = NULL;
    if (!policy_files_load(&wanted, &set, error)) {
        return false;
    }
    policy_set_unref(set);
    return true;
}

static bool make_texts(const struct install_request *request, struct made *made, struct error *error) {
    if ((request->configuration || request->policies) && !check_policies(request, error)) {
        return false;
    }
    if (request->replicas > 0) {
        buffer_printf(&made->replicas, "%u", request->replicas);
    }
    return make_client(request, "/validate", &made->validate, error) &&
           make_client(request, "/mutate", &made->mutate, error) &&
           (!request->configuration ||
            make_configuration(request->configuration, &made->configuration, error)) &&
           (!request->policies || make_policies(request, made, error));
}

// ---- which manifests ----

static bool starts_with(const char *text, const char *start) {
    return strncmp(text, start, strlen(start)) == 0;
}

static bool is_wanted(const struct install_request *request, const struct manifest_marks *marks,
                      const char *name) {
    if (starts_with(name, "base/webhook-")) {
        bool validates = starts_with(name, "base/webhook-validating");
        return request->part == INSTALL_ALL || request->part == INSTALL_WEBHOOKS ||
               request->part == (validates ? INSTALL_VALIDATING : INSTALL_MUTATING);
    }
    if (request->part != INSTALL_ALL) {
        return false;
    }
    if (starts_with(name, "base/")) {
        bool is_own = strcmp(name, "base/rbac-certificates.yaml") == 0 ||
                      strcmp(name, "base/state-certificates.yaml") == 0;
        return !is_own || request->certificates == INSTALL_SELF;
    }
    const char *component = name + strlen("components/");
    return manifest_marks_have(marks, component, strcspn(component, "/"));
}

static void append_document(const char *text, const struct manifest_marks *marks, struct buffer *out) {
    if (out->length > 0) {
        buffer_append_text(out, "---\n");
    }
    manifest_marks_apply(text, marks, out);
}

static size_t certificate_features(enum install_certificates certificates, const char **features) {
    size_t count = 0;
    if (certificates == INSTALL_SELF) {
        features[count++] = "self";
        return count;
    }
    features[count++] = "files";
    if (certificates == INSTALL_CERT_MANAGER) {
        features[count++] = "cert-manager";
    }
    return count;
}

bool install_manifests(const struct install_request *request, struct buffer *out, struct error *error) {
    CLEANUP(made_clear) struct made made;
    made_init(&made);
    if (!make_texts(request, &made, error)) {
        return false;
    }
    const char *features[INSTALL_MOST_EXTRAS + 4] = {0};
    size_t count = certificate_features(request->certificates, features);
    if (request->policies) {
        features[count++] = "policies";
    }
    for (size_t i = 0; request->extras[i]; i++) {
        features[count++] = request->extras[i];
        if (strcmp(request->extras[i], "reconcile") == 0) {
            features[count++] = "attestation"; // what is approved is signed with the same keys
        }
    }
    const struct manifest_value values[] = {
        {"replicas", request->replicas > 0 ? buffer_text(&made.replicas) : NULL},
        {"image", request->image},
        {"config", request->configuration ? buffer_text(&made.configuration) : NULL},
        {"failure-policy", request->failure_policy},
        {"webhook-name", request->is_static ? "fleetgate.static.k8s.io" : NULL},
        {"client-validate", buffer_text(&made.validate)},
        {"client-mutate", buffer_text(&made.mutate)},
        {"policy-volume", buffer_text(&made.policy_volume)},
        {NULL, NULL},
    };
    const struct manifest_marks marks = {
        .values = values, .features = features, .namespace = request->namespace};
    for (const struct embedded_manifest *manifest = embedded_manifests; manifest->name; manifest++) {
        if (!is_wanted(request, &marks, manifest->name)) {
            continue;
        }
        append_document(manifest->text, &marks, out);
        if (request->policies && strcmp(manifest->name, "base/config.yaml") == 0) {
            buffer_append_text(out, "---\n");
            buffer_append_text(out, buffer_text(&made.policy_map));
        }
    }
    return !out->cut || error_set(error, ERROR_LIMIT, "the manifests are too large");
}
