#include "reconciler/status_draft.h"

#include <string.h>

static const char *cluster_name(const struct status_draft *draft) {
    const char *name = node_string(node_at(draft->question->cluster, "metadata.name"));
    return name ? name : "";
}

static void put_version(struct status_draft *draft) {
    const char *version = draft->facts.control_plane.version;
    if (!draft->shape.version || !version) {
        return;
    }
    const char *text = status_version_text(draft, version);
    status_draft_maybe(draft, "version", json_text(text));
    if (draft->shape.current_version) {
        status_draft_maybe(draft, draft->shape.current_version, json_text(text));
    }
}

static void put_fields(struct status_draft *draft) {
    const struct status_facts *facts = &draft->facts;
    const struct status_shape *shape = &draft->shape;
    if (shape->initialization) {
        status_draft_latch(draft, "initialization.controlPlaneInitialized", facts->initialized);
    } else {
        status_draft_latch(draft, "initialized", facts->initialized);
        if (facts->known) {
            status_draft_boolean(draft, "ready", facts->available);
        } else {
            status_draft_latch(draft, "ready", false);
        }
    }
    if (shape->external) {
        status_draft_boolean(draft, "externalManagedControlPlane", true);
    }
    const struct cloud_cluster *cloud = draft->question->cloud;
    if (shape->status_endpoint && cloud && cloud->endpoint_host) {
        status_draft_text(draft, arena_printf(draft->arena, "%s.host", shape->status_endpoint),
                          cloud->endpoint_host);
        status_draft_integer(draft, arena_printf(draft->arena, "%s.port", shape->status_endpoint),
                             cloud->endpoint_port);
    }
    put_version(draft);
    status_machine_counters(draft, &facts->control_plane);
    if (strcmp(shape->kind, "KubeadmControlPlane") == 0) {
        status_draft_text(draft, "selector",
                          arena_printf(draft->arena,
                                       "cluster.x-k8s.io/cluster-name=%s,cluster.x-k8s.io/control-plane",
                                       cluster_name(draft)));
    }
}

void status_control_plane_fill(struct status_draft *draft) {
    const struct status_facts *facts = &draft->facts;
    put_fields(draft);
    status_availability(draft, facts->available, status_control_plane_text(draft));
    bool initialized = facts->initialized || status_was_initialized(draft->question->object);
    if (draft->shape.machine_counters) {
        status_draft_condition(draft,
                               &(struct condition){
                                   .type = "Initialized",
                                   .forms = CONDITION_METAV1,
                                   .status = initialized ? CONDITION_TRUE : CONDITION_FALSE,
                                   .reason = initialized ? "Initialized" : "NotInitialized",
                                   .message = initialized ? NULL : "the API server has not answered yet",
                               });
    }
    status_machine_conditions(draft, &facts->control_plane);
}
