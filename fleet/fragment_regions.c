// A topology cluster has no region field: it hands one to its class in a variable, plain or inside a map, and
// the class has defaults for variables and patches that may write one down.
#include "fleet/fragment_internal.h"
#include "fleet/region.h"

#include <string.h>

// clusterConfig.value.aws.region is the deepest in use.
enum { VARIABLE_DEPTH = 4 };

static void note_text(struct fragment_builder *builder, const char *path, const struct node *node) {
    struct fact fact = fact_read_text(&builder->reader, path, node);
    fragment_note(builder, SAYS_REGION, false, &fact);
}

// The value of a variable that is called after a region: a text, a list of them, or a map with its name.
static void note_region(struct fragment_builder *builder, const char *path, const struct node *node) {
    static const char *const names[] = {"name", "region", "location"};
    if (node_is(node, NODE_LIST)) {
        size_t index = 0;
        NODE_EACH(item, node) {
            note_text(builder, arena_printf(builder->reader.arena, "%s[%zu]", path, index++), item);
        }
        return;
    }
    if (node_is(node, NODE_MAP)) {
        for (size_t i = 0; i < sizeof(names) / sizeof(*names); i++) {
            const struct node *member = node_get(node, names[i]);
            if (member) {
                note_text(builder, fact_reader_join_key(&builder->reader, path, names[i]), member);
                return;
            }
        }
    }
    note_text(builder, path, node);
}

// NOLINTNEXTLINE(misc-no-recursion): at most VARIABLE_DEPTH deep.
static void search(struct fragment_builder *builder, const char *path, const struct node *map, int depth) {
    if (depth == VARIABLE_DEPTH || !node_is(map, NODE_MAP)) {
        return;
    }
    NODE_EACH(member, map) {
        bool is_region = region_is_variable(member->key);
        if (!is_region && !node_is(member, NODE_MAP)) {
            continue;
        }
        const char *member_path = fact_reader_join_key(&builder->reader, path, member->key);
        if (is_region) {
            note_region(builder, member_path, member);
        } else {
            search(builder, member_path, member, depth + 1);
        }
    }
}

static void read_value(struct fragment_builder *builder, const struct node *name, const char *path,
                       const struct node *value) {
    const char *text = node_string(name);
    if (!text || !value) {
        return;
    }
    if (region_is_variable(text)) {
        note_region(builder, path, value);
    } else {
        search(builder, path, value, 0);
    }
}

void fragment_read_variables(struct fragment_builder *builder, const struct fact_place *place) {
    size_t index = 0;
    NODE_EACH(variable, place->node) {
        const char *path = arena_printf(builder->reader.arena, "%s[%zu].value", place->path, index++);
        read_value(builder, node_get(variable, "name"), path, node_get(variable, "value"));
    }
}

void fragment_read_class_variables(struct fragment_builder *builder, const struct fact_place *place) {
    size_t index = 0;
    NODE_EACH(variable, place->node) {
        const struct node *schema = node_get(node_get(variable, "schema"), "openAPIV3Schema");
        const char *path = arena_printf(builder->reader.arena, "%s[%zu].schema.openAPIV3Schema.default",
                                        place->path, index++);
        read_value(builder, node_get(variable, "name"), path, node_get(schema, "default"));
    }
}

static void read_definition(struct fragment_builder *builder, const char *path,
                            const struct node *definition) {
    size_t index = 0;
    NODE_EACH(patch, node_get(definition, "jsonPatches")) {
        const char *target = node_string(node_get(patch, "path"));
        const char *last = target ? strrchr(target, '/') : NULL;
        const struct node *value = node_get(patch, "value");
        if (value && last && region_is_variable(last + 1)) {
            note_region(builder,
                        arena_printf(builder->reader.arena, "%s.jsonPatches[%zu].value", path, index), value);
        }
        index++;
    }
}

void fragment_read_patches(struct fragment_builder *builder, const struct fact_place *place) {
    size_t patch_index = 0;
    NODE_EACH(patch, place->node) {
        size_t index = 0;
        NODE_EACH(definition, node_get(patch, "definitions")) {
            const char *path = arena_printf(builder->reader.arena, "%s[%zu].definitions[%zu]", place->path,
                                            patch_index, index++);
            read_definition(builder, path, definition);
        }
        patch_index++;
    }
}
