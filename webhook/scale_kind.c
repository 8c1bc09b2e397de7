#include "webhook/scale_kind.h"

#include <stddef.h>
#include <string.h>

// Kinds with a scale subresource in the CRDs of CAPI and its control plane providers, and in apps/v1.
static const struct {
    const char *resource, *kind;
} kinds[] = {
    {"machinedeployments", "MachineDeployment"},
    {"machinesets", "MachineSet"},
    {"machinepools", "MachinePool"},
    {"kubeadmcontrolplanes", "KubeadmControlPlane"},
    {"rke2controlplanes", "RKE2ControlPlane"},
    {"k0scontrolplanes", "K0sControlPlane"},
    {"k0smotroncontrolplanes", "K0smotronControlPlane"},
    {"kamajicontrolplanes", "KamajiControlPlane"},
    {"microk8scontrolplanes", "MicroK8sControlPlane"},
    {"talosmachinepools", "TalosMachinePool"},
    {"taloscontrolplanes", "TalosControlPlane"},
    {"kthreescontrolplanes", "KThreesControlPlane"},
    {"nestedcontrolplanes", "NestedControlPlane"},
    {"awsmachinepools", "AWSMachinePool"},
    {"awsmanagedmachinepools", "AWSManagedMachinePool"},
    {"azuremachinepools", "AzureMachinePool"},
    {"azuremanagedmachinepools", "AzureManagedMachinePool"},
    {"gcpmanagedmachinepools", "GCPManagedMachinePool"},
    {"deployments", "Deployment"},
    {"replicasets", "ReplicaSet"},
    {"statefulsets", "StatefulSet"},
};

const char *scale_kind(const char *resource) {
    for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++) {
        if (strcmp(kinds[i].resource, resource) == 0) {
            return kinds[i].kind;
        }
    }
    return NULL;
}
