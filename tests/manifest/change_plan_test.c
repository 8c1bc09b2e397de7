#include "base/buffer.h"
#include "manifest/change_plan.h"
#include "tests/support/expect.h"

// c, u or d, then the object's namespace and name; then duplicates and whether a side is incomplete.
static void describe(struct buffer *out, const struct change_plan *plan) {
    static const char marks[] = "cud";
    for (size_t i = 0; i < plan->change_count; i++) {
        const struct planned_change *change = &plan->changes[i];
        const struct manifest *manifest = change->after ? change->after : change->before;
        const struct node *metadata = node_get(manifest->object, "metadata");
        const char *namespace = node_string(node_get(metadata, "namespace"));
        const char *name = node_string(node_get(metadata, "name"));
        assert_true((change->kind == CHANGE_CREATE) == (change->before == NULL));
        assert_true((change->kind == CHANGE_DELETE) == (change->after == NULL));
        buffer_printf(out, "%c%s/%s ", marks[change->kind], namespace ? namespace : "", name ? name : "");
    }
    for (size_t i = 0; i < plan->duplicate_count; i++) {
        buffer_printf(out, "dup %s:%u %s:%u ", plan->duplicates[i].first->file,
                      plan->duplicates[i].first->line, plan->duplicates[i].second->file,
                      plan->duplicates[i].second->line);
    }
    buffer_append_text(out, plan->base_incomplete ? "base? " : "");
    buffer_append_text(out, plan->head_incomplete ? "head? " : "");
}

// A file is "name:text"; files are parted by '|'.
static struct manifest_set *read_set(const char *files) {
    struct manifest_set *set = manifest_set_new(NULL, NULL);
    while (*files) {
        size_t length = strcspn(files, "|");
        char name[100] = {0};
        size_t name_length = strcspn(files, "=");
        memcpy(name, files, name_length);
        assert_true(
            manifest_set_add_text(set, name, files + name_length + 1, length - name_length - 1, NULL));
        files += length + (files[length] == '|');
    }
    return set;
}

#define X(meta, value) "{apiVersion: g/v1, kind: X, metadata: {" meta "}, v: " value "}\n---\n"

static const struct {
    const char *name, *base, *head, *expected;
} cases[] = {
    {"nothing", "", "", ""},
    {"nothing existed", NULL, "a.yaml=" X("name: a", "1"), "c/a "},
    {"created", "", "a.yaml=" X("name: a", "1") X("name: b", "1"), "c/a c/b "},
    {"deleted", "a.yaml=" X("name: a", "1") X("name: b", "1"), "a.yaml=" X("name: b", "1"), "d/a "},
    {"updated", "a.yaml=" X("name: a", "1"), "a.yaml=" X("name: a", "2"), "u/a "},
    {"the same", "a.yaml=" X("name: a", "1"), "a.yaml=" X("name: a", "1"), ""},
    {"the same in another order", "a.yaml=" X("name: a, labels: {x: 1}", "1"),
     "a.yaml=" X("labels: {x: 1}, name: a", "1"), ""},
    {"moved", "a.yaml=" X("name: a", "1"), "b/c.yaml=# c\n" X("name: a", "1"), ""},
    {"moved and updated", "a.yaml=" X("name: a", "1"), "b/c.yaml=" X("name: a", "2"), "u/a "},
    {"another version", "a.yaml={apiVersion: g/v1, kind: X, metadata: {name: a}}",
     "a.yaml={apiVersion: g/v2, kind: X, metadata: {name: a}}", "u/a "},
    {"another group", "a.yaml={apiVersion: g/v1, kind: X, metadata: {name: a}}",
     "a.yaml={apiVersion: h/v1, kind: X, metadata: {name: a}}", "c/a d/a "},
    {"core group", "a.yaml={apiVersion: v1, kind: X, metadata: {name: a}}",
     "a.yaml={apiVersion: v1/v1, kind: X, metadata: {name: a}}", "c/a d/a "},
    {"another kind", "a.yaml={apiVersion: v1, kind: X, metadata: {name: a}}",
     "a.yaml={apiVersion: v1, kind: Z, metadata: {name: a}}", "c/a d/a "},
    {"another namespace", "a.yaml=" X("name: a, namespace: x", "1"),
     "a.yaml=" X("name: a, namespace: q", "1"), "cq/a dx/a "},
    {"the default namespace", "a.yaml=" X("name: a, namespace: default", "1"), "a.yaml=" X("name: a", "2"),
     "u/a "},
    {"in the order of the files", "a.yaml=" X("name: z", "1") X("name: d", "1"),
     "a.yaml=" X("name: q", "1") X("name: z", "2") X("name: b", "1"), "c/q u/z c/b d/d "},
    {"duplicates in head", "", "a.yaml=" X("name: a", "1") "|b.yaml=# c\n" X("name: a", "2"),
     "c/a c/a dup a.yaml:1 b.yaml:2 "},
    {"duplicates in base", "a.yaml=" X("name: a", "1") "|b.yaml=" X("name: a", "1"),
     "a.yaml=" X("name: a", "1"), "d/a dup a.yaml:1 b.yaml:1 "},
    {"duplicates stand in their order", "", "b.yaml=" X("name: a", "1") "|a.yaml=" X("name: a", "1"),
     "c/a c/a dup b.yaml:1 a.yaml:1 "},
    {"unknown names are no duplicates", "",
     "a.yaml=" X("name: '${N}'", "1") "|b.yaml=" X("name: '${N}'", "1"), "c/${N} c/${N} "},
    {"unknown names are paired by file",
     "x/a.yaml=" X("name: '${N}'", "1") "|x/b.yaml=" X("name: '${N}'", "2"),
     "y/0.yaml=" X("name: '${N}'", "3") "|y/a.yaml=" X("name: '${N}'", "1") "|y/b.yaml=" X("name: '${N}'",
                                                                                           "2"),
     "c/${N} "},
    {"unknown names in moved files", "x/a.yaml=" X("name: '${N}'", "1"), "y/b.yaml=" X("name: '${N}'", "1"),
     ""},
    {"unknown values that are the same", "a.yaml=" X("name: a", "'${V}'"), "a.yaml=" X("name: a", "'${V}'"),
     ""},
    {"a value that became unknown", "a.yaml=" X("name: a", "'$${V}'"), "a.yaml=" X("name: a", "'${V}'"),
     "u/a "},
    {"generated names", "a.yaml=" X("generateName: a-", "1"),
     "a.yaml=" X("generateName: a-", "1") X("generateName: a-", "1"), "c/ "},
    {"not objects", "a.yaml=a: 1", "a.yaml=a: 2", ""},
    {"unreadable in head", "a.yaml=" X("name: a", "1"), "a.yaml=a: [", "d/a head? "},
    {"a template in base", "a.yaml={{ if x }}\na: 1\n{{ end }}", "a.yaml=" X("name: a", "1"), "c/a base? "},
    {"items of Lists",
     "a.yaml={apiVersion: v1, kind: List, items: [{apiVersion: v1, kind: X, metadata: {name: a}}]}",
     "a.yaml={apiVersion: v1, kind: X, metadata: {name: a}}", ""},
};

static void test_plans(void **state) {
    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        CLEANUP(manifest_set_free) struct manifest_set *base = cases[i].base ? read_set(cases[i].base) : NULL;
        CLEANUP(manifest_set_free) struct manifest_set *head = read_set(cases[i].head);
        CLEANUP(change_plan_free) struct change_plan *plan = change_plan_new(base, head);
        CLEANUP(buffer_clear) struct buffer out;
        buffer_init(&out, 10000);
        describe(&out, plan);
        expect_text(cases[i].name, buffer_text(&out), cases[i].expected);
    }
}

static void test_many(void **state) {
    (void)state;
    CLEANUP(buffer_clear) struct buffer text;
    buffer_init(&text, 8 << 20);
    for (int i = 0; i < 9000; i++) {
        buffer_append_text(&text, "---\n{apiVersion: v1, kind: X, metadata: {name: '${N}'}}\n");
    }
    CLEANUP(manifest_set_free) struct manifest_set *base = manifest_set_new(NULL, NULL);
    CLEANUP(manifest_set_free) struct manifest_set *head = manifest_set_new(NULL, NULL);
    assert_true(manifest_set_add_text(base, "a", buffer_text(&text), text.length, NULL));
    assert_true(manifest_set_add_text(head, "b", buffer_text(&text), text.length, NULL));
    CLEANUP(change_plan_free) struct change_plan *plan = change_plan_new(base, head);
    assert_int_equal(plan->change_count, 0);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_plans),
        cmocka_unit_test(test_many),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
