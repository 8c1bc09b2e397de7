#include "reconciler/status_shape.h"

#include <string.h>

enum {
    NO_CONDITIONS = 1,
    BOTH_FORMS = 2,       // v1beta1 of the kind has status.v1beta2.conditions, too
    OLD_CONTRACT = 4,     // v1beta2 of the kind is of its provider's numbering
    NEW_FORM_ONLY = 8,    // v1beta2 of the kind has no status.deprecated
    OWN_ENDPOINT = 16,    // spec.controlPlaneEndpoint, in a control plane
    NAMED_ENDPOINT = 32,  // spec.endpoint
    STATUS_ENDPOINT = 64, // status.controlPlaneEndpoint
    EXTERNAL = 128,
    MACHINES = 256,
    GENERATION = 512,
    CURRENT_VERSION = 1024,
    PREFIX = 2048,
};

// From the CRDs of Cluster API 1.10 and 1.14 and of the providers' releases of 2026; what is not here is
// taken to follow the contract of its version.
static const struct {
    const char *kind;
    unsigned traits;
} kinds[] = {
    {"AWSCluster", OLD_CONTRACT},
    {"AWSMachinePool", OLD_CONTRACT},
    {"AWSManagedCluster", OLD_CONTRACT},
    {"AWSManagedControlPlane", OLD_CONTRACT | OWN_ENDPOINT | EXTERNAL | GENERATION},
    {"AWSManagedMachinePool", OLD_CONTRACT},
    {"AzureASOManagedCluster", NO_CONDITIONS},
    {"AzureASOManagedControlPlane", NO_CONDITIONS | STATUS_ENDPOINT | PREFIX},
    {"AzureASOManagedMachinePool", NO_CONDITIONS},
    {"AzureManagedCluster", NO_CONDITIONS},
    {"AzureManagedControlPlane", OWN_ENDPOINT | PREFIX},
    {"DevCluster", BOTH_FORMS},
    {"DockerCluster", BOTH_FORMS},
    {"GCPCluster", NO_CONDITIONS},
    {"GCPManagedControlPlane", NAMED_ENDPOINT | CURRENT_VERSION},
    {"HetznerCluster", BOTH_FORMS},
    {"K0sControlPlane", MACHINES | PREFIX},
    {"K0smotronControlPlane", EXTERNAL | PREFIX},
    {"KThreesControlPlane", MACHINES | PREFIX | GENERATION},
    {"KamajiControlPlane", EXTERNAL | PREFIX},
    {"KubeadmControlPlane", BOTH_FORMS | MACHINES | PREFIX | GENERATION},
    {"Metal3Cluster", BOTH_FORMS},
    {"OpenStackCluster", NEW_FORM_ONLY},
    {"RKE2ControlPlane", MACHINES | PREFIX | GENERATION},
    {"ROSACluster", OLD_CONTRACT},
    {"ROSAControlPlane", OLD_CONTRACT | OWN_ENDPOINT | EXTERNAL},
    {"ROSAMachinePool", OLD_CONTRACT},
    {"TalosControlPlane", MACHINES | PREFIX},
    {"VSphereCluster", BOTH_FORMS},
};

static unsigned traits_of(const struct kind_entry *entry, const char *kind) {
    if (entry->groups & GROUP_CORE) {
        return BOTH_FORMS | GENERATION | MACHINES | PREFIX;
    }
    for (size_t i = 0; i < sizeof(kinds) / sizeof(*kinds); i++) {
        if (strcmp(kinds[i].kind, kind) == 0) {
            return kinds[i].traits;
        }
    }
    return 0;
}

static void set_conditions(struct status_shape *shape, unsigned traits) {
    if (traits & NO_CONDITIONS) {
        return;
    }
    if (shape->initialization) {
        shape->old_conditions = traits & NEW_FORM_ONLY ? NULL : "deprecated.v1beta1.conditions";
        shape->new_conditions = "conditions";
    } else {
        shape->old_conditions = "conditions";
        shape->new_conditions = traits & BOTH_FORMS ? "v1beta2.conditions" : NULL;
    }
}

static void set_endpoint(struct status_shape *shape, unsigned traits) {
    bool takes_one = shape->entry->role == KIND_CLUSTER ||
                     shape->entry->role == KIND_INFRASTRUCTURE_CLUSTER || (traits & OWN_ENDPOINT);
    if (traits & NAMED_ENDPOINT) {
        shape->endpoint = "spec.endpoint";
    } else if (takes_one) {
        shape->endpoint = "spec.controlPlaneEndpoint";
    }
    shape->status_endpoint = traits & STATUS_ENDPOINT ? "controlPlaneEndpoint" : NULL;
}

struct status_shape status_shape_of(const struct node *object) {
    struct status_shape shape = {.kind = node_string(node_get(object, "kind"))};
    const char *api_version = node_string(node_get(object, "apiVersion"));
    const char *slash = api_version ? strchr(api_version, '/') : NULL;
    const char *group = slash ? kind_table_group(api_version, (size_t)(slash - api_version)) : NULL;
    if (!group || !shape.kind) {
        return shape;
    }
    struct kind_match match = kind_table_find(group, shape.kind);
    if (!match.entry || match.is_template || match.entry->role == KIND_MACHINE_TEMPLATE ||
        match.entry->role == KIND_CLASS || match.entry->role == KIND_PART) {
        return shape;
    }
    shape.entry = match.entry;
    unsigned traits = traits_of(match.entry, shape.kind);
    shape.core = (match.entry->groups & GROUP_CORE) != 0;
    shape.initialization = strncmp(slash + 1, "v1beta2", 7) == 0 && !(traits & OLD_CONTRACT);
    set_conditions(&shape, traits);
    set_endpoint(&shape, traits);
    bool is_machine = strcmp(shape.kind, "Machine") == 0;
    shape.machine_counters = (traits & MACHINES) != 0 && match.entry->role != KIND_CLUSTER && !is_machine;
    shape.observed_generation = (traits & GENERATION) != 0;
    shape.version = match.entry->role == KIND_CONTROL_PLANE;
    shape.version_prefix = (traits & PREFIX) != 0;
    shape.current_version = traits & CURRENT_VERSION ? "currentVersion" : NULL;
    shape.external = (traits & EXTERNAL) != 0;
    return shape;
}
