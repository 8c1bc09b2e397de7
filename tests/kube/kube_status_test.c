#include "kube/kube_path.h"
#include "kube/kube_status.h"
#include "tests/support/expect.h"

static const struct {
    const char *name, *body, *message;
    long status;
    enum error_kind kind;
} cases[] = {
    {"a Status", "{\"kind\":\"Status\",\"reason\":\"NotFound\",\"message\":\"pods \\\"a\\\" not found\"}",
     "404 \"NotFound\": pods \"a\" not found", 404, ERROR_NOT_FOUND},
    {"gone", "{\"reason\":\"Expired\",\"message\":\"too old\"}", "410 \"Expired\": too old", 410,
     ERROR_NOT_FOUND},
    {"a page of a proxy", "<html>\n\t<b>Bad\x1b[31m</b>\n", "502: <html>  <b>Bad [31m</b>", 502, ERROR_IO},
    {"nothing", "", "401", 401, ERROR_DENIED},
    {"no message", "{\"a\":1}", "409: {\"a\":1}", 409, ERROR_CONFLICT},
    {"too many", "{\"message\":\"slow down\"}", "429: slow down", 429, ERROR_LIMIT},
    {"wrong", "{\"message\":\"no\\u0007\"}", "422: no", 422, ERROR_INVALID},
    {"bad bytes", "\xff\xfe", "500: ??", 500, ERROR_IO},
};

static void the_servers_own_words_are_told(void **state) {
    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct error error = {0};
        expect_true(cases[i].name,
                    !kube_status_error(cases[i].status, cases[i].body, strlen(cases[i].body), &error),
                    "false");
        expect_error(cases[i].name, &error, cases[i].kind, cases[i].message);
    }
}

static const struct {
    const char *name, *group, *namespace, *object, *subresource, *path;
} paths[] = {
    {"core", "", "a", "b", NULL, "/api/v1/namespaces/a/things/b"},
    {"all of a group", "x.io", NULL, NULL, NULL, "/apis/x.io/v1/things"},
    {"status", "x.io", "a", "b", "status", "/apis/x.io/v1/namespaces/a/things/b/status"},
    {"odd name", "x.io", NULL, "system:a b?", NULL, "/apis/x.io/v1/things/system%3Aa%20b%3F"},
    {"upward", "", "..", "b", NULL, NULL},
    {"slash", "", "a", "b/c", NULL, NULL},
};

static void names_stay_in_their_place(void **state) {
    (void)state;
    for (size_t i = 0; i < sizeof(paths) / sizeof(paths[0]); i++) {
        const struct kube_resource resource = {paths[i].group, "v1", "things", "Thing", true};
        CLEANUP(buffer_clear) struct buffer path;
        struct error error = {0};
        buffer_init(&path, KUBE_LONGEST_PATH_BYTES);
        bool made = kube_path_append(&path, &resource, paths[i].namespace, paths[i].object,
                                     paths[i].subresource, &error);
        expect_integer(paths[i].name, made, paths[i].path != NULL);
        if (made && paths[i].path) {
            expect_text(paths[i].name, buffer_text(&path), paths[i].path);
        }
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_servers_own_words_are_told),
        cmocka_unit_test(names_stay_in_their_place),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
