#include "reconciler/status_draft.h"

#include <inttypes.h>
#include <string.h>

enum { MOST_SELECTOR_BYTES = 64 * 1024 };

enum pool_kind { POOL_DEPLOYMENT, POOL_SET, POOL_MACHINE_POOL, POOL_MACHINE, POOL_INFRASTRUCTURE };

static enum pool_kind pool_kind_of(const struct status_draft *draft) {
    static const char *const names[] = {"MachineDeployment", "MachineSet", "MachinePool", "Machine"};
    for (unsigned i = 0; draft->shape.core && i < sizeof(names) / sizeof(*names); i++) {
        if (strcmp(draft->shape.kind, names[i]) == 0) {
            return (enum pool_kind)i;
        }
    }
    return POOL_INFRASTRUCTURE;
}

static const char *phase_of(const struct status_draft *draft, enum pool_kind kind,
                            const struct status_counters *counters) {
    const struct cloud_cluster *cloud = draft->question->cloud;
    bool is_deployment = kind == POOL_DEPLOYMENT;
    if (status_is_deleting(draft->question)) {
        return is_deployment ? "ScalingDown" : "Deleting"; // a MachineDeployment knows no other word
    }
    if (cloud && cloud->state == CLOUD_FAILED) {
        return "Failed";
    }
    if (!counters->exists) {
        return is_deployment ? "ScalingUp" : (draft->facts.initialized ? "Provisioning" : "Pending");
    }
    if (kind == POOL_MACHINE) {
        return counters->ready > 0 ? "Running" : "Provisioning";
    }
    if (status_counters_growing(counters)) {
        return "ScalingUp";
    }
    return status_counters_shrinking(counters) ? "ScalingDown" : "Running";
}

static void add_requirement(struct buffer *text, const struct node *expression) {
    static const struct {
        const char *name, *sign; // before the key
        const char *word;        // before the values; NULL: there are none
    } operators[] = {
        {"In", "", " in ("}, {"NotIn", "", " notin ("}, {"Exists", "", NULL}, {"DoesNotExist", "!", NULL}};
    const char *key = node_string(node_get(expression, "key"));
    const char *name = node_string(node_get(expression, "operator"));
    for (size_t i = 0; key && name && i < sizeof(operators) / sizeof(*operators); i++) {
        if (strcmp(operators[i].name, name) != 0) {
            continue;
        }
        buffer_printf(text, "%s%s%s%s", text->length > 0 ? "," : "", operators[i].sign, key,
                      operators[i].word ? operators[i].word : "");
        const struct node *values = operators[i].word ? node_get(expression, "values") : NULL;
        NODE_EACH(value, values) {
            const char *item = node_string(value);
            buffer_printf(text, "%s%s", value == node_first(values) ? "" : ",", item ? item : "");
        }
        buffer_append_text(text, operators[i].word ? ")" : "");
    }
}

// What /scale shows to autoscalers; as Cluster API's defaults are where the object has no selector.
static const char *selector_of(const struct status_draft *draft) {
    const struct node *selector = node_at(draft->question->object, "spec.selector");
    CLEANUP(buffer_clear) struct buffer text;
    buffer_init(&text, MOST_SELECTOR_BYTES);
    NODE_EACH(label, node_get(selector, "matchLabels")) {
        const char *value = node_string(label);
        if (label->key && value) {
            buffer_printf(&text, "%s%s=%s", text.length > 0 ? "," : "", label->key, value);
        }
    }
    NODE_EACH(expression, node_get(selector, "matchExpressions")) {
        add_requirement(&text, expression);
    }
    const char *name = node_string(node_at(draft->question->object, "metadata.name"));
    const char *cluster = node_string(node_at(draft->question->cluster, "metadata.name"));
    if (text.length == 0) {
        buffer_printf(&text, "cluster.x-k8s.io/cluster-name=%s,cluster.x-k8s.io/deployment-name=%s",
                      cluster ? cluster : "", name ? name : "");
    }
    return arena_strdup(draft->arena, buffer_text(&text));
}

static void put_initialization(struct status_draft *draft, bool exists) {
    if (draft->shape.initialization) {
        status_draft_latch(draft, "initialization.bootstrapDataSecretCreated", exists);
        status_draft_latch(draft, "initialization.infrastructureProvisioned", exists);
    } else {
        status_draft_latch(draft, "bootstrapReady", exists);
        status_draft_latch(draft, "infrastructureReady", exists);
    }
}

static void infrastructure_pool_fields(struct status_draft *draft, const struct status_counters *counters) {
    status_draft_latch(draft, draft->shape.initialization ? "initialization.provisioned" : "ready",
                       counters->exists);
    if (draft->facts.known) {
        status_draft_integer(draft, "replicas", counters->replicas);
    }
}

static void put_fields(struct status_draft *draft, enum pool_kind kind,
                       const struct status_counters *counters) {
    if (kind == POOL_INFRASTRUCTURE) {
        infrastructure_pool_fields(draft, counters);
        return;
    }
    if (kind == POOL_MACHINE_POOL || kind == POOL_MACHINE) {
        put_initialization(draft, counters->exists);
    }
    if (kind == POOL_DEPLOYMENT || kind == POOL_SET) {
        status_draft_text(draft, "selector", selector_of(draft));
    }
    if (kind != POOL_SET && (draft->facts.known || !node_at(draft->status, "phase"))) {
        status_draft_text(draft, "phase", phase_of(draft, kind, counters));
    }
    if (kind != POOL_MACHINE) {
        status_machine_counters(draft, counters);
    }
}

void status_pool_fill(struct status_draft *draft) {
    const char *pool = draft->question->pool;
    struct status_counters counters =
        pool ? status_facts_pool(draft->question, pool) : (struct status_counters){0};
    enum pool_kind kind = pool_kind_of(draft);
    put_fields(draft, kind, &counters);
    bool is_available = counters.exists && counters.ready >= counters.desired;
    const char *counts = arena_printf(draft->arena, "%" PRId64 " of %" PRId64 " replicas are ready",
                                      counters.ready, counters.desired);
    status_availability(draft, is_available, draft->facts.known ? counts : status_cloud_text(draft, "pool"));
    if (kind != POOL_INFRASTRUCTURE && kind != POOL_MACHINE) {
        status_machine_conditions(draft, &counters);
    }
}
