// The policies of the simulation: what rules.c says, in Lua.
#include "base/json_reader.h"
#include "engine/policy_set.h"
#include "tests/simulation/manifest.h"
#include "tests/simulation/world.h"

#include <stdio.h>
#include <string.h>

static const char rules_policy[] =
    "local region_paths = { AWSCluster = 'spec.region', AWSManagedControlPlane = 'spec.region',\n"
    "  AzureManagedControlPlane = 'spec.location', Cluster = 'spec.topology.variables[0].value' }\n"
    "local version_paths = { KubeadmControlPlane = 'spec.version', AWSManagedControlPlane = 'spec.version',\n"
    "  AzureManagedControlPlane = 'spec.version', Cluster = 'spec.topology.version',\n"
    "  MachineDeployment = 'spec.template.spec.version', MachinePool = 'spec.template.spec.version' }\n"
    "local skip = 'metadata.annotations[\"" ALLOW_SKIP_ANNOTATION "\"]'\n"
    "local approval = 'metadata.annotations[\"" ALLOW_DELETE_ANNOTATION "\"]'\n"
    "local function judge_region(change, params, report)\n"
    "  local at = region_paths[change.kind]\n"
    "  local now, old = at and object.at(change.object, at), at and object.at(change.old_object, at)\n"
    "  if now ~= nil and text.glob_any(params.forbidden, now) then\n"
    "    report.deny { at = at, message = 'region ' .. now .. ' is forbidden' }\n"
    "  end\n"
    "  if change.operation == 'UPDATE' and now ~= old then\n"
    "    report.deny { at = at, message = 'the region may not change' }\n"
    "  end\n"
    "end\n"
    "local function judge_version(change, report)\n"
    "  local at = version_paths[change.kind]\n"
    "  local now, old = at and object.at(change.object, at), at and object.at(change.old_object, at)\n"
    "  if now == nil or old == nil or now == old then\n"
    "    return\n"
    "  end\n"
    "  if version.is_downgrade(old, now) then\n"
    "    report.deny { at = at, message = 'version ' .. now .. ' is older than ' .. old }\n"
    "  elseif version.minor_distance(now, old) > 1 and object.at(change.object, skip) ~= 'true' then\n"
    "    report.deny { at = at, message = 'version ' .. now .. ' skips a minor after ' .. old }\n"
    "  end\n"
    "end\n"
    "local function judge_size(at, replicas, params, report)\n"
    "  if replicas ~= nil and replicas > params.most then\n"
    "    report.deny { at = at, message = replicas .. ' nodes are too many' }\n"
    "  end\n"
    "end\n"
    "local function judge_sizes(change, params, report)\n"
    "  if change.kind == 'MachineDeployment' or change.kind == 'MachinePool' then\n"
    "    judge_size('spec.replicas', object.at(change.object, 'spec.replicas'), params, report)\n"
    "  end\n"
    "  local pools = object.at(change.object, 'spec.topology.workers.machineDeployments')\n"
    "  for i = 1, pools and #pools or 0 do\n"
    "    judge_size('spec.topology.workers', pools[i].replicas, params, report)\n"
    "  end\n"
    "end\n"
    "return policy { name = 'rules', title = 'The rules of the simulation', severity = 'high',\n"
    "  category = 'test', match = { objects = { { group = '*cluster.x-k8s.io' } } },\n"
    "  params = { most = { type = 'integer', description = 'Most nodes of a pool.' },\n"
    "    forbidden = { type = 'list', items = 'string', description = 'Regions.' } },\n"
    "  validate = function(change, params, report)\n"
    "    if change.operation == 'DELETE' then\n"
    "      if change.kind == 'Cluster' and object.at(change.old_object, approval) ~= 'true' then\n"
    "        report.deny { message = 'the delete is not approved' }\n"
    "      end\n"
    "      return\n"
    "    end\n"
    "    judge_region(change, params, report)\n"
    "    judge_version(change, report)\n"
    "    judge_sizes(change, params, report)\n"
    "  end }\n";

// Only admission knows who asks: behind a good attestation this has been judged.
static const char user_policy[] =
    "return policy { name = 'users', title = 'No changes by mallory', severity = 'high', category = 'test',\n"
    "  match = { objects = { { group = '*cluster.x-k8s.io', operations = { 'CREATE', 'UPDATE' } } } },\n"
    "  validate = function(change, params, report)\n"
    "    if change.user.name == 'mallory' then\n"
    "      report.deny { message = 'mallory may not' }\n"
    "    end\n"
    "  end }\n";

static const char allow_policy[] =
    "return policy { name = 'allow', title = 'Allows all', severity = 'low', category = 'test',\n"
    "  match = { objects = { { group = '*cluster.x-k8s.io' } } },\n"
    "  validate = function(change, params, report) end }\n";

static bool load(const struct rules *rules, struct policy_set **ret_set, struct error *error) {
    const struct policy_source sources[] = {
        {.name = "policies/rules.lua", .text = rules_policy, .length = sizeof(rules_policy) - 1},
        {.name = "policies/users.lua", .text = user_policy, .length = sizeof(user_policy) - 1},
    };
    char text[512];
    snprintf(text, sizeof(text),
             "{\"apiVersion\":\"fleetgate.dev/v1alpha1\",\"kind\":\"Configuration\",\"policies\":{\"rules\":{"
             "\"existing\":\"deny\",\"params\":{\"most\":%lld,\"forbidden\":[%s%s%s]}}}}",
             (long long)rules->most_replicas, rules->forbidden_region ? "\"" : "",
             rules->forbidden_region ? rules->forbidden_region : "", rules->forbidden_region ? "\"" : "");
    struct document *configuration = NULL;
    if (!json_read_copy(text, strlen(text), &document_default_limits, &configuration, error)) {
        return false;
    }
    return policy_set_load(&(struct policy_set_options){.sources = sources,
                                                        .source_count = 2,
                                                        .configuration = configuration,
                                                        .configuration_file = "simulation.yaml",
                                                        .evaluators = 1},
                           ret_set, error);
}

static bool load_allow_all(struct policy_set **ret_set, struct error *error) {
    const struct policy_source source = {
        .name = "policies/allow.lua", .text = allow_policy, .length = sizeof(allow_policy) - 1};
    return policy_set_load(
        &(struct policy_set_options){.sources = &source, .source_count = 1, .evaluators = 1}, ret_set, error);
}

bool world_shared_load(struct world_shared *ret_shared, struct error *error) {
    static const char both[] = "second YWJjZGVmZ2hpamtsbW5vcHFyc3R1dnd4eXphYmNkZWY=\n"
                               "first MDEyMzQ1Njc4OTAxMjM0NTY3ODkwMTIzNDU2Nzg5MDE=\n";
    const char *first = strchr(both, '\n') + 1;
    struct world_shared shared = {0};
    bool good = key_ring_parse(first, strlen(first), "keys", &shared.keys, error) &&
                key_ring_parse(both, sizeof(both) - 1, "keys", &shared.next_keys, error) &&
                load_allow_all(&shared.allow_all, error);
    for (size_t i = 0; good && i < RULES_PROFILES; i++) {
        good = load(&rules_profiles[i], &shared.policies[i], error);
    }
    if (!good) {
        world_shared_free(&shared);
        return false;
    }
    *ret_shared = shared;
    return true;
}

void world_shared_free(struct world_shared *shared) {
    key_ring_unref(shared->keys);
    key_ring_unref(shared->next_keys);
    policy_set_unref(shared->allow_all);
    for (size_t i = 0; i < RULES_PROFILES; i++) {
        policy_set_unref(shared->policies[i]);
    }
}
