#include "cli/policy_files.h"
#include "engine/policy.h"
#include "tests/support/expect.h"

#include <ftw.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>

#define HERE "tests/fixtures/check/"

static const struct policy_source *find(const struct policy_files *files, const char *name) {
    for (size_t i = 0; i < files->count; i++) {
        if (strcmp(files->sources[i].name, name) == 0) {
            return &files->sources[i];
        }
    }
    return NULL;
}

static bool has(const struct policy_files *files, const char *name) {
    return find(files, name) != NULL;
}

static void test_embedded(void **state) {
    (void)state;
    CLEANUP(policy_files_clear) struct policy_files files = {0};
    struct error error = {0};
    assert_true(policy_files_read(NULL, &files, &error));
    assert_true(files.embedded);
    expect_true("embedded", has(&files, "policies/region-limits.lua"), "policies are there");
    expect_true("embedded", has(&files, "policies/lib/pools.lua"), "libraries are there");
    expect_true("embedded", !has(&files, "policies/region-limits_test.lua"), "tests are not");
    // The same as those in the source folder.
    CLEANUP(policy_files_clear) struct policy_files folder = {0};
    assert_true(policy_files_read("policies/", &folder, &error));
    expect_integer("as many", (int64_t)folder.count, (int64_t)files.count);
    for (size_t i = 0; i < folder.count; i++) {
        const struct policy_source *embedded = find(&files, folder.sources[i].name);
        expect_true(folder.sources[i].name, embedded != NULL, "it is embedded");
        expect_true(folder.sources[i].name, embedded->is_library == folder.sources[i].is_library,
                    "it is as much a library");
        expect_integer(folder.sources[i].name, (int64_t)strlen(folder.sources[i].text),
                       (int64_t)folder.sources[i].length);
    }
}

static const struct {
    const char *name;
    struct policy_set_request request;
    enum error_kind kind;
    const char *message;
} cases[] = {
    {"no such folder",
     {.policies = HERE "nowhere"},
     ERROR_NOT_FOUND,
     HERE "nowhere: No such file or directory"},
    {"a file", {.policies = HERE "region.yaml"}, ERROR_NOT_FOUND, HERE "region.yaml: Not a directory"},
    {"no policies", {.policies = HERE "base"}, ERROR_NOT_FOUND, HERE "base: no policies (NAME.lua) in it"},
    {"no such configuration",
     {.configuration = HERE "nowhere.yaml"},
     ERROR_NOT_FOUND,
     HERE "nowhere.yaml: No such file or directory"},
    {"a folder as configuration",
     {.configuration = HERE "base"},
     ERROR_INVALID,
     HERE "base: is a directory; name a file"},
    {"a policy that is not there",
     {.configuration = HERE "wrong-configuration.yaml", .policies = HERE "policies"},
     ERROR_INVALID,
     HERE "wrong-configuration.yaml:4: policies: there is no policy region; did you mean regions?"},
    {"how to carry out",
     {.configuration = HERE "wrong-reconcile.yaml", .policies = HERE "policies"},
     ERROR_INVALID,
     HERE "wrong-reconcile.yaml:5:5: reconcile.upgrades.at_one: unknown key; did you mean at_once?"},
    {"a broken configuration",
     {.configuration = HERE "broken.yaml"},
     ERROR_INVALID,
     HERE "broken.yaml:7:3: the key \"region\" is here a second time; the first is on line 6"},
};

static void test_failures(void **state) {
    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct policy_set *set = NULL;
        struct error error = {0};
        expect_true(cases[i].name, !policy_files_load(&cases[i].request, &set, &error), "it fails");
        expect_error(cases[i].name, &error, cases[i].kind, cases[i].message);
        assert_null(set);
    }
}

static void test_load(void **state) {
    (void)state;
    CLEANUP(policy_set_unref) struct policy_set *set = NULL;
    struct error error = {0};
    const struct policy_set_request request = {.policies = HERE "policies",
                                               .configuration = HERE "excused.yaml"};
    if (!policy_files_load(&request, &set, &error)) {
        fail_msg("%s", error.message);
    }
    expect_integer("policies", (int64_t)policy_set_count(set), 2);
    assert_non_null(policy_set_find(set, "owner"));
}

static int remove_one(const char *path, const struct stat *status, int type, struct FTW *place) {
    (void)status;
    (void)type;
    (void)place;
    return remove(path);
}

static void write_file(const char *folder, const char *name, const char *text) {
    char path[256];
    snprintf(path, sizeof(path), "%s/%s", folder, name);
    FILE *file = fopen(path, "we");
    assert_non_null(file);
    fputs(text, file);
    fclose(file);
}

// Only the folder lib inside the policies' folder holds libraries, wherever that one lies.
static void test_libraries(void **state) {
    (void)state;
    static const char policy[] = "local names = require 'lib/names'\n"
                                 "return policy { name = names.own, title = 'T', severity = 'low',\n"
                                 "  category = 'test', match = { objects = { { kind = 'Thing' } } },\n"
                                 "  validate = function(change, params, report) end }\n";
    static const char *const folders[] = {"lib", "lib/policies", "policies"};
    char root[] = "/tmp/fleetgate-files-XXXXXX";
    assert_non_null(mkdtemp(root));
    for (size_t i = 0; i < sizeof(folders) / sizeof(folders[0]); i++) {
        char folder[128];
        char libraries[160];
        snprintf(folder, sizeof(folder), "%s/%s", root, folders[i]);
        snprintf(libraries, sizeof(libraries), "%s/lib", folder);
        assert_true(mkdir(folder, 0755) == 0 && mkdir(libraries, 0755) == 0);
        write_file(folder, "first.lua", policy);
        write_file(folder, "names.lua", "error('this is no library')\n");
        write_file(libraries, "names.lua", "return { own = 'first' }\n");
        struct policy_set *set = NULL;
        struct error error = {0};
        const struct policy_set_request request = {.policies = folder};
        expect_true(folders[i], !policy_files_load(&request, &set, &error),
                    "names.lua is taken for a policy");
        expect_contains(folders[i], error.message, "names.lua:1: this is no library");
        write_file(folder, "names.lua", policy + sizeof("local names = require 'lib/names'"));
        expect_true(folders[i], !policy_files_load(&request, &set, &error), "names is no library of itself");
        expect_contains(folders[i], error.message, "unknown name 'names'");
        snprintf(libraries, sizeof(libraries), "%s/names.lua", folder);
        assert_int_equal(remove(libraries), 0);
        if (!policy_files_load(&request, &set, &error)) {
            fail_msg("%s: %s", folders[i], error.message);
        }
        expect_integer(folders[i], (int64_t)policy_set_count(set), 1);
        policy_set_unref(set);
    }
    assert_int_equal(nftw(root, remove_one, 16, FTW_DEPTH | FTW_PHYS), 0);
}

int main(void) {
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_embedded), cmocka_unit_test(test_failures),
                                       cmocka_unit_test(test_load), cmocka_unit_test(test_libraries)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
