#include "reconciler/cluster_spec.h"

#include "fleet/kubernetes_version.h"
#include "reconciler/drain_time.h"

#include <stdlib.h>
#include <string.h>

// More machines than any cluster has: whatever is summed from it stays far from overflow.
enum { MOST_MACHINES = 1000000 };

struct spec_reader {
    struct arena *arena;
    const struct cluster_view *view;
    const struct cluster_spec_options *options;
    struct error *error;
};

// "Cluster prod/eu-1: spec.version" of an origin, as far as it tells.
static const char *place_of(const struct spec_reader *reader, const struct fact *fact) {
    const struct origin *origin = &fact->origin;
    const struct object_key *key = origin->object.kind ? &origin->object : &reader->view->object;
    const char *slash = key->namespace && *key->namespace ? "/" : "";
    return arena_printf(reader->arena, "%s %s%s%s%s%s", key->kind ? key->kind : "Cluster",
                        key->namespace ? key->namespace : "", slash, key->name ? key->name : "",
                        origin->path ? ": " : "", origin->path ? origin->path : "");
}

static bool fail_fact(const struct spec_reader *reader, const struct fact *fact) {
    const char *why = fact->why ? fact->why : "it is not known";
    if (fact->unseen) {
        return error_set(reader->error, ERROR_NOT_FOUND, "%s", why);
    }
    return error_set(reader->error, ERROR_INVALID, "%s: %s", place_of(reader, fact), why);
}

// Absent: *ret_value stays as it is.
static bool read_text(const struct spec_reader *reader, const struct fact *fact, const char **ret_value) {
    if (fact->state == FACT_UNKNOWN) {
        return fail_fact(reader, fact);
    }
    if (fact->state == FACT_KNOWN && fact->type == FACT_TEXT) {
        *ret_value = fact->value.text;
    }
    return true;
}

static bool read_count(const struct spec_reader *reader, const struct fact *fact, int64_t lowest,
                       int64_t *ret_value) {
    if (fact->state == FACT_UNKNOWN) {
        return fail_fact(reader, fact);
    }
    if (fact->state != FACT_KNOWN || fact->type != FACT_INTEGER) {
        return true;
    }
    if (fact->value.integer < lowest || fact->value.integer > MOST_MACHINES) {
        return error_set(reader->error, ERROR_INVALID, "%s is %lld, not from %lld to %d",
                         place_of(reader, fact), (long long)fact->value.integer, (long long)lowest,
                         MOST_MACHINES);
    }
    *ret_value = fact->value.integer;
    return true;
}

static bool read_flag(const struct spec_reader *reader, const struct fact *fact, bool *ret_value) {
    if (fact->state == FACT_UNKNOWN) {
        return fail_fact(reader, fact);
    }
    if (fact->state == FACT_KNOWN && fact->type == FACT_BOOLEAN) {
        *ret_value = fact->value.boolean;
    }
    return true;
}

// A rolling update needs at least one machine on top, whatever the object says.
static bool read_surge(const struct spec_reader *reader, const struct fact *fact, int64_t *ret_surge) {
    *ret_surge = 1;
    if (!read_count(reader, fact, 0, ret_surge)) {
        return false;
    }
    *ret_surge = *ret_surge < 1 ? 1 : *ret_surge;
    return true;
}

// Absent: *ret_version stays as it is.
static bool read_version(const struct spec_reader *reader, const struct fact *fact,
                         const char **ret_version) {
    const char *text = NULL;
    struct kubernetes_version version;
    if (!read_text(reader, fact, &text) || !text) {
        return fact->state != FACT_UNKNOWN;
    }
    switch (kubernetes_version_parse(text, &version)) {
    case VERSION_OK:
        *ret_version = text + (*text == 'v');
        return true;
    case VERSION_ALIAS:
        return error_set(reader->error, ERROR_INVALID,
                         "%s: version \"%s\" leaves the choice to the provider; name one like 1.31.2",
                         place_of(reader, fact), text);
    case VERSION_MALFORMED:
        break;
    }
    return error_set(reader->error, ERROR_INVALID, "%s: \"%.100s\" is not a version like 1.31.2",
                     place_of(reader, fact), text);
}

// Limits that no cloud scales by. The cluster autoscaler's annotations: it writes replicas of the object.
// AWS: groups have limits, and replicas stand unless the object says who manages them.
static bool are_only_limits(const struct fact *fact) {
    if (fact->state != FACT_KNOWN) {
        return false;
    }
    const char *kind = fact->origin.object.kind;
    bool is_annotation =
        fact->origin.path && strstr(fact->origin.path, "cluster-api-autoscaler-node-group") != NULL;
    return is_annotation ||
           (kind && (strcmp(kind, "AWSManagedMachinePool") == 0 || strcmp(kind, "AWSMachinePool") == 0));
}

static bool read_limits(const struct spec_reader *reader, const struct pool_view *view,
                        struct pool_spec *pool) {
    const struct fact *facts = view->facts;
    bool has_limits = false;
    bool is_managed = false;
    pool->minimum = pool->maximum = -1;
    if (!read_flag(reader, &facts[POOL_AUTOSCALED], &has_limits) ||
        !read_flag(reader, &facts[POOL_MANAGED_REPLICAS], &is_managed)) {
        return false;
    }
    if (has_limits && (!read_count(reader, &facts[POOL_MIN], 0, &pool->minimum) ||
                       !read_count(reader, &facts[POOL_MAX], 0, &pool->maximum))) {
        return false;
    }
    if (pool->minimum >= 0 && pool->maximum >= 0 && pool->minimum > pool->maximum) {
        return error_set(reader->error, ERROR_INVALID,
                         "pool %s: its least number %lld is above its most %lld", pool->name,
                         (long long)pool->minimum, (long long)pool->maximum);
    }
    bool by_object = are_only_limits(&facts[POOL_MIN]) || are_only_limits(&facts[POOL_MAX]);
    pool->autoscaled = is_managed || (has_limits && !by_object);
    if (pool->maximum >= 0 && pool->replicas > pool->maximum) {
        pool->replicas = pool->maximum;
    }
    pool->replicas = pool->replicas < pool->minimum ? pool->minimum : pool->replicas;
    return true;
}

static bool read_drain(const struct spec_reader *reader, struct pool_spec *pool) {
    const struct cluster_spec_options *options = reader->options;
    pool->drain_s = options->drain_s;
    const struct node *object = options->object ? options->object(options->cookie, &pool->object) : NULL;
    return !object || drain_time_read(object, pool->name, &pool->drain_s, reader->error) ||
           error_wrap(reader->error, "pool %s", pool->name);
}

static bool read_pool(const struct spec_reader *reader, const struct pool_view *view,
                      const struct cluster_spec *spec, struct pool_spec *ret_pool) {
    struct pool_spec pool = {.object = view->object, .version = spec->version};
    if (!read_text(reader, &view->facts[POOL_NAME], &pool.name)) {
        return false;
    }
    pool.name = pool.name ? pool.name : view->object.name;
    if (!*pool.name) {
        return error_set(reader->error, ERROR_INVALID, "a pool has no name");
    }
    if (!read_version(reader, &view->facts[POOL_VERSION], &pool.version) ||
        !read_count(reader, &view->facts[POOL_REPLICAS], 0, &pool.replicas) ||
        !read_limits(reader, view, &pool) || !read_surge(reader, &view->facts[POOL_SURGE], &pool.surge) ||
        !read_drain(reader, &pool)) {
        return false;
    }
    *ret_pool = pool;
    return true;
}

static int by_name(const void *a, const void *b) {
    return strcmp(((const struct pool_spec *)a)->name, ((const struct pool_spec *)b)->name);
}

static bool read_pools(const struct spec_reader *reader, struct cluster_spec *spec) {
    const struct cluster_view *view = reader->view;
    if (view->pools_known.state == FACT_UNKNOWN) {
        return fail_fact(reader, &view->pools_known);
    }
    struct pool_spec *pools = arena_alloc(reader->arena, (view->pool_count + 1) * sizeof(*pools));
    size_t count = 0;
    for (size_t i = 0; i < view->pool_count; i++) {
        bool is_deleting = false;
        if (!read_flag(reader, &view->pools[i].facts[POOL_DELETING], &is_deleting)) {
            return false;
        }
        if (is_deleting) {
            continue;
        }
        if (read_pool(reader, &view->pools[i], spec, &pools[count])) {
            count++;
        } else if (reader->error->kind == ERROR_NOT_FOUND) {
            spec->unread = spec->unread ? spec->unread : arena_strdup(reader->arena, reader->error->message);
            *reader->error = (struct error){0};
        } else {
            return false;
        }
    }
    qsort(pools, count, sizeof(*pools), by_name);
    for (size_t i = 1; i < count; i++) {
        if (strcmp(pools[i - 1].name, pools[i].name) == 0) {
            return error_set(reader->error, ERROR_INVALID, "two pools have the name %s: %s %s and %s %s",
                             pools[i].name, pools[i - 1].object.kind, pools[i - 1].object.name,
                             pools[i].object.kind, pools[i].object.name);
        }
    }
    spec->pools = pools;
    spec->pool_count = count;
    return true;
}

static bool read_names(const struct spec_reader *reader, struct cluster_spec *spec) {
    const struct fact *facts = reader->view->facts;
    spec->namespace = spec->provider = spec->flavour = spec->region = "";
    if (!read_text(reader, &facts[CLUSTER_NAME], &spec->name) ||
        !read_text(reader, &facts[CLUSTER_NAMESPACE], &spec->namespace) ||
        !read_text(reader, &facts[CLUSTER_PROVIDER], &spec->provider) ||
        !read_text(reader, &facts[CLUSTER_FLAVOUR], &spec->flavour) ||
        !read_text(reader, &facts[CLUSTER_REGION], &spec->region)) {
        return false;
    }
    if (!spec->name) {
        return error_set(reader->error, ERROR_INVALID, "the cluster has no name");
    }
    return true;
}

static bool read_control_plane(const struct spec_reader *reader, struct cluster_spec *spec) {
    const struct fact *facts = reader->view->facts;
    if (!read_version(reader, &facts[CLUSTER_VERSION], &spec->version) ||
        !read_count(reader, &facts[CLUSTER_CONTROL_PLANE_REPLICAS], 1, &spec->control_plane_replicas) ||
        !read_flag(reader, &facts[CLUSTER_PAUSED], &spec->paused)) {
        return false;
    }
    if (!spec->version) {
        return error_set(reader->error, ERROR_INVALID, "%s: no Kubernetes version is set",
                         place_of(reader, &facts[CLUSTER_VERSION]));
    }
    return spec->control_plane_replicas == 0 ||
           read_surge(reader, &facts[CLUSTER_CONTROL_PLANE_SURGE], &spec->control_plane_surge);
}

bool cluster_spec_read(struct arena *arena, const struct cluster_view *view,
                       const struct cluster_spec_options *options, struct cluster_spec *ret_spec,
                       struct error *error) {
    const struct spec_reader reader = {arena, view, options, error};
    struct cluster_spec spec = {.drain_s = options->drain_s};
    if (!read_names(&reader, &spec) || !read_control_plane(&reader, &spec) || !read_pools(&reader, &spec)) {
        return false;
    }
    *ret_spec = spec;
    return true;
}
