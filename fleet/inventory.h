// Every cluster of the fleet as the API server last told, in a few hundred bytes each: fragments of objects,
// packed, with sums by group that cost the same for ten clusters and ten thousand.
#pragma once

#include "base/error.h"
#include "fleet/budget.h"
#include "fleet/view_source.h"

struct inventory;

// A field that policies sum over (BUDGET_FIELD). Texts are copied.
struct inventory_field {
    const char *group, *kind, *path; // "spec.storage.gigabytes"
};

struct inventory *inventory_new(void); // caller owns
void inventory_free(struct inventory *inventory);
DEFINE_CLEANUP(inventory_free, struct inventory *)

// Which labels can be a group (per = "label:NAME") and which fields are summed. Fails with LIMIT over 64 of
// either. True in *ret_relist: objects that are already held must be put again (a field is new).
MUST_CHECK bool inventory_configure(struct inventory *inventory, const char *const *labels,
                                    size_t label_count, const struct inventory_field *fields,
                                    size_t field_count, bool *ret_relist, struct error *error);

// What the watch tells; any thread may call, all are atomic for readers. object is read and not kept. An
// object of a kind that tells nothing about clusters is left out. An older resourceVersion than the one held
// is ignored (streams may repeat); a new uid under an old key is a re-creation.
void inventory_put(struct inventory *inventory, const struct object_key *key, const struct node *object);
// Only if it is the one held: uid may be "" (any).
void inventory_remove(struct inventory *inventory, const struct object_key *key, const char *uid);
// One object that was read beside the watch: take the ticket, read, put. False, and nothing is put, when the
// object or a list that may have held it went by meanwhile: read again. Older than what is held: nothing to
// do.
uint64_t inventory_ticket(const struct inventory *inventory, const struct object_key *key);
bool inventory_put_read(struct inventory *inventory, const struct object_key *key, const struct node *object,
                        uint64_t ticket);
// A full list of one kind: between the two calls every object is put; what was not put is gone afterwards.
void inventory_list_begin(struct inventory *inventory, const char *group, const char *kind);
void inventory_list_end(struct inventory *inventory, const char *group, const char *kind);
// The same, and afterwards tells who is gone, in any order; key is borrowed during the call of gone.
void inventory_list_end_telling(struct inventory *inventory, const char *group, const char *kind,
                                void (*gone)(void *cookie, const struct object_key *key), void *cookie);
// Every kind that is served was listed once: what is not found does not exist.
void inventory_complete(struct inventory *inventory, bool is_complete);

// Borrowed until inventory_free, and as complete as the inventory is now: ask again for each review. Any
// thread; what it gives is copied into the caller's arena.
const struct view_source *inventory_source(const struct inventory *inventory);

struct inventory_counts {
    size_t clusters, objects, bytes; // bytes: of memory that the inventory holds
};
struct inventory_counts inventory_counts(const struct inventory *inventory);

// Sum of what is held in a group: O(1). per as in struct budget_demand; regions have no case, and a cluster
// of several regions counts in each. A field counts in the groups of the account that its object belongs to.
int64_t inventory_sum(const struct inventory *inventory, enum amount_of of, const char *per,
                      const char *group);
int64_t inventory_field_sum(const struct inventory *inventory, const struct inventory_field *field,
                            const char *per, const char *group);
// What this account holds of it now. account: a Cluster, or an infrastructure cluster or control plane that
// no Cluster has claimed yet (AWSCluster prod/eu-7 takes a cluster's place in its region before its Cluster
// is there; a control plane takes none, but has nodes). Fields: of this one object.
int64_t inventory_amount(const struct inventory *inventory, const struct object_key *account,
                         enum amount_of of, const char *per, const char *group);
int64_t inventory_field_amount(const struct inventory *inventory, const struct object_key *object,
                               const struct inventory_field *field, const char *per, const char *group);
// The Cluster that has claimed this object, or the object itself; in arena.
struct object_key inventory_account(const struct inventory *inventory, struct arena *arena,
                                    const struct object_key *object);

// Who else holds the value in that group: pod_cidrs, service_cidrs and network_cidrs overlap as networks,
// other names are compared as text ("endpoint": the control plane's host; "name": metadata.name of Clusters;
// a field path configured above). False: nobody but account. ret_holder in arena. O(log n).
bool inventory_holder(const struct inventory *inventory, struct arena *arena,
                      const struct object_key *account, const char *name, const char *value, const char *per,
                      const char *group, struct object_key *ret_holder);

enum { INVENTORY_UID_BYTES = 64 };
// The uid under which it holds this object ("" where it has none; longer ones are cut); false: it holds none.
bool inventory_uid(const struct inventory *inventory, const struct object_key *object,
                   char ret_uid[INVENTORY_UID_BYTES]);

// Does it show this object as it was promised: same uid and at least that generation (0: any), and replicas
// when not -1? Also when the watch has told of its end since: it was stored. removed: is it gone (or
// re-created)?
bool inventory_shows(const struct inventory *inventory, const struct object_key *object, const char *uid,
                     int64_t generation, int64_t replicas, bool removed);

// Clusters whose label has this value, in arena, sorted; NULL value: any value. O(clusters).
void inventory_labelled(const struct inventory *inventory, struct arena *arena, const char *label,
                        const char *value, struct fragment_list *list);
