#include "tests/reconciler/sample_cluster.h"

#include "tests/support/expect.h"

#include <stdio.h>

static const char region_policy[] =
    "return policy {\n"
    "  name = 'regions', title = 'Regions', severity = 'high', category = 'placement',\n"
    "  match = { clusters = true },\n"
    "  validate = function(change, params, report)\n"
    "    local cluster = change.after\n"
    "    if not cluster then return end\n"
    "    if cluster.region == 'eu-north-1' then\n"
    "      report.deny { at = cluster:origin('region'), message = 'region eu-north-1 is not allowed' }\n"
    "    end\n"
    "  end,\n"
    "}\n";

static const char size_policy[] =
    "return policy {\n"
    "  name = 'sizes', title = 'Sizes', severity = 'high', category = 'capacity',\n"
    "  match = { objects = { { group = 'cluster.x-k8s.io', kind = 'MachinePool' } } },\n"
    "  validate = function(change, params, report)\n"
    "    if change.operation == 'DELETE' then return end\n"
    "    if (change.object.spec.replicas or 1) > 10 then\n"
    "      report.deny { at = 'spec.replicas', message = 'more than 10 nodes' }\n"
    "    end\n"
    "  end,\n"
    "}\n";

static const char delete_policy[] =
    "return policy {\n"
    "  name = 'deletes', title = 'Deletes', severity = 'high', category = 'safety',\n"
    "  match = { objects = { { group = 'cluster.x-k8s.io', kind = 'Cluster', operations = { 'DELETE' } } } "
    "},\n"
    "  validate = function(change, params, report)\n"
    "    if object.at(change.old_object, 'metadata.annotations[\"allow-delete\"]') == nil then\n"
    "      report.deny { at = 'metadata.annotations', message = 'deletion is not approved' }\n"
    "    end\n"
    "  end,\n"
    "}\n";

const char *const sample_policies[] = {region_policy, size_policy, delete_policy, NULL};

enum { MOST_OBJECT_BYTES = 2048 };

const struct sample_cluster sample_default = {
    .name = "eu-1", .region = "eu-west-1", .version = "v1.29.4", .replicas = 3};

static void write_object(struct fleet_fixture *fixture, const struct sample_cluster *sample,
                         const char *text) {
    if (sample->admitted) {
        fleet_fixture_admit(fixture, text);
    } else {
        fleet_fixture_apply(fixture, text);
    }
}

static void write_cluster(struct fleet_fixture *fixture, const struct sample_cluster *sample) {
    char text[MOST_OBJECT_BYTES], labels[300] = "";
    if (sample->environment) {
        snprintf(labels, sizeof(labels), "'environment':'%s'", sample->environment);
    }
    if (sample->provider) {
        size_t length = strlen(labels);
        snprintf(labels + length, sizeof(labels) - length, "%s'%s':'%s'", length > 0 ? "," : "",
                 RECONCILER_LABEL, sample->provider);
    }
    snprintf(text, sizeof(text),
             "{'apiVersion':'cluster.x-k8s.io/v1beta1','kind':'Cluster','metadata':{'name':'%s','namespace':"
             "'prod','labels':{%s}},'spec':{'controlPlaneRef':{'apiVersion':"
             "'controlplane.cluster.x-k8s.io/v1beta2','kind':'AWSManagedControlPlane','name':'%s'},"
             "'infrastructureRef':{'apiVersion':'infrastructure.cluster.x-k8s.io/v1beta2','kind':"
             "'AWSManagedCluster','name':'%s'}}}",
             sample->name, labels, sample->name, sample->name);
    write_object(fixture, sample, text);
    snprintf(text, sizeof(text),
             "{'apiVersion':'infrastructure.cluster.x-k8s.io/v1beta2','kind':'AWSManagedCluster','metadata':"
             "{'name':'%s','namespace':'prod'},'spec':{}}",
             sample->name);
    write_object(fixture, sample, text);
    snprintf(text, sizeof(text),
             "{'apiVersion':'controlplane.cluster.x-k8s.io/v1beta2','kind':'AWSManagedControlPlane',"
             "'metadata':{'name':'%s','namespace':'prod'},'spec':{'region':'%s','version':'%s'}}",
             sample->name, sample->region, sample->version);
    write_object(fixture, sample, text);
}

static void write_pool(struct fleet_fixture *fixture, const struct sample_cluster *sample) {
    char text[MOST_OBJECT_BYTES];
    snprintf(text, sizeof(text),
             "{'apiVersion':'cluster.x-k8s.io/v1beta1','kind':'MachinePool','metadata':{'name':'%s-a',"
             "'namespace':'prod'},'spec':{'clusterName':'%s','replicas':%d,'template':{'spec':{"
             "'clusterName':'%s','version':'%s','bootstrap':{'dataSecretName':''},'infrastructureRef':{"
             "'apiVersion':'infrastructure.cluster.x-k8s.io/v1beta2','kind':'AWSManagedMachinePool','name':"
             "'%s-a'}}}}}",
             sample->name, sample->name, sample->replicas, sample->name, sample->version, sample->name);
    write_object(fixture, sample, text);
    snprintf(text, sizeof(text),
             "{'apiVersion':'infrastructure.cluster.x-k8s.io/v1beta2','kind':'AWSManagedMachinePool',"
             "'metadata':{'name':'%s-a','namespace':'prod'},'spec':{}}",
             sample->name);
    write_object(fixture, sample, text);
}

void sample_cluster_apply(struct fleet_fixture *fixture, const struct sample_cluster *sample) {
    write_cluster(fixture, sample);
    if (sample->replicas > 0) {
        write_pool(fixture, sample);
    }
}

void sample_cluster_upgrade(struct fleet_fixture *fixture, const char *name, const char *version) {
    char pool[100], patch[200];
    snprintf(patch, sizeof(patch), "{'spec':{'version':'%s'}}", version);
    fleet_fixture_patch(fixture, "AWSManagedControlPlane", name, patch);
    snprintf(pool, sizeof(pool), "%s-a", name);
    snprintf(patch, sizeof(patch), "{'spec':{'template':{'spec':{'version':'%s'}}}}", version);
    fleet_fixture_patch(fixture, "MachinePool", pool, patch);
}
