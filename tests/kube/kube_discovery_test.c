#include "kube/kube_discovery.h"

#include "tests/kube/fault_server.h"
#include "tests/support/expect.h"

#define RESOURCE(name, kind, namespaced, verbs)                                                              \
    "{\"name\":\"" name "\",\"kind\":\"" kind "\",\"namespaced\":" namespaced ",\"verbs\":" verbs "}"
#define WATCHED "[\"get\",\"list\",\"watch\"]"

static const char groups[] =
    "{\"kind\":\"APIGroupList\",\"groups\":[{\"name\":\"x.io\",\"versions\":[{\"version\":\"v1alpha1\"},"
    "{\"version\":\"v1beta1\"}],\"preferredVersion\":{\"version\":\"v1beta1\"}},{\"name\":\"down.io\","
    "\"versions\":[{\"version\":\"v1\"}],\"preferredVersion\":{\"version\":\"v1\"}}]}";

static const struct fault_answer script[] = {
    {.body = groups},
    {.body = "{\"resources\":[" RESOURCE("things", "Thing", "true", WATCHED) "," RESOURCE(
         "things/status", "Thing", "true", "[\"get\"]") "," RESOURCE("reviews", "Review", "false",
                                                                     "[\"create\"]") "]}"},
    {.body = "{\"resources\":[" RESOURCE("things", "Thing", "true",
                                         WATCHED) "," RESOURCE("olds", "Old", "false", WATCHED) "]}"},
    {.status = 403, .body = "down"},
    {.body = "{\"resources\":[" RESOURCE("secrets", "Secret", "true", WATCHED) "]}"},
};

static const struct {
    const char *name, *group, *kind, *version, *plural; // version NULL: not served
    bool namespaced;
} found[] = {
    {"preferred", "x.io", "Thing", "v1beta1", "things", true},
    {"only in another version", "x.io", "Old", "v1alpha1", "olds", false},
    {"only to be created", "x.io", "Review", "v1beta1", "reviews", false},
    {"core", "", "Secret", "v1", "secrets", true},
    {"no such kind", "x.io", "Pod", NULL, NULL, false},
    {"no such group", "y.io", "Thing", NULL, NULL, false},
};

static void kinds_are_found_in_the_version_that_is_preferred(void **state) {
    (void)state;
    static const char *const wanted[] = {"x.io", "down.io", "y.io", ""};
    CLEANUP(fault_server_stop) struct fault_server *server = fault_server_start(script, 5, NULL);
    CLEANUP(kube_client_free) struct kube_client *client = fault_server_client(server, NULL);
    CLEANUP(kube_discovery_free) struct kube_discovery *discovery = NULL;
    struct error error = {0};
    if (!kube_discover(client, wanted, 4, &discovery, &error)) {
        fail_msg("%s", error.message);
    }
    for (size_t i = 0; i < sizeof(found) / sizeof(found[0]); i++) {
        const struct kube_resource *resource = kube_discovery_find(discovery, found[i].group, found[i].kind);
        expect_integer(found[i].name, resource != NULL, found[i].version != NULL);
        if (resource && found[i].version) {
            expect_text(found[i].name, resource->version, found[i].version);
            expect_text(found[i].name, resource->plural, found[i].plural);
            expect_integer(found[i].name, resource->namespaced, found[i].namespaced);
        }
    }
    assert_int_equal(kube_discovery_count(discovery), 3);
    expect_text("the second", kube_discovery_resource(discovery, 1)->kind, "Old");
    assert_null(kube_discovery_resource(discovery, 3));
    expect_text("what is down", kube_discovery_problem(discovery), "GET /apis/down.io/v1: 403: down");
}

static void without_the_groups_it_fails(void **state) {
    (void)state;
    static const char *const wanted[] = {"x.io"};
    static const struct fault_answer refused[] = {{.status = 403, .body = "no"}};
    CLEANUP(fault_server_stop) struct fault_server *server = fault_server_start(refused, 1, NULL);
    CLEANUP(kube_client_free) struct kube_client *client = fault_server_client(server, NULL);
    struct kube_discovery *discovery = NULL;
    struct error error = {0};
    assert_false(kube_discover(client, wanted, 1, &discovery, &error));
    expect_error("discover", &error, ERROR_DENIED, "GET /apis: 403: no");
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(kinds_are_found_in_the_version_that_is_preferred),
        cmocka_unit_test(without_the_groups_it_fails),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
