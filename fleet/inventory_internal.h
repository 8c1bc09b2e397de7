// What the files of the inventory share. All functions here run under its lock.
#pragma once

#include "fleet/cidr_set.h"
#include "fleet/fragment_pack.h"
#include "fleet/id_index.h"
#include "fleet/inventory.h"
#include "fleet/tally_counts.h"

#include <pthread.h>

enum { LABEL_LIMIT = 64, FIELD_LIMIT = 64, CIDR_LISTS = 3, REMOVAL_COUNTERS = 64 };

__extension__ typedef __int128 wide_sum;

// Numbers of the text pool; namespace "default" for "", group without "exp.", so that equal keys are equal.
struct key_ids {
    uint32_t group, kind, namespace, name;
};

struct inventory_entry {
    struct key_ids key; // one reference each
    uint32_t hash;
    uint32_t cluster_name; // as its fragment says; 0: it does not
    uint32_t round;        // of the list that last held it
    uint32_t size;
    uint8_t role;     // enum kind_role
    bool takes_place; // kind_entry_takes_place
    bool is_template;
    bool has_fields;
    bool has_extras; // fields or an endpoint
    uint8_t bytes[]; // fragment_pack
};

// Pointers under numbers from 1 on.
struct slots {
    void **items;
    uint32_t *free;
    uint32_t capacity, used, free_count;
};
uint32_t slots_add(struct slots *slots, void *item);
void slots_remove(struct slots *slots, uint32_t at);
void slots_clear(struct slots *slots);

// A value that others may not hold: a place in one of the sets of networks, or a text.
struct holding {
    uint32_t name; // "pod_cidrs", "endpoint"
    uint32_t value;
};
struct field_amount {
    uint32_t slot;
    int64_t sum;
};

// A Cluster, or an object that no Cluster has claimed, with what it takes of each group.
struct account {
    struct key_ids key; // one reference each
    uint32_t hash;
    bool is_dirty;
    int64_t amounts[AMOUNT_COUNT];
    uint32_t group_count, field_count, holding_count;
    struct field_amount *fields; // of one allocation with the next two
    struct holding *holdings;
    uint32_t *groups;
};

struct group {
    uint32_t per, value; // one reference each
    uint32_t hash;
    uint32_t account_count;
    wide_sum sums[AMOUNT_COUNT];
    wide_sum fields[];
};

struct list_round {
    uint32_t group, kind;
    uint32_t round;
    bool is_open;
};

struct configured_label {
    char *name;
    uint32_t per; // "label:NAME"
};
struct configured_field {
    char *group, *kind, *path;
    uint32_t id;   // never given twice
    uint32_t name; // of the path
};

struct store {
    pthread_rwlock_t lock;
    struct text_pool *pool;
    struct fragment_packer packer;
    struct arena *scratch;      // of one change
    struct arena *view_scratch; // of one account that is settled
    struct view_source inner;   // without the lock

    struct slots entries;
    struct id_index objects;   // by key
    struct id_index clusters;  // by the Cluster that they say they belong to
    struct id_index referrers; // by what they name: number * 2, plus 1 when they only name it as an owner
    size_t object_count, cluster_count, entry_bytes;

    struct slots accounts;
    struct id_index account_index;
    uint32_t *dirty;
    size_t dirty_count, dirty_capacity;
    size_t account_bytes;

    struct slots groups;
    struct id_index group_index;
    struct id_index text_holders; // by name and value
    // How many hold a value in a group. Not for the whole fleet: the first other holder is the answer there.
    struct tally_counts group_holders;
    struct cidr_set *networks[CIDR_LISTS];
    uint32_t network_names[CIDR_LISTS];
    uint32_t fleet, region, provider, namespace, version, endpoint, name; // pinned texts
    uint32_t cluster_group, cluster_kind;

    struct configured_label labels[LABEL_LIMIT];
    size_t label_count;
    struct configured_field fields[FIELD_LIMIT];
    size_t field_count;
    uint32_t next_field_id;

    struct list_round *rounds;
    size_t round_count;
    size_t open_lists;
    bool is_complete;
    uint64_t removals[REMOVAL_COUNTERS]; // by key; held or not: what was read may be older than they are
    uint64_t ended_lists;
};

struct inventory {
    struct store *store;
    struct view_source sources[2]; // incomplete, complete
};

// inventory.c
void inventory_drop_configuration(struct store *store);
uint32_t inventory_find_field(const struct store *store,
                              const struct inventory_field *field); // its id, 0: none

// inventory_keys.c
struct key_ids inventory_key_add(struct store *store, const struct object_key *key);
void inventory_key_drop(struct store *store, const struct key_ids *key);
bool inventory_key_find(const struct store *store, const struct object_key *key, struct key_ids *ret_key);
bool inventory_group_equal(const char *a, const char *b);
bool inventory_key_equal(const struct key_ids *a, const struct key_ids *b);
uint32_t inventory_key_hash(const struct key_ids *key);
uint32_t inventory_pair_hash(uint32_t a, uint32_t b);
// May another account of the group hold it? Tells it without a look at those who do. account may be NULL.
bool inventory_may_hold(const struct store *store, const struct account *account, uint32_t group,
                        const struct holding *holding);
// Borrowed from the pool.
struct object_key inventory_key_texts(const struct store *store, const struct key_ids *key);
struct object_key inventory_key_copy(const struct store *store, struct arena *arena,
                                     const struct key_ids *key);
uint32_t inventory_find_entry(const struct store *store, const struct key_ids *key); // 0: none
uint32_t inventory_find_account(const struct store *store, const struct key_ids *key);
struct inventory_entry *inventory_entry_at(const struct store *store, uint32_t at);
struct account *inventory_account_at(const struct store *store, uint32_t at);
struct group *inventory_group_at(const struct store *store, uint32_t at);

// inventory_source.c
extern const struct view_source_methods inventory_inner_methods;
const struct fragment *inventory_unpack(const struct store *store, struct arena *arena, uint32_t at);

bool inventory_refers(const struct store *store, struct arena *arena, uint32_t at,
                      const struct object_key *target);
void inventory_source_open(struct inventory *inventory);

// inventory_claims.c
// Marks every account whose sums may change with this entry, as it is indexed now.
void inventory_mark(struct store *store, uint32_t at, const struct fragment *fragment);
// Serves many clusters and belongs to none: only its fields count.
bool inventory_is_shared(const struct inventory_entry *entry);
// Says no cluster itself, and may belong to one.
bool inventory_is_silent(const struct inventory_entry *entry);
void inventory_mark_all(struct store *store);
// The account that the object belongs to; false: it is its own. Borrowed from arena and fragment.
bool inventory_claimed(struct store *store, struct arena *arena, const struct fragment *fragment,
                       struct object_key *ret_cluster);

// inventory_settle.c
// Brings at most so many dirty accounts up to date; true: none is left.
bool inventory_settle(struct store *store, size_t limit);
// "100" and "-3"; false: it is no whole number.
bool inventory_read_whole(const char *text, int64_t *ret_value);
// inventory_tally.c
void inventory_withdraw(struct store *store, uint32_t at);
struct tally;
void inventory_apply(struct store *store, uint32_t at, const struct tally *tally);
// 0: nobody is in that group.
uint32_t inventory_find_group(const struct store *store, uint32_t per, uint32_t value);
// The group as policies name it; false: nothing is in it.
bool inventory_group_named(const struct store *store, const char *per, const char *value, uint32_t *ret_at);
bool inventory_holds(const struct account *account, uint32_t name, uint32_t value);
bool inventory_in_group(const struct account *account, uint32_t group);
size_t inventory_tally_bytes(const struct store *store);

struct tally_value {
    uint32_t name;
    const char *text;
};
// What an account is to hold. In an arena.
struct tally {
    int64_t amounts[AMOUNT_COUNT];
    struct tally_value *groups; // per, value
    size_t group_count, group_capacity;
    struct tally_value *values; // networks and texts
    size_t value_count, value_capacity;
    int64_t fields[FIELD_LIMIT];
    bool has_field[FIELD_LIMIT];
};

// inventory_lock.c
void inventory_read(struct store *store);
void inventory_write(struct store *store);
void inventory_unlock(struct store *store);
// A read (or write) lock with every sum up to date.
void inventory_read_settled(struct store *store);
