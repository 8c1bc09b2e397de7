#include "fleet/object_identity.h"

#include <ctype.h>
#include <string.h>

// The kinds without namespace that stand beside clusters in Git. A manifest does not tell; a kind that is
// missing here is shown with a namespace in messages, no more.
static const char *const cluster_scoped[] = {
    "Namespace",
    "Node",
    "PersistentVolume",
    "CustomResourceDefinition",
    "ClusterRole",
    "ClusterRoleBinding",
    "ValidatingWebhookConfiguration",
    "MutatingWebhookConfiguration",
    "ValidatingAdmissionPolicy",
    "ValidatingAdmissionPolicyBinding",
    "MutatingAdmissionPolicy",
    "MutatingAdmissionPolicyBinding",
    "StorageClass",
    "PriorityClass",
    "IngressClass",
    "RuntimeClass",
    "APIService",
    "CSIDriver",
    "CSINode",
    "VolumeAttachment",
    "FlowSchema",
    "PriorityLevelConfiguration",
    "CertificateSigningRequest",
    "ClusterIssuer",
    "AWSClusterControllerIdentity",
    "AWSClusterRoleIdentity",
    "AWSClusterStaticIdentity",
    "VSphereClusterIdentity",
    "VSphereDeploymentZone",
    "VSphereFailureDomain",
    "IBMPowerVSClusterIdentity",
    "GlobalInClusterIPPool",
    "Tenant",
};

static bool has_namespace(const char *kind) {
    for (size_t i = 0; i < sizeof(cluster_scoped) / sizeof(cluster_scoped[0]); i++) {
        if (strcmp(kind, cluster_scoped[i]) == 0) {
            return false;
        }
    }
    return true;
}

void object_identity_read(struct arena *arena, const struct node *object, const char *namespace,
                          struct object_identity *ret_identity) {
    const char *api_version = node_get_text(object, "apiVersion");
    const char *slash = strchr(api_version, '/');
    const struct node *metadata = node_get(object, "metadata");
    struct object_key key = {.kind = node_get_text(object, "kind"),
                             .name = node_get_text(metadata, "name"),
                             .namespace = node_get_text(metadata, "namespace"),
                             .group = ""};
    if (slash) {
        key.group = arena_copy_text(arena, api_version, (size_t)(slash - api_version));
    }
    if (!has_namespace(key.kind)) {
        key.namespace = "";
    } else if (*key.namespace == '\0') {
        key.namespace = namespace;
    }
    *ret_identity = (struct object_identity){.key = key, .version = slash ? slash + 1 : api_version};
}

static bool ends_with(const char *text, const char *ending) {
    size_t length = strlen(text);
    size_t ending_length = strlen(ending);
    return length >= ending_length && strcmp(text + length - ending_length, ending) == 0;
}

const char *object_resource(struct arena *arena, const char *kind) {
    size_t length = strlen(kind);
    char *lower = arena_copy_text(arena, kind, length);
    for (char *letter = lower; *letter; letter++) {
        *letter = (char)tolower((unsigned char)*letter);
    }
    if (ends_with(lower, "s") || ends_with(lower, "x") || ends_with(lower, "ch") || ends_with(lower, "sh")) {
        return arena_printf(arena, "%ses", lower);
    }
    if (ends_with(lower, "y") && length > 1 && !strchr("aeiou", lower[length - 2])) {
        return arena_printf(arena, "%.*sies", (int)length - 1, lower);
    }
    return arena_printf(arena, "%ss", lower);
}
