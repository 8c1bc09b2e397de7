local function meta(name, labels, annotations, extra)
  local metadata = { name = name, namespace = "prod", labels = labels, annotations = annotations }
  for key, value in pairs(extra or {}) do
    metadata[key] = value
  end
  return metadata
end

local production = { environment = "production" }
local protected = { ["fleetgate.dev/protected"] = "true" }
local moving = { ["clusterctl.cluster.x-k8s.io/delete-for-move"] = "" }
local deleting = { deletionTimestamp = "2026-01-01T00:00:00Z" }
local function approve(name, more)
  local annotations = { ["fleetgate.dev/allow-delete"] = name }
  for key, value in pairs(more or {}) do
    annotations[key] = value
  end
  return annotations
end

local function cluster(labels, annotations, spec, extra, version)
  spec = spec or {}
  spec.controlPlaneRef = { apiVersion = "controlplane.cluster.x-k8s.io/v1beta1", kind = "KubeadmControlPlane", name = "eu-7" }
  spec.infrastructureRef = { apiVersion = "infrastructure.cluster.x-k8s.io/v1beta2", kind = "AWSCluster", name = "eu-7" }
  return { apiVersion = "cluster.x-k8s.io/" .. (version or "v1beta1"), kind = "Cluster", metadata = meta("eu-7", labels, annotations, extra), spec = spec }
end

local function topology(labels, annotations, pools)
  local deployments = {}
  for i, name in ipairs(pools) do
    deployments[i] = { class = "default", name = name, replicas = 3 }
  end
  return { apiVersion = "cluster.x-k8s.io/v1beta2", kind = "Cluster", metadata = meta("eu-7", labels, annotations), spec = { topology = {
    classRef = { name = "aws" }, version = "v1.31.2", controlPlane = { replicas = 3 }, workers = { machineDeployments = deployments } } } }
end
local class = { apiVersion = "cluster.x-k8s.io/v1beta2", kind = "ClusterClass", metadata = meta "aws", spec = {
  infrastructure = { templateRef = { apiVersion = "infrastructure.cluster.x-k8s.io/v1beta2", kind = "AWSClusterTemplate", name = "aws" } } } }

local owner = { ["cluster.x-k8s.io/cluster-name"] = "eu-7" }
local function aws(annotations, extra)
  return { apiVersion = "infrastructure.cluster.x-k8s.io/v1beta2", kind = "AWSCluster", metadata = meta("eu-7", owner, annotations, extra), spec = { region = "eu-west-1" } }
end
local function control_plane(annotations)
  return { apiVersion = "controlplane.cluster.x-k8s.io/v1beta1", kind = "KubeadmControlPlane", metadata = meta("eu-7", owner, annotations),
    spec = { replicas = 3, version = "v1.31.2" } }
end
local function deployment(name, annotations)
  return { apiVersion = "cluster.x-k8s.io/v1beta1", kind = "MachineDeployment", metadata = meta(name, owner, annotations),
    spec = { clusterName = "eu-7", replicas = 3, template = { spec = { clusterName = "eu-7", version = "v1.31.2",
      bootstrap = { configRef = { apiVersion = "bootstrap.cluster.x-k8s.io/v1beta1", kind = "KubeadmConfigTemplate", name = name } },
      infrastructureRef = { apiVersion = "infrastructure.cluster.x-k8s.io/v1beta2", kind = "AWSMachineTemplate", name = name } } } } }
end
local aks_cluster = { apiVersion = "cluster.x-k8s.io/v1beta1", kind = "Cluster", metadata = meta("eu-7", production), spec = {
  controlPlaneRef = { apiVersion = "infrastructure.cluster.x-k8s.io/v1beta1", kind = "AzureManagedControlPlane", name = "eu-7" },
  infrastructureRef = { apiVersion = "infrastructure.cluster.x-k8s.io/v1beta1", kind = "AzureManagedCluster", name = "eu-7" } } }
local aks = { apiVersion = "infrastructure.cluster.x-k8s.io/v1beta1", kind = "AzureManagedControlPlane", metadata = meta("eu-7", owner),
  spec = { location = "westeurope", version = "v1.31.2" } }
local function aks_pool(name)
  return { apiVersion = "cluster.x-k8s.io/v1beta1", kind = "MachinePool", metadata = meta(name, owner),
    spec = { clusterName = "eu-7", replicas = 3, template = { spec = { clusterName = "eu-7", bootstrap = { dataSecretName = "" },
      infrastructureRef = { apiVersion = "infrastructure.cluster.x-k8s.io/v1beta1", kind = "AzureManagedMachinePool", name = name } } } } }
end
local function aks_infra_pool(name, mode)
  return { apiVersion = "infrastructure.cluster.x-k8s.io/v1beta1", kind = "AzureManagedMachinePool", metadata = meta(name, owner), spec = { mode = mode, sku = "x" } }
end

local function core(kind, name, labels, annotations, more)
  local result = { apiVersion = "v1", kind = kind, metadata = meta(name, labels, annotations) }
  for key, value in pairs(more or {}) do
    result[key] = value
  end
  return result
end
local function definition(name, annotations)
  return { apiVersion = "apiextensions.k8s.io/v1", kind = "CustomResourceDefinition", metadata = { name = name, annotations = annotations } }
end

local inventory = { inventory = { entries = { { id = "prod__v1_Namespace", v = "v1" }, { id = "prod_eu-7_cluster.x-k8s.io_Cluster", v = "v1beta1" } } } }
local no_clusters = { inventory = { entries = { { id = "prod_app_apps_Deployment", v = "v1" }, { id = "prod_eu-7_anywhere.eks.amazonaws.com_Cluster", v = "v1" } } } }
local function kustomization(spec, status, annotations, extra, namespace)
  spec.path = spec.path or "./apps"
  local metadata = meta("clusters", nil, annotations, extra)
  metadata.namespace = namespace or "flux-system"
  return { apiVersion = "kustomize.toolkit.fluxcd.io/v1", kind = "Kustomization", metadata = metadata, spec = spec, status = status }
end
local function release(spec, status, annotations, version)
  spec.chart = spec.chart or { spec = { chart = "aks-cluster-chart" } }
  return { apiVersion = "helm.toolkit.fluxcd.io/" .. (version or "v2"), kind = "HelmRelease", metadata = meta("eu-7", nil, annotations), spec = spec, status = status }
end
local health = { { apiVersion = "cluster.x-k8s.io/v1beta1", kind = "Cluster", name = "eu-7", namespace = "prod" } }

local function some(name, labels)
  return { apiVersion = "cluster.x-k8s.io/v1beta1", kind = "Cluster", metadata = meta(name, labels), spec = {} }
end
-- As the Kustomization of this file labels what it applies.
local function delivered(name, by)
  return some(name, { ["kustomize.toolkit.fluxcd.io/name"] = by or "clusters", ["kustomize.toolkit.fluxcd.io/namespace"] = "flux-system" })
end

local function user(name, ...)
  return { name = name, groups = { "system:authenticated", ... } }
end
local capi = user "system:serviceaccount:capi-system:capi-manager"
local garbage = user "system:serviceaccount:kube-system:generic-garbage-collector"
local namespaces = user "system:serviceaccount:kube-system:namespace-controller"
local flux = user("system:serviceaccount:flux-system:kustomize-controller", "system:serviceaccounts:flux-system")
local approvers = { approvers = { "platform-*" } }

return {
  -- Clusters
  { name = "an unprotected cluster may go", old_object = cluster { environment = "dev" }, user = flux, expect = "warn", message = "the cluster is not protected" },
  { name = "a production cluster", old_object = cluster(production), user = flux,
    expect = "deny", message = "deletion is not approved: it is protected by its label environment: production", count = 1 },
  { name = "a production cluster, in a pull request", old_object = cluster(production), door = "check", expect = "deny" },
  { name = "a production cluster, many others are named", old_object = cluster(production), objects = { aws(), control_plane(), deployment "md-0" }, expect = "deny" },
  { name = "a cluster labelled prod", old_object = cluster { environment = "prod" }, expect = "deny" },
  { name = "a cluster with the annotation", old_object = cluster(nil, protected), expect = "deny", message = "annotation fleetgate.dev/protected" },
  { name = "the annotation without quotes, as a manifest may have it", old_object = cluster(nil, { ["fleetgate.dev/protected"] = true }), door = "check", expect = "deny" },
  { name = "labels and annotations that a manifest leaves empty", old_object = cluster(null, null), door = "check", expect = "warn" },
  { name = "the annotation must say true", old_object = cluster(nil, { ["fleetgate.dev/protected"] = "false" }), expect = "warn" },
  { name = "v1beta2", old_object = cluster(production, nil, nil, nil, "v1beta2"), expect = "deny" },
  { name = "v1alpha4", old_object = cluster(production, nil, nil, nil, "v1alpha4"), expect = "deny" },
  { name = "a topology", old_object = topology(production, nil, { "md-0" }), objects = { class }, expect = "deny" },
  { name = "other labels protect", params = { protected_labels = { tier = "gold, silver" } }, old_object = cluster { tier = "silver" }, expect = "deny" },
  { name = "other labels protect in place of environment", params = { protected_labels = { tier = "gold" } }, old_object = cluster(production), expect = "warn" },
  { name = "many nodes protect", params = { protected_nodes = 6 }, old_object = cluster(), objects = { aws(), control_plane(), deployment "md-0" },
    expect = "deny", message = "it has 6 nodes" },
  { name = "few nodes do not", params = { protected_nodes = 7 }, old_object = cluster(), objects = { aws(), control_plane(), deployment "md-0" }, expect = "warn" },
  { name = "approved", old_object = cluster(production, approve "eu-7"), user = flux, objects = {}, expect = "allow" },
  { name = "approved for another name", old_object = cluster(production, approve "eu-8"), expect = "deny" },
  { name = "approved with a plain yes", old_object = cluster(production, approve "true"), expect = "deny" },
  { name = "deleting already", old_object = cluster(production, nil, nil, deleting), matches = false },
  { name = "a move by clusterctl", old_object = cluster(nil, moving, { paused = true }), expect = "allow" },
  { name = "a move of a production cluster", old_object = cluster(production, moving, { paused = true }), expect = "allow" },
  { name = "the mark of a move on a cluster that runs", old_object = cluster(production, moving), expect = "deny" },
  { name = "the namespace controller may not delete a protected cluster", old_object = cluster(production), user = namespaces, expect = "deny" },
  { name = "a Cluster of another group", matches = false,
    old_object = { apiVersion = "anywhere.eks.amazonaws.com/v1alpha1", kind = "Cluster", metadata = meta("eu-7", production) } },

  -- What a cluster is made of
  { name = "the infrastructure of a production cluster", old_object = aws(), objects = { cluster(production), control_plane() },
    expect = "deny", message = "deletion is not approved: its cluster eu-7 is protected by its label environment: production" },
  { name = "the control plane of a production cluster", old_object = control_plane(), objects = { cluster(production), aws() }, expect = "deny" },
  { name = "an AKS control plane", old_object = aks, objects = { aks_cluster }, expect = "deny" },
  { name = "the infrastructure of an unprotected cluster", old_object = aws(), objects = { cluster(), control_plane() },
    expect = "warn", message = "should go by deleting its Cluster" },
  { name = "infrastructure with a mark of its own", old_object = aws(protected), objects = { cluster() }, expect = "deny", message = "it is protected by its annotation" },
  { name = "infrastructure that is approved itself", old_object = aws(approve "eu-7"), objects = { cluster(production) }, expect = "allow" },
  { name = "infrastructure of a cluster whose deletion is approved", old_object = aws(), objects = { cluster(production, approve "eu-7") }, expect = "warn" },
  { name = "infrastructure of a cluster that is deleting", old_object = aws(), objects = { cluster(production, nil, nil, deleting) }, user = capi, expect = "allow" },
  { name = "infrastructure of a cluster that is deleting, by anybody", old_object = aws(), objects = { cluster(production, nil, nil, deleting) }, user = flux, expect = "allow" },
  { name = "infrastructure that is deleting already", old_object = aws(nil, deleting), objects = { cluster(production) }, matches = false },
  { name = "infrastructure on the move", old_object = aws(moving), objects = { cluster(production, nil, { paused = true }) }, expect = "warn" },
  { name = "the mark of a move while the cluster runs", old_object = aws(moving), objects = { cluster(production) }, expect = "deny" },
  { name = "the garbage collector", old_object = aws(), objects = { cluster(production) }, user = garbage, expect = "allow" },
  { name = "the namespace controller takes a part of a cluster that is to stay", old_object = aws(), objects = { cluster(production) }, user = namespaces, expect = "deny" },
  { name = "the namespace controller after the cluster", old_object = aws(), objects = { cluster(production, nil, nil, deleting) }, user = namespaces, expect = "allow" },
  { name = "a service account that only looks like Cluster API's", old_object = aws(), objects = { cluster(production) },
    user = user "system:serviceaccount:capi-worker-clusters:capi-manager", expect = "deny" },
  { name = "whose Cluster has not been seen", old_object = aws(), user = flux, expect = "unknown" },
  { name = "a template is nobody's", expect = "allow", objects = { cluster(production) },
    old_object = { apiVersion = "infrastructure.cluster.x-k8s.io/v1beta2", kind = "AWSClusterTemplate", metadata = meta("t", production), spec = { template = { spec = {} } } } },

  -- Pools
  { name = "one of two pools", old_object = deployment "md-0", objects = { cluster(production), aws(), control_plane(), deployment "md-1" }, expect = "allow" },
  { name = "the last pool of a production cluster", old_object = deployment "md-0", objects = { cluster(production), aws(), control_plane() },
    expect = "deny", message = "it is the last pool and its cluster eu-7 is protected" },
  { name = "a pool with a mark of its own", old_object = deployment("md-0", protected), objects = { cluster(), aws(), control_plane(), deployment "md-1" },
    expect = "deny", message = "it is protected by its annotation" },
  { name = "the last pool of an unprotected cluster", old_object = deployment "md-0", objects = { cluster(), aws(), control_plane() }, expect = "allow" },
  { name = "the last pool, approved", old_object = deployment("md-0", approve "md-0"), objects = { cluster(production), aws(), control_plane() }, expect = "allow" },
  { name = "the last pool of a cluster that is deleting", old_object = deployment "md-0", objects = { cluster(production, nil, nil, deleting), aws(), control_plane() }, expect = "allow" },
  { name = "the last pool, by Cluster API", old_object = deployment "md-0", objects = { cluster(production), aws(), control_plane() }, user = capi, expect = "allow" },
  { name = "the last System pool of an AKS cluster", old_object = aks_pool "sys",
    objects = { aks_cluster, aks, aks_infra_pool("sys", "System"), aks_pool "usr", aks_infra_pool("usr", "User") },
    expect = "deny", message = "it is the last System pool" },
  { name = "a User pool of an AKS cluster", old_object = aks_pool "usr",
    objects = { aks_cluster, aks, aks_pool "sys", aks_infra_pool("sys", "System"), aks_infra_pool("usr", "User") }, expect = "allow" },
  { name = "topology: the last pool goes by an update", old_object = topology(production, nil, { "md-0" }), object = topology(production, nil, {}), objects = { class },
    expect = "deny", at = "spec.topology.workers", message = "the last pool of a protected cluster" },
  { name = "topology: one of two pools goes", old_object = topology(production, nil, { "md-0", "md-1" }), object = topology(production, nil, { "md-1" }), objects = { class }, expect = "allow" },
  { name = "topology: the last pool of an unprotected cluster", old_object = topology(nil, nil, { "md-0" }), object = topology(nil, nil, {}), objects = { class }, expect = "allow" },
  { name = "topology: the last pool, approved", old_object = topology(production, approve "eu-7", { "md-0" }), object = topology(production, approve "eu-7", {}), objects = { class }, expect = "allow" },

  -- Secrets
  { name = "the CA of a cluster", old_object = core("Secret", "eu-7-ca", owner), user = user "alice",
    expect = "deny", message = "deletion is not approved: its cluster can't be reached or repaired without this key" },
  { name = "the etcd key by its type", old_object = core("Secret", "eu-7-etcd", nil, nil, { type = "cluster.x-k8s.io/secret" }), expect = "deny" },
  { name = "the CA, approved", old_object = core("Secret", "eu-7-ca", owner, approve "eu-7-ca"), expect = "allow" },
  { name = "the CA, by the garbage collector", old_object = core("Secret", "eu-7-ca", owner), user = garbage, expect = "allow" },
  { name = "the CA, with its namespace", old_object = core("Secret", "eu-7-ca", owner), user = namespaces, expect = "allow" },
  { name = "a kubeconfig is made again", old_object = core("Secret", "eu-7-kubeconfig", owner), expect = "allow" },
  { name = "a kubeconfig with a mark", old_object = core("Secret", "eu-7-kubeconfig", owner, protected), expect = "deny" },
  { name = "some other Secret of a cluster", old_object = core("Secret", "eu-7-registry", owner), expect = "allow" },
  { name = "some other Secret", old_object = core("Secret", "app-ca", { app = "x" }), expect = "allow" },

  -- What several clusters use
  { name = "a namespace", old_object = core("Namespace", "prod"), expect = "allow" },
  { name = "a production namespace", old_object = core("Namespace", "prod", production), expect = "deny", message = "deletion is not approved" },
  { name = "a production namespace, approved", old_object = core("Namespace", "prod", production, approve "prod"), expect = "allow" },
  { name = "a ClusterClass", old_object = class, expect = "warn", message = "may be in use" },
  { name = "a ClusterClass with a mark", expect = "deny",
    old_object = { apiVersion = "cluster.x-k8s.io/v1beta1", kind = "ClusterClass", metadata = meta("aws", nil, protected), spec = {} } },
  { name = "an identity with a mark", expect = "deny",
    old_object = { apiVersion = "infrastructure.cluster.x-k8s.io/v1beta2", kind = "AWSClusterRoleIdentity", metadata = meta("default", production), spec = {} } },
  { name = "the definition of Clusters", old_object = definition "clusters.cluster.x-k8s.io", expect = "deny", message = "every object of that kind goes with it" },
  { name = "the definition of AWSClusters", old_object = definition "awsclusters.infrastructure.cluster.x-k8s.io", expect = "deny" },
  { name = "a definition, approved", old_object = definition("clusters.cluster.x-k8s.io", approve "clusters.cluster.x-k8s.io"), expect = "allow" },
  { name = "a definition of somebody else", old_object = definition "certificates.cert-manager.io", expect = "allow" },

  -- Marks of protection and approvals
  { name = "a mark is taken off, nobody is named as approver", old_object = cluster(nil, protected), object = cluster(), user = flux,
    expect = "warn", message = "changes the protection" },
  { name = "a mark is taken off by somebody", params = approvers, old_object = cluster(nil, protected), object = cluster(), user = user("alice", "team-a"),
    expect = "deny", at = 'metadata.annotations["fleetgate.dev/protected"]', message = "alice may not change the protection" },
  { name = "a mark is taken off by an approver", params = approvers, old_object = cluster(nil, protected), object = cluster(), user = user("bob", "platform-admins"), expect = "allow" },
  { name = "an approver by name", params = { approvers = { "bob" } }, old_object = cluster(nil, protected), object = cluster(), user = user "bob", expect = "allow" },
  { name = "in a pull request nobody is known", params = approvers, old_object = cluster(nil, protected), object = cluster(), door = "check", expect = "warn" },
  { name = "production becomes something else", params = approvers, old_object = cluster(production), object = cluster { environment = "dev" }, user = user "alice", expect = "deny" },
  { name = "one mark of two is taken off", params = approvers, old_object = cluster(production, protected), object = cluster(production), user = user "alice", expect = "allow" },
  { name = "an approval by somebody", params = approvers, old_object = cluster(production), object = cluster(production, approve "eu-7"), user = user "alice",
    expect = "deny", at = 'metadata.annotations["fleetgate.dev/allow-delete"]', message = "alice may not change the approval" },
  { name = "an approval by an approver", params = approvers, old_object = cluster(production), object = cluster(production, approve "eu-7"), user = user("bob", "platform-admins"), expect = "allow" },
  { name = "an approval is taken back by somebody", params = approvers, old_object = cluster(production, approve "eu-7"), object = cluster(production), user = user "alice", expect = "deny" },
  { name = "an approval where merges approve", old_object = cluster(production), object = cluster(production, approve "eu-7"), user = flux, expect = "allow" },
  { name = "clusterctl move replaces all annotations", params = approvers, old_object = cluster(nil, protected, { paused = true }), object = cluster(nil, moving, { paused = true }),
    user = user "alice", expect = "allow" },
  { name = "a finalizer comes off while deleting", params = approvers, old_object = cluster(nil, protected, nil, deleting), object = cluster(nil, nil, nil, deleting),
    user = user "alice", matches = false },
  { name = "a namespace loses its mark", params = approvers, old_object = core("Namespace", "prod", production), object = core("Namespace", "prod"), user = user "alice", expect = "deny" },

  -- Delete and create again
  { name = "Flux may force a Cluster", object = cluster(nil, { ["kustomize.toolkit.fluxcd.io/force"] = "enabled" }),
    expect = "deny", at = 'metadata.annotations["kustomize.toolkit.fluxcd.io/force"]', message = "lets Flux delete the object and create it again" },
  { name = "Flux reads the value in any case", object = cluster(nil, { ["kustomize.toolkit.fluxcd.io/force"] = "Enabled" }), expect = "deny" },
  { name = "Flux reads labels too", object = cluster { ["kustomize.toolkit.fluxcd.io/force"] = "enabled" }, expect = "deny",
    at = 'metadata.labels["kustomize.toolkit.fluxcd.io/force"]' },
  { name = "Flux may not force", object = cluster(nil, { ["kustomize.toolkit.fluxcd.io/force"] = "disabled" }), expect = "allow" },
  { name = "Flux may force infrastructure", object = aws { ["kustomize.toolkit.fluxcd.io/force"] = "enabled" }, expect = "deny" },
  { name = "Argo CD may replace", object = cluster(nil, { ["argocd.argoproj.io/sync-options"] = "Prune=false,Replace=true" }),
    expect = "deny", message = "Replace=true lets Argo CD delete" },
  { name = "Argo CD may force", object = cluster(nil, { ["argocd.argoproj.io/sync-options"] = "Force=true, Replace=true" }), expect = "deny", count = 2 },
  { name = "Argo CD may not prune", object = cluster(nil, { ["argocd.argoproj.io/sync-options"] = "Prune=false,Delete=false" }), expect = "allow" },

  -- Kustomizations
  { name = "a Kustomization of applications", object = kustomization { prune = true }, expect = "allow" },
  { name = "a Kustomization of applications may force", object = kustomization { prune = true, force = true },
    expect = "warn", at = "spec.force", message = "never deliver clusters by it" },
  { name = "its health checks wait for clusters", object = kustomization { prune = true, healthChecks = health },
    expect = "deny", at = "spec.prune", message = "true deletes a cluster whose file is moved or lost" },
  { name = "it does not prune", object = kustomization { prune = false, healthChecks = health }, expect = "allow" },
  { name = "odd shapes, as a manifest may have them", door = "check", expect = "allow",
    object = kustomization({ prune = true, path = 7, healthChecks = "none" }, { inventory = { entries = { "x", { id = 7 } } } }) },
  { name = "its path is one of clusters", object = kustomization { prune = true, path = "./capi/clusters" }, expect = "deny" },
  { name = "its path is one of clusters, says the configuration", params = { cluster_paths = { "./clusters/*" } },
    object = kustomization { prune = true, path = "./clusters/production" }, expect = "deny" },
  { name = "its namespace is one of clusters", params = { cluster_namespaces = { "capi-*" } },
    object = kustomization({ prune = true }, nil, nil, nil, "capi-worker-clusters"), expect = "deny" },
  { name = "its target namespace is one of clusters", params = { cluster_namespaces = { "capi-*" } },
    object = kustomization { prune = true, targetNamespace = "capi-worker-clusters" }, expect = "deny" },
  { name = "it delivers into a workload cluster", object = kustomization { prune = true, force = true, path = "./capi/clusters/eu-7/addons",
      kubeConfig = { secretRef = { name = "eu-7-kubeconfig" } } }, expect = "allow" },
  { name = "pruning is switched on where clusters are", old_object = kustomization({ prune = false }, inventory), object = kustomization({ prune = true }, inventory), expect = "deny" },
  { name = "pruning was on before", old_object = kustomization({ prune = true }, inventory), object = kustomization({ prune = true, interval = "5m" }, inventory), expect = "allow" },
  { name = "its inventory has no clusters", old_object = kustomization({ prune = false }, no_clusters), object = kustomization({ prune = true }, no_clusters), expect = "allow" },
  { name = "it may force clusters", object = kustomization { prune = false, force = true, healthChecks = health }, expect = "deny", at = "spec.force" },
  { name = "pruned, but left alone with the Kustomization", object = kustomization { prune = true, deletionPolicy = "Orphan", healthChecks = health }, expect = "warn" },
  { name = "deletes clusters with the Kustomization", object = kustomization { prune = false, deletionPolicy = "Delete", healthChecks = health },
    expect = "deny", at = "spec.deletionPolicy", message = "Delete deletes the clusters with the Kustomization" },
  { name = "deletes clusters with the Kustomization and waits", object = kustomization { prune = false, deletionPolicy = "WaitForTermination", healthChecks = health }, expect = "deny" },
  { name = "an old API version", expect = "deny", object = { apiVersion = "kustomize.toolkit.fluxcd.io/v1beta1", kind = "Kustomization",
    metadata = meta "worker-clusters", spec = { path = "./capi/clusters", prune = true } } },
  { name = "a kustomization.yaml is none of Flux", object = { apiVersion = "kustomize.config.k8s.io/v1beta1", kind = "Kustomization", resources = {} }, matches = false },
  { name = "an unresolved path", object = kustomization { prune = true, path = "${CLUSTERS_PATH}" }, expect = "unknown" },
  { name = "delete of a Kustomization that prunes clusters", old_object = kustomization({ prune = true }, inventory),
    expect = "deny", message = "deletion is not approved: the clusters that it delivers go with it" },
  { name = "delete of a Kustomization that deletes clusters", old_object = kustomization({ prune = false, deletionPolicy = "Delete" }, inventory), expect = "deny" },
  { name = "delete of a Kustomization, approved", old_object = kustomization({ prune = true }, inventory, approve "clusters"), objects = {}, expect = "allow" },
  { name = "delete of a Kustomization that does not prune", old_object = kustomization({ prune = false }, inventory), expect = "allow" },
  { name = "delete of a Kustomization that leaves things alone", old_object = kustomization({ prune = true, deletionPolicy = "Orphan" }, inventory), expect = "allow" },
  { name = "delete of a suspended Kustomization", old_object = kustomization({ prune = true, suspend = true }, inventory), expect = "allow" },
  { name = "delete of a Kustomization of applications", old_object = kustomization({ prune = true }, no_clusters), expect = "allow" },
  { name = "delete of a Kustomization that is deleting", old_object = kustomization({ prune = true }, inventory, nil, deleting), matches = false },

  { name = "delete of a Kustomization whose clusters the fleet names", old_object = kustomization { prune = true },
    objects = { delivered "a" }, expect = "deny", message = "the clusters that it delivers go with it" },
  { name = "delete of a Kustomization that delivers none of the fleet's clusters", old_object = kustomization { prune = true },
    objects = { delivered("a", "other") }, expect = "allow" },
  { name = "delete of a Kustomization of which nothing is known", old_object = kustomization { prune = true }, expect = "unknown", at = "status.inventory" },

  -- HelmReleases
  { name = "a release of some chart", object = release { upgrade = { remediation = { strategy = "uninstall" } } }, expect = "allow" },
  { name = "a release of a cluster chart uninstalls when an upgrade fails", params = { cluster_charts = { "*aks-cluster-chart" } },
    object = release { upgrade = { remediation = { retries = 3, strategy = "uninstall" } } },
    expect = "deny", at = "spec.upgrade.remediation.strategy", message = "uninstall deletes the cluster when an upgrade fails" },
  { name = "a release of a cluster chart rolls back", params = { cluster_charts = { "*aks-cluster-chart" } },
    object = release { upgrade = { remediation = { retries = 3, strategy = "rollback" } } }, expect = "allow" },
  { name = "a release of a cluster chart by reference", params = { cluster_charts = { "aks-cluster" } },
    object = release { chart = {}, chartRef = { kind = "OCIRepository", name = "aks-cluster" }, upgrade = { force = true } }, expect = "deny", at = "spec.upgrade.force" },
  { name = "a release of a cluster chart uninstalls when an install fails", params = { cluster_charts = { "*aks-cluster-chart" } },
    object = release { install = { remediation = { remediateLastFailure = true } } }, expect = "deny", at = "spec.install.remediation.remediateLastFailure" },
  { name = "a release whose inventory holds clusters", old_object = release({}, inventory),
    object = release({ upgrade = { remediation = { strategy = "uninstall" } } }, inventory), expect = "deny" },
  { name = "a release into a workload cluster", params = { cluster_charts = { "*" } },
    object = release { kubeConfig = { secretRef = { name = "eu-7-kubeconfig" } }, upgrade = { force = true } }, expect = "allow" },
  { name = "delete of a release with clusters", old_object = release({}, inventory), expect = "deny", message = "deletion is not approved" },
  { name = "delete of a release with clusters, v2beta1", params = { cluster_charts = { "*aks-cluster-chart" } }, old_object = release({}, nil, nil, "v2beta1"), expect = "deny" },
  { name = "delete of a release with clusters, approved", old_object = release({}, inventory, approve "eu-7"), objects = {}, expect = "allow" },
  { name = "delete of a suspended release is not carried out", old_object = release({ suspend = true }, inventory), expect = "allow" },
  { name = "delete of some release", old_object = release({}, no_clusters), expect = "allow" },

  -- Many at once
  { name = "three clusters in one go", old_object = cluster(), objects_before = { some "a", some "b" }, objects_after = {}, expect = "warn" },
  { name = "the fourth cluster in one go", old_object = cluster(), objects_before = { some "a", some "b", some "c", some "d" }, objects_after = { some "d" },
    expect = "deny", message = "too many clusters go at once: 4 within 10 minutes", count = 2 },
  { name = "approved ones count too", old_object = cluster(production, approve "eu-7"), objects_before = { some "a", some "b", some "c" }, objects_after = {},
    expect = "deny", message = "too many clusters go at once", count = 1 },
  { name = "a higher number is set", params = { breaker_max = 4 }, old_object = cluster(production, approve "eu-7"),
    objects_before = { some "a", some "b", some "c" }, objects_after = {}, expect = "allow" },
  { name = "a share of the fleet", params = { breaker_percent = 50, breaker_window_minutes = 60 }, old_object = cluster(production, approve "eu-7"),
    objects_before = { some "a", some "b", some "z" }, objects_after = { some "z" },
    expect = "deny", message = "too many clusters go at once: 3 within 60 minutes" },
  { name = "one may go from any fleet", params = { breaker_percent = 1 }, old_object = cluster(production, approve "eu-7"), objects = { some "a" }, expect = "allow" },
  { name = "those that move to another management cluster", old_object = cluster(production, moving, { paused = true }),
    objects_before = { some "a", some "b", some "c" }, objects_after = {}, expect = "allow" },
  { name = "a Kustomization that takes four", old_object = kustomization({ prune = true }, nil, approve "clusters"),
    objects = { delivered "a", delivered "b", delivered "c", delivered "d" }, expect = "deny", message = "too many clusters go at once: 4", count = 1 },
  { name = "a Kustomization that takes three", old_object = kustomization({ prune = true }, nil, approve "clusters"),
    objects = { delivered "a", delivered "b", delivered "c", delivered("d", "other") }, expect = "allow" },
  { name = "a Kustomization that leaves four alone", old_object = kustomization({ prune = false }, nil, approve "clusters"),
    objects = { delivered "a", delivered "b", delivered "c", delivered "d" }, expect = "allow" },
}
