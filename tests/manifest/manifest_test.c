#include "base/buffer.h"
#include "manifest/manifest.h"
#include "tests/support/expect.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

// One line per manifest: file#document line:column state kind/name problem.
static void describe(struct buffer *out, const struct manifest_set *set, size_t skip) {
    static const char *const states[] = {"object", "unknown", "other", "broken"};
    for (size_t i = 0; i < manifest_set_count(set); i++) {
        const struct manifest *manifest = manifest_set_get(set, i);
        const char *kind = node_string(node_get(manifest->object, "kind"));
        const char *name = node_string(node_get(node_get(manifest->object, "metadata"), "name"));
        buffer_printf(out, "%s%s#%u %u:%u %s", out->length ? "\n" : "", manifest->file + skip,
                      manifest->document_number, manifest->line, manifest->column, states[manifest->state]);
        if (kind || name) {
            buffer_printf(out, " %s/%s", kind ? kind : "", name ? name : "");
        }
        if (manifest->problem) {
            buffer_printf(out, " %s", manifest->problem->message);
        }
    }
}

static const struct {
    const char *name, *text, *expected;
} cases[] = {
    {"object", "apiVersion: v1\nkind: X\nmetadata: {name: a}\n", "f#1 1:1 object X/a"},
    {"several",
     "# c\n---\napiVersion: v1\nkind: X\nmetadata: {name: a}\n---\n---\n{apiVersion: v1, kind: Z, metadata: "
     "{name: b}}",
     "f#1 3:1 object X/a\nf#3 8:1 object Z/b"},
    {"nothing", "", ""},
    {"comments", "# a\n---\n# b\n", ""},
    {"values of a chart", "replicas: 3\n", "f#1 1:1 other"},
    {"a text", "hello\n", "f#1 1:1 other"},
    {"a list", "- op: add\n", "f#1 1:1 other"},
    {"kind alone", "kind: X\n", "f#1 1:1 other X/"},
    {"kustomization",
     "apiVersion: kustomize.config.k8s.io/v1beta1\nkind: Kustomization\nmetadata: {name: x}\n",
     "f#1 1:1 other Kustomization/x"},
    {"Flux Kustomization",
     "apiVersion: kustomize.toolkit.fluxcd.io/v1\nkind: Kustomization\nmetadata: {name: x}\n",
     "f#1 1:1 object Kustomization/x"},
    {"no metadata", "apiVersion: v1\nkind: Config\n", "f#1 1:1 other Config/"},
    {"kind that is no text", "apiVersion: v1\nkind: 3\nmetadata: {}",
     "f#1 1:1 broken apiVersion and kind must be strings"},
    {"unknown kind", "apiVersion: v1\nkind: ${KIND}\nmetadata: {name: a}",
     "f#1 1:1 unknown ${KIND}/a its apiVersion or kind is a variable or template; render it first"},
    {"unknown name", "apiVersion: v1\nkind: X\nmetadata: {name: '${NAME}'}", "f#1 1:1 object X/${NAME}"},
    {"default kind", "apiVersion: v1\nkind: ${KIND:=X}\nmetadata: {name: a}", "f#1 1:1 object X/a"},
    {"broken", "apiVersion: v1\nkind: X\nmetadata: {name: a}\n---\na: [\n---\na: 1\n",
     "f#1 1:1 object X/a\nf#2 6:1 broken expected a value\nf#3 7:1 other"},
    {"template", "{{ if x }}\nkind: X\n{{ end }}",
     "f#1 1:1 unknown a Helm or Go template; render it first (helm template, kustomize build)"},
    {"variable as a document", "${X}", "f#1 1:1 unknown a variable or template; render it first"},
    {"List",
     "apiVersion: v1\nkind: List\nitems:\n- apiVersion: v1\n  kind: X\n  metadata: {name: a}\n"
     "- {apiVersion: v1, kind: Z, metadata: {name: b}}\n",
     "f#1 4:3 object X/a\nf#1 7:3 object Z/b"},
    {"typed list",
     "apiVersion: x/v1\nkind: ClusterList\nitems:\n- {apiVersion: x/v1, kind: Cluster, metadata: {name: "
     "b}}\n",
     "f#1 4:3 object Cluster/b"},
    {"empty List", "apiVersion: v1\nkind: List\nitems: []\n", ""},
    {"List without items", "apiVersion: v1\nkind: List\n", ""},
    {"List of nothing", "apiVersion: v1\nkind: List\nitems: x\n",
     "f#1 1:1 broken List/ items must be a list"},
    {"unknown items", "apiVersion: v1\nkind: List\nitems: ${X}\n",
     "f#1 1:1 unknown List/ its items are a variable or template; render it first"},
    {"item that is none", "apiVersion: v1\nkind: List\nitems:\n- a: 1\n- null\n- ${X}\n",
     "f#1 4:3 broken an item of a List without apiVersion, kind and metadata\n"
     "f#1 5:3 broken an item of a List without apiVersion, kind and metadata\n"
     "f#1 6:3 unknown a variable or template; render it first"},
    {"List in a List",
     "apiVersion: v1\nkind: List\nitems:\n- apiVersion: v1\n  kind: List\n  items:\n"
     "  - {apiVersion: v1, kind: X, metadata: {name: a}}\n",
     "f#1 7:5 object X/a"},
    {"object whose kind ends so", "apiVersion: x/v1\nkind: AllowList\nmetadata: {name: a}\nspec: {}\n",
     "f#1 1:1 object AllowList/a"},
};

static void test_texts(void **state) {
    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        CLEANUP(manifest_set_free) struct manifest_set *set = manifest_set_new(NULL, NULL);
        CLEANUP(buffer_clear) struct buffer out;
        buffer_init(&out, 10000);
        struct error error = {0};
        expect_true(cases[i].name,
                    manifest_set_add_text(set, "f", cases[i].text, strlen(cases[i].text), &error), "added");
        describe(&out, set, 0);
        expect_text(cases[i].name, buffer_text(&out), cases[i].expected);
    }
}

static const char *look_up(void *cookie, const char *name) {
    return strcmp(name, "NAME") == 0 ? cookie : NULL;
}

static void test_variables(void **state) {
    (void)state;
    static char value[] = "prod";
    static const char text[] = "apiVersion: v1\nkind: X\nmetadata: {name: '${NAME}'}\n";
    const struct substitution substitution = {.lookup = look_up, .cookie = value};
    CLEANUP(manifest_set_free) struct manifest_set *set = manifest_set_new(NULL, &substitution);
    CLEANUP(buffer_clear) struct buffer out;
    buffer_init(&out, 1000);
    assert_true(manifest_set_add_text(set, "f", text, sizeof(text) - 1, NULL));
    describe(&out, set, 0);
    assert_string_equal(buffer_text(&out), "f#1 1:1 object X/prod");
}

// Files

static const char object[] = "apiVersion: v1\nkind: X\nmetadata: {name: a}\n";

static char directory[64];

static void path_of(char path[256], const char *name) {
    snprintf(path, 256, "%s/%s", directory, name);
}

static void write_file(const char *name, const char *text) {
    char path[256];
    path_of(path, name);
    FILE *file = fopen(path, "w");
    assert_non_null(file);
    fputs(text, file);
    fclose(file);
}

static void make_directory(const char *name) {
    char path[256];
    path_of(path, name);
    assert_int_equal(mkdir(path, 0700), 0);
}

static void make_link(const char *target, const char *name) {
    char path[256];
    path_of(path, name);
    assert_int_equal(symlink(target, path), 0);
}

static int set_up(void **state) {
    (void)state;
    snprintf(directory, sizeof(directory), "/tmp/manifest_test.XXXXXX");
    return mkdtemp(directory) ? 0 : 1;
}

static int tear_down(void **state) {
    (void)state;
    char command[128];
    snprintf(command, sizeof(command), "rm -rf '%s'", directory);
    return system(command);
}

static void expect_directory(const char *name, const char *path, const char *expected) {
    CLEANUP(manifest_set_free) struct manifest_set *set = manifest_set_new(NULL, NULL);
    CLEANUP(buffer_clear) struct buffer out;
    buffer_init(&out, 10000);
    struct error error = {0};
    if (!manifest_set_add_path(set, path, &error)) {
        fail_msg("%s: %s", name, error.message);
    }
    describe(&out, set, strlen(directory) + 1);
    expect_text(name, buffer_text(&out), expected);
}

static void test_directories(void **state) {
    (void)state;
    make_directory("a");
    make_directory("a/deep");
    make_directory("a/.git");
    make_directory("a-b");
    make_directory("a/folder.yaml");
    write_file("z.yaml", object);
    write_file("a/1.yml", object);
    write_file("a/deep/2.json", "{\"apiVersion\": \"v1\", \"kind\": \"X\", \"metadata\": {\"name\": \"a\"}}");
    write_file("a-b/3.yaml", "a: [");
    write_file("a/README.md", object);
    write_file("a/.hidden.yaml", object);
    write_file("a/.git/x.yaml", object);
    write_file("a/.yaml", object);
    write_file("a/folder.yaml/4.yaml", object);
    expect_directory("all", directory,
                     "a-b/3.yaml#1 1:5 broken expected a value\na/1.yml#1 1:1 object X/a\n"
                     "a/deep/2.json#1 1:1 object X/a\na/folder.yaml/4.yaml#1 1:1 object X/a\n"
                     "z.yaml#1 1:1 object X/a");
    char path[256];
    path_of(path, "a/deep/");
    expect_directory("a slash at the end", path, "a/deep/2.json#1 1:1 object X/a");
    path_of(path, "a/README.md");
    expect_directory("a file by its name", path, "a/README.md#1 1:1 object X/a");
}

static void test_links(void **state) {
    (void)state;
    make_directory("in");
    make_directory("out");
    write_file("in/1.yaml", object);
    write_file("out/2.yaml", object);
    make_link("..", "in/loop");
    make_link(".", "in/self");
    make_link("1.yaml", "in/same.yaml");
    make_link("nothing", "in/nothing.yaml");
    make_link("nothing", "in/nothing.txt");
    make_link("../out/2.yaml", "in/out.yaml");
    make_link("../out", "in/outside");
    char path[256];
    path_of(path, "in/pipe.yaml");
    assert_int_equal(mkfifo(path, 0600), 0);
    path_of(path, "in");
    expect_directory(
        "links", path,
        "in/1.yaml#1 1:1 object X/a\n"
        "in/loop#0 0:0 broken a link that leads out of the directory; name its target as well\n"
        "in/nothing.yaml#0 0:0 broken a link to nothing\n"
        "in/out.yaml#0 0:0 broken a link that leads out of the directory; name its target as well\n"
        "in/outside#0 0:0 broken a link that leads out of the directory; name its target as well");
    expect_directory("from above", directory,
                     "in/1.yaml#1 1:1 object X/a\nin/nothing.yaml#0 0:0 broken a link to nothing\n"
                     "in/out.yaml#1 1:1 object X/a");
    path_of(path, "in/pipe.yaml");
    expect_directory("a pipe", path, "in/pipe.yaml#0 0:0 broken not a regular file");
}

static void test_a_file_is_read_once(void **state) {
    (void)state;
    write_file("1.yaml", object);
    CLEANUP(manifest_set_free) struct manifest_set *set = manifest_set_new(NULL, NULL);
    char path[256];
    path_of(path, "1.yaml");
    assert_true(manifest_set_add_path(set, path, NULL));
    assert_true(manifest_set_add_path(set, directory, NULL));
    assert_int_equal(manifest_set_count(set), 1);
}

static void test_missing_path(void **state) {
    (void)state;
    CLEANUP(manifest_set_free) struct manifest_set *set = manifest_set_new(NULL, NULL);
    struct error error = {0};
    assert_false(manifest_set_add_path(set, "/nowhere/x.yaml", &error));
    expect_error("missing", &error, ERROR_NOT_FOUND, "/nowhere/x.yaml: No such file or directory");
}

static void test_stream(void **state) {
    (void)state;
    int ends[2];
    assert_int_equal(pipe(ends), 0);
    assert_int_equal(write(ends[1], object, sizeof(object) - 1), sizeof(object) - 1);
    close(ends[1]);
    CLEANUP(manifest_set_free) struct manifest_set *set = manifest_set_new(NULL, NULL);
    CLEANUP(buffer_clear) struct buffer out;
    buffer_init(&out, 1000);
    assert_true(manifest_set_add_stream(set, ends[0], "standard input", NULL));
    close(ends[0]);
    describe(&out, set, 0);
    assert_string_equal(buffer_text(&out), "standard input#1 1:1 object X/a");
    struct error error = {0};
    assert_true(manifest_set_add_stream(set, -1, "closed", &error));
    assert_int_equal(manifest_set_get(set, 1)->state, MANIFEST_BROKEN);
    assert_string_equal(manifest_set_get(set, 1)->problem->message, "Bad file descriptor");
}

static void test_caps(void **state) {
    (void)state;
    static const struct {
        const char *name;
        struct manifest_limits limits;
        const char *expected;
    } limits[] = {
        {"files", {1000, 1000, 1, 100}, "2.yaml: more than 1 files"},
        {"total", {1000, 60, 10, 100}, "2.yaml: more than 60 bytes of manifests in all"},
        {"objects", {1000, 1000, 10, 1}, "2.yaml: more than 1 objects in all"},
        {"enough", {1000, 1000, 10, 100}, NULL},
    };
    for (size_t i = 0; i < sizeof(limits) / sizeof(limits[0]); i++) {
        CLEANUP(manifest_set_free) struct manifest_set *set = manifest_set_new(&limits[i].limits, NULL);
        struct error error = {0};
        expect_true(limits[i].name, manifest_set_add_text(set, "1.yaml", object, sizeof(object) - 1, &error),
                    "first");
        bool good = manifest_set_add_text(set, "2.yaml", object, sizeof(object) - 1, &error);
        expect_true(limits[i].name, good == !limits[i].expected, "second");
        if (!good) {
            expect_error(limits[i].name, &error, ERROR_LIMIT, limits[i].expected);
        }
    }
    write_file("1.yaml", object);
    const struct manifest_limits small = {.file_bytes = 10, .total_bytes = 100, .files = 10, .manifests = 10};
    CLEANUP(manifest_set_free) struct manifest_set *set = manifest_set_new(&small, NULL);
    assert_true(manifest_set_add_path(set, directory, NULL));
    assert_string_equal(manifest_set_get(set, 0)->problem->message, "larger than 10 bytes");
}

static void test_source_lines(void **state) {
    (void)state;
    static const struct {
        const char *name, *text;
        uint32_t line;
        const char *expected;
    } lines[] = {
        {"first", "a: 1\nb: 2\n", 1, "a: 1"},
        {"second", "a: 1\nb: 2\n", 2, "b: 2"},
        {"behind the end", "a: 1\nb: 2\n", 3, NULL},
        {"no line end", "a: 1\nb: 2", 2, "b: 2"},
        {"zero", "a: 1\n", 0, NULL},
        {"empty line", "a: 1\n\nb: 1", 2, ""},
        {"CRLF", "a: 1\r\nb: 2\r\n", 2, "b: 2"},
        {"byte order mark",
         "\xEF\xBB\xBF"
         "a: 1\n",
         1, "a: 1"},
        {"empty text", "", 1, ""},
    };
    for (size_t i = 0; i < sizeof(lines) / sizeof(lines[0]); i++) {
        CLEANUP(manifest_set_free) struct manifest_set *set = manifest_set_new(NULL, NULL);
        assert_true(manifest_set_add_text(set, "f", lines[i].text, strlen(lines[i].text), NULL));
        const char *start = NULL;
        size_t length = 0;
        bool found = manifest_source_line(set, "f", lines[i].line, &start, &length);
        expect_true(lines[i].name, found == (lines[i].expected != NULL), "found");
        if (found) {
            expect_true(lines[i].name,
                        length == strlen(lines[i].expected) && memcmp(start, lines[i].expected, length) == 0,
                        lines[i].expected);
        }
        assert_false(manifest_source_line(set, "g", 1, &start, &length));
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_texts),
        cmocka_unit_test(test_variables),
        cmocka_unit_test_setup_teardown(test_directories, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_links, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_a_file_is_read_once, set_up, tear_down),
        cmocka_unit_test(test_missing_path),
        cmocka_unit_test(test_stream),
        cmocka_unit_test_setup_teardown(test_caps, set_up, tear_down),
        cmocka_unit_test(test_source_lines),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
