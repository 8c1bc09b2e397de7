// Fragments of the manifests at hand, found by object, by cluster and by who names whom.
#pragma once

#include "fleet/view_source.h"

struct fragment_set;

struct fragment_set *fragment_set_new(void); // caller owns
void fragment_set_free(struct fragment_set *set);
DEFINE_CLEANUP(fragment_set_free, struct fragment_set *)

// Reads the object, which must live as long as the set; a second object of the same key replaces the first.
// False: its kind tells nothing about clusters. Not while another thread reads.
bool fragment_set_add(struct fragment_set *set, const struct node *object);
// The same with the key that a review gives.
bool fragment_set_add_as(struct fragment_set *set, const struct object_key *key, const struct node *object);
// Adds every fragment, in any order.
void fragment_set_list(const struct fragment_set *set, struct arena *arena, struct fragment_list *list);
size_t fragment_set_count(const struct fragment_set *set);

// Says whether the set holds the whole fleet (at first it does not): then a cluster's pools are all known.
void fragment_set_complete(struct fragment_set *set, bool is_complete);
// Borrowed until fragment_set_free. Any thread may read through it once nothing is added any more.
const struct view_source *fragment_set_source(const struct fragment_set *set);
