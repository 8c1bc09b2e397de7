#include "cli/locate.h"

#include "base/field_path.h"
#include "base/utf8.h"

#include <string.h>

static uint32_t characters(const char *text, size_t length) {
    uint32_t count = 0;
    for (size_t i = 0; i < length; i++) {
        count += ((unsigned char)text[i] & 0xC0) != 0x80;
    }
    return count;
}

// Does a quote stand at this character of the line?
static bool is_quoted(const struct place *place, uint32_t line, uint32_t column) {
    const char *start = NULL;
    size_t length = 0;
    if (!manifest_source_line(place->manifests, place->file, line, &start, &length)) {
        return false;
    }
    const char *at = start;
    const char *end = start + length;
    for (uint32_t i = 1; i < column && at < end; i++) {
        size_t size = utf8_decode(at, (size_t)(end - at), NULL);
        at += size ? size : 1;
    }
    return at < end && (*at == '"' || *at == '\'');
}

static void show_key(const struct node *node, const struct node_position *position, struct place *place) {
    if (!position->key_line) { // an item of a list, or the root
        place->line = place->end_line = position->line;
        place->column = position->column;
        place->end_column = position->column + 1;
        return;
    }
    place->line = place->end_line = position->key_line;
    place->column = position->key_column;
    place->end_column = position->key_column + characters(node->key, node->key_length);
    if (is_quoted(place, position->key_line, position->key_column)) {
        place->end_column += 2;
    }
}

static void show_value(const struct node *node, const struct node_position *position, struct place *place) {
    bool on_one_line = position->line == position->end_line && position->end_column > position->column;
    if (node_is(node, NODE_MAP) || node_is(node, NODE_LIST) || !on_one_line) {
        show_key(node, position, place);
        return;
    }
    place->line = position->line;
    place->column = position->column;
    place->end_line = position->end_line;
    place->end_column = position->end_column;
}

void locate_field(const struct fleet_side *side, const struct manifest *manifest, const char *path,
                  struct place *ret_place) {
    struct place place = {.file = manifest->file,
                          .manifests = fleet_side_manifests(side),
                          .line = manifest->line,
                          .column = manifest->column,
                          .end_line = manifest->line,
                          .end_column = manifest->column + 1};
    const struct node *root = manifest->object;
    const struct node *deepest = *path ? field_path_deepest(root, path) : root;
    const struct node *exact = NULL;
    if (!field_path_find(root, *path ? path : "metadata.name", &exact, NULL)) {
        exact = NULL;
    }
    if (!exact && deepest == root) {
        exact = node_get(node_get(root, "metadata"), "name");
    }
    const struct node *shown = exact ? exact : deepest;
    const struct node_position *position = shown ? document_position(manifest->document, shown) : NULL;
    if (position && position->line && exact) {
        show_value(shown, position, &place);
    } else if (position && position->line) {
        show_key(shown, position, &place);
    }
    *ret_place = place;
}

void locate_origin(const struct fleet_side *head, const struct fleet_side *base, const struct origin *origin,
                   const struct fleet_object *reviewed, struct place *ret_place) {
    const struct fleet_object *object = origin->root ? fleet_side_of_root(head, origin->root) : NULL;
    const struct fleet_side *side = head;
    if (!object && origin->object.kind) {
        object = fleet_side_find(head, &origin->object);
    }
    if (!object) {
        side = base;
        object = origin->root ? fleet_side_of_root(base, origin->root) : NULL;
        if (!object && origin->object.kind) {
            object = fleet_side_find(base, &origin->object);
        }
    }
    const char *path = origin->path ? origin->path : "";
    if (!object) {
        object = reviewed;
        side = fleet_side_of_root(head, reviewed->manifest->object) == reviewed ? head : base;
        path = "";
    }
    locate_field(side, object->manifest, path, ret_place);
}
