// Two JSON documents, with a line "---" between them: what the second makes of the first is what RFC 7386
// says, member by member, and the same again when it is applied twice.
#include "tests/fuzz/fuzz.h"

#include "base/json_reader.h"
#include "base/merge_patch.h"

static const struct node *member_like(const struct node *map, const struct node *member) {
    return node_is(map, NODE_MAP) ? node_get_sized(map, member->key, member->key_length) : NULL;
}

static void check_merged(const struct node *result, const struct node *target, const struct node *patch);

// A member of the result comes from the patch, or from the target where the patch says nothing of it.
static void check_member(const struct node *member, const struct node *target, const struct node *patch) {
    const struct node *before = member_like(target, member);
    const struct node *change = member_like(patch, member);
    require(before || change, "nothing comes from nowhere");
    if (change) {
        require(change->type != NODE_NULL, "null takes a member away");
        check_merged(member, before, change);
    } else {
        require(node_equal(member, before), "what the patch does not name stays");
    }
}

static void check_merged(const struct node *result, const struct node *target, const struct node *patch) {
    if (patch->type != NODE_MAP) {
        require(node_equal(result, patch), "what is no map replaces");
        return;
    }
    require(result->type == NODE_MAP, "a map makes a map");
    NODE_EACH(member, result) {
        check_member(member, target, patch);
    }
    NODE_EACH(change, patch) {
        require((change->type == NODE_NULL) == !member_like(result, change), "each change is there");
    }
    if (node_is(target, NODE_MAP)) {
        NODE_EACH(member, target) {
            require(member_like(patch, member) || member_like(result, member), "nothing else is lost");
        }
    }
}

static struct document *read(const char *text) {
    struct document *document = NULL;
    struct error error = {0};
    return json_read_copy(text, strlen(text), &document_default_limits, &document, &error) ? document : NULL;
}

static void check_patch(const struct node *target, const struct node *patch) {
    CLEANUP(document_free) struct document *once = NULL;
    CLEANUP(document_free) struct document *twice = NULL;
    struct error error = {0};
    if (!merge_patch_apply(target, patch, &once, &error)) {
        require(!once && error.kind == ERROR_LIMIT && *error.message, "it is too much, and said so");
        return;
    }
    check_merged(document_root(once), target, patch);
    require(document_node_count(once) == document_root(once)->span, "nodes are counted");
    require(merge_patch_apply(document_root(once), patch, &twice, &error), "it can be applied again");
    require(node_equal(document_root(once), document_root(twice)), "twice is once");
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    CLEANUP(free) char *text = fuzz_text(data, size);
    const char *rest = text;
    CLEANUP(free) char *first = fuzz_part(&rest, "\n---\n");
    CLEANUP(free) char *second = fuzz_part(&rest, "\n---\n");
    CLEANUP(document_free) struct document *target = read(first);
    CLEANUP(document_free) struct document *patch = read(second);
    if (target && patch) {
        check_patch(document_root(target), document_root(patch));
        check_patch(NULL, document_root(patch));
    }
    return 0;
}
