#include "tests/manager/fake_inventory.h"

#include "base/memory.h"

#include <pthread.h>
#include <stdio.h>
#include <string.h>

enum { MOST = 4096 };

struct inventory {
    pthread_mutex_t lock;
    struct fake_object objects[MOST];
    size_t count;
};

struct inventory *inventory_new(void) {
    struct inventory *inventory = memory_calloc(1, sizeof(*inventory));
    pthread_mutex_init(&inventory->lock, NULL);
    return inventory;
}

void inventory_free(struct inventory *inventory) {
    if (inventory) {
        pthread_mutex_destroy(&inventory->lock);
        free(inventory);
    }
}

static struct fake_object *find(const struct inventory *inventory, const char *kind, const char *name) {
    for (size_t i = 0; i < inventory->count; i++) {
        const struct fake_object *object = &inventory->objects[i];
        if (strcmp(object->name, name) == 0 && strcmp(object->kind, kind) == 0) {
            return (struct fake_object *)object;
        }
    }
    return NULL;
}

void fake_put(struct inventory *inventory, const struct fake_object *object) {
    pthread_mutex_lock(&inventory->lock);
    struct fake_object *known = find(inventory, object->kind, object->name);
    if (!known) {
        known = &inventory->objects[inventory->count++];
    }
    if (!known->name[0] || strcmp(known->uid, object->uid) != 0 || known->generation <= object->generation) {
        *known = *object;
    }
    pthread_mutex_unlock(&inventory->lock);
}

void inventory_remove(struct inventory *inventory, const struct object_key *key, const char *uid) {
    pthread_mutex_lock(&inventory->lock);
    struct fake_object *known = find(inventory, key->kind, key->name);
    if (known && (!*uid || strcmp(known->uid, uid) == 0)) {
        *known = inventory->objects[--inventory->count];
    }
    pthread_mutex_unlock(&inventory->lock);
}

static int64_t amount(const struct fake_object *object, enum amount_of of, const char *per,
                      const char *group) {
    bool counts =
        strcmp(per, "fleet") == 0 || (strcmp(per, "region") == 0 && strcmp(object->region, group) == 0);
    return !counts ? 0 : of == AMOUNT_CLUSTERS ? object->clusters : object->nodes;
}

static int64_t sum(const struct inventory *inventory, enum amount_of of, const char *per, const char *group,
                   const struct object_key *account) {
    int64_t sum = 0;
    pthread_mutex_lock((pthread_mutex_t *)&inventory->lock);
    for (size_t i = 0; i < inventory->count; i++) {
        const struct fake_object *object = &inventory->objects[i];
        // Of its Cluster, or of itself where no Cluster has claimed it.
        bool own = account && (*object->account ? strcmp(account->kind, "Cluster") == 0 &&
                                                      strcmp(object->account, account->name) == 0
                                                : strcmp(object->kind, account->kind) == 0 &&
                                                      strcmp(object->name, account->name) == 0);
        sum += !account || own ? amount(object, of, per, group) : 0;
    }
    pthread_mutex_unlock((pthread_mutex_t *)&inventory->lock);
    return sum;
}

int64_t inventory_sum(const struct inventory *inventory, enum amount_of of, const char *per,
                      const char *group) {
    return sum(inventory, of, per, group, NULL);
}

struct object_key inventory_account(const struct inventory *inventory, struct arena *arena,
                                    const struct object_key *object) {
    struct object_key account = *object;
    pthread_mutex_lock((pthread_mutex_t *)&inventory->lock);
    const struct fake_object *known = find(inventory, object->kind, object->name);
    if (known && *known->account) {
        account =
            (struct object_key){"cluster.x-k8s.io", "Cluster", "prod", arena_strdup(arena, known->account)};
    }
    pthread_mutex_unlock((pthread_mutex_t *)&inventory->lock);
    return account;
}

int64_t inventory_amount(const struct inventory *inventory, const struct object_key *account,
                         enum amount_of of, const char *per, const char *group) {
    CLEANUP(arena_free) struct arena *arena = arena_new();
    struct object_key claimed = inventory_account(inventory, arena, account);
    return sum(inventory, of, per, group, &claimed);
}

// The one field of the fake: a pool's replicas.
int64_t inventory_field_sum(const struct inventory *inventory, const struct inventory_field *field,
                            const char *per, const char *group) {
    (void)per;
    (void)group;
    int64_t sum = 0;
    pthread_mutex_lock((pthread_mutex_t *)&inventory->lock);
    for (size_t i = 0; i < inventory->count; i++) {
        sum += strcmp(inventory->objects[i].kind, field->kind) == 0 ? inventory->objects[i].replicas : 0;
    }
    pthread_mutex_unlock((pthread_mutex_t *)&inventory->lock);
    return sum;
}

int64_t inventory_field_amount(const struct inventory *inventory, const struct object_key *object,
                               const struct inventory_field *field, const char *per, const char *group) {
    (void)field;
    (void)per;
    (void)group;
    pthread_mutex_lock((pthread_mutex_t *)&inventory->lock);
    const struct fake_object *known = find(inventory, object->kind, object->name);
    int64_t replicas = known ? known->replicas : 0;
    pthread_mutex_unlock((pthread_mutex_t *)&inventory->lock);
    return replicas;
}

bool inventory_holder(const struct inventory *inventory, struct arena *arena,
                      const struct object_key *account, const char *name, const char *value, const char *per,
                      const char *group, struct object_key *ret_holder) {
    (void)name;
    (void)per;
    (void)group;
    bool found = false;
    pthread_mutex_lock((pthread_mutex_t *)&inventory->lock);
    for (size_t i = 0; i < inventory->count && !found; i++) {
        const struct fake_object *object = &inventory->objects[i];
        if (strcmp(object->pod_cidr, value) == 0 && strcmp(object->account, account->name) != 0) {
            *ret_holder = (struct object_key){"cluster.x-k8s.io", "Cluster", "prod",
                                              arena_strdup(arena, object->account)};
            found = true;
        }
    }
    pthread_mutex_unlock((pthread_mutex_t *)&inventory->lock);
    return found;
}

bool inventory_uid(const struct inventory *inventory, const struct object_key *object,
                   char ret_uid[INVENTORY_UID_BYTES]) {
    pthread_mutex_lock((pthread_mutex_t *)&inventory->lock);
    const struct fake_object *known = find(inventory, object->kind, object->name);
    if (known) {
        snprintf(ret_uid, INVENTORY_UID_BYTES, "%s", known->uid);
    }
    pthread_mutex_unlock((pthread_mutex_t *)&inventory->lock);
    return known != NULL;
}

bool inventory_shows(const struct inventory *inventory, const struct object_key *object, const char *uid,
                     int64_t generation, int64_t replicas, bool removed) {
    pthread_mutex_lock((pthread_mutex_t *)&inventory->lock);
    const struct fake_object *known = find(inventory, object->kind, object->name);
    bool same = known && (!*uid || strcmp(known->uid, uid) == 0);
    bool shows =
        removed ? !same
                : same && known->generation >= generation && (replicas < 0 || known->replicas == replicas);
    pthread_mutex_unlock((pthread_mutex_t *)&inventory->lock);
    return shows;
}
