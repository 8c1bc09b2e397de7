// What the files that read a fragment share.
#pragma once

#include "fleet/fact_reader.h"
#include "fleet/fragment.h"

struct fragment_builder {
    struct fact_reader reader;
    struct fragment *fragment;
    struct noted_fact *facts;
    size_t fact_capacity;
    struct fragment_link *links;
    size_t link_capacity;
    struct fragment_pool *pools;
    size_t pool_capacity;
};

// Absent facts are not noted, nor a second scalar of one meaning.
void fragment_note(struct fragment_builder *builder, enum kind_says says, bool is_whole,
                   const struct fact *fact);
void fragment_add_link(struct fragment_builder *builder, enum link_kind kind, const struct node *reference,
                       const char *path);

// Reads all paths below base (whose own path is prefix). What pools say goes to pool where it is not NULL.
void fragment_read_paths(struct fragment_builder *builder, const struct node *base, const char *prefix,
                         const struct kind_path *paths, struct fragment_pool *pool);

// fragment_pools.c
void fragment_read_pool_object(struct fragment_builder *builder, const struct node *base, const char *prefix);
void fragment_read_pool_list(struct fragment_builder *builder, const struct node *base, const char *prefix,
                             const struct kind_pool_list *list);
// A place where one of the pool's paths leads. False: the meaning is not one of pools.
bool fragment_pool_take(struct fragment_builder *builder, struct fragment_pool *pool, enum kind_says says,
                        const struct fact_place *place);
// Where the field would be, if nothing was found there.
void fragment_pool_miss(struct fragment_builder *builder, struct fragment_pool *pool, const char *prefix,
                        const struct kind_path *path);

// fragment_regions.c: regions in topology variables, class variables and class patches.
void fragment_read_variables(struct fragment_builder *builder, const struct fact_place *place);
void fragment_read_class_variables(struct fragment_builder *builder, const struct fact_place *place);
void fragment_read_patches(struct fragment_builder *builder, const struct fact_place *place);
