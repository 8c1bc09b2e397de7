#include "webhook/admission_review.h"

#include "base/memory.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#define ENVELOPE(request)                                                                                    \
    "{\"apiVersion\":\"admission.k8s.io/v1\",\"kind\":\"AdmissionReview\",\"request\":" request "}"
#define IDENTITY                                                                                             \
    "\"uid\":\"u-1\",\"kind\":{\"group\":\"cluster.x-k8s.io\",\"version\":\"v1beta1\",\"kind\":\"Cluster\"}" \
    ","                                                                                                      \
    "\"resource\":{\"group\":\"cluster.x-k8s.io\",\"version\":\"v1beta1\",\"resource\":\"clusters\"}"
#define OBJECT "{\"metadata\":{\"name\":\"eu-7\"}}"

static bool read_text(const char *text, struct admission_review *admission, struct error *error) {
    return admission_review_read(memory_strdup(text), strlen(text), admission, error);
}

static const struct {
    const char *name, *body, *message;
} wrong[] = {
    {"empty", "", "not good JSON"},
    {"broken", "{\"apiVersion\":", "not good JSON"},
    {"list", "[]", "want an AdmissionReview object, got list"},
    {"no apiVersion", "{}", "apiVersion: missing"},
    {"old version", "{\"apiVersion\":\"admission.k8s.io/v1beta1\",\"kind\":\"AdmissionReview\"}",
     "want admission.k8s.io/v1, got \"admission.k8s.io/v1beta1\""},
    {"other kind", "{\"apiVersion\":\"v1\",\"kind\":\"Pod\"}", "want AdmissionReview, got \"Pod\""},
    {"no request", "{\"apiVersion\":\"admission.k8s.io/v1\",\"kind\":\"AdmissionReview\"}",
     "request: want an object"},
    {"request a list", ENVELOPE("[]"), "request: want an object, got list"},
    {"no uid", ENVELOPE("{}"), "request.uid: missing"},
    {"empty uid", ENVELOPE("{\"uid\":\"\"}"), "request.uid: empty"},
    {"uid a number", ENVELOPE("{\"uid\":7}"), "request.uid: want a string"},
    {"no operation", ENVELOPE("{" IDENTITY "}"), "request.operation: missing"},
    {"unknown operation", ENVELOPE("{" IDENTITY ",\"operation\":\"PATCH\"}"), "got \"PATCH\""},
    {"no kind", ENVELOPE("{\"uid\":\"u\",\"operation\":\"CREATE\"}"), "request.kind: missing"},
    {"kind without kind", ENVELOPE("{\"uid\":\"u\",\"operation\":\"CREATE\",\"kind\":{\"version\":\"v1\"}}"),
     "request.kind.kind: missing"},
    {"no resource",
     ENVELOPE("{\"uid\":\"u\",\"operation\":\"CREATE\",\"kind\":{\"version\":\"v1\",\"kind\":\"Pod\"}}"),
     "request.resource: missing"},
    {"create without object", ENVELOPE("{" IDENTITY ",\"operation\":\"CREATE\"}"),
     "CREATE: request.object: missing"},
    {"create with null", ENVELOPE("{" IDENTITY ",\"operation\":\"CREATE\",\"object\":null}"),
     "request.object: missing"},
    {"object a list", ENVELOPE("{" IDENTITY ",\"operation\":\"CREATE\",\"object\":[]}"),
     "request.object: want an object, got list"},
    {"update without old", ENVELOPE("{" IDENTITY ",\"operation\":\"UPDATE\",\"object\":" OBJECT "}"),
     "UPDATE: request.oldObject: missing"},
    {"delete without old", ENVELOPE("{" IDENTITY ",\"operation\":\"DELETE\",\"object\":null}"),
     "DELETE: request.oldObject: missing"},
    {"dryRun a text",
     ENVELOPE("{" IDENTITY ",\"operation\":\"CREATE\",\"object\":" OBJECT ",\"dryRun\":\"yes\"}"),
     "request.dryRun: want true or false"},
    {"groups a text",
     ENVELOPE("{" IDENTITY ",\"operation\":\"CREATE\",\"object\":" OBJECT
              ",\"userInfo\":{\"groups\":\"g\"}}"),
     "request.userInfo.groups: want a list"},
    {"a group a number",
     ENVELOPE("{" IDENTITY ",\"operation\":\"CREATE\",\"object\":" OBJECT
              ",\"userInfo\":{\"groups\":[\"g\",1]}}"),
     "request.userInfo.groups[1]: want a string"},
    {"name a map", ENVELOPE("{" IDENTITY ",\"operation\":\"CREATE\",\"object\":" OBJECT ",\"name\":{}}"),
     "request.name: want a string, got map"},
    {"duplicate uid", ENVELOPE("{\"uid\":\"a\",\"uid\":\"b\"}"), "uid"},
};

static void says_what_is_wrong(void **state) {
    (void)state;
    for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
        struct admission_review admission = {0};
        struct error error = {0};
        if (read_text(wrong[i].body, &admission, &error) || error.kind != ERROR_INVALID ||
            !strstr(error.message, wrong[i].message)) {
            fail_msg("%s: got %s", wrong[i].name, error.message);
        }
        assert_null(admission.document);
    }
}

static const struct {
    const char *name, *request;
    enum operation operation;
    const char *kind, *namespace, *object_name, *skip;
} right[] = {
    {"create",
     "{" IDENTITY ",\"operation\":\"CREATE\",\"namespace\":\"prod\",\"name\":\"eu-7\",\"object\":" OBJECT
     ",\"oldObject\":null,\"options\":{\"fieldManager\":\"kubectl\"}}",
     OPERATION_CREATE, "Cluster", "prod", "eu-7", NULL},
    {"generateName",
     "{" IDENTITY
     ",\"operation\":\"CREATE\",\"name\":\"\",\"object\":{\"metadata\":{\"generateName\":\"x-\"}}}",
     OPERATION_CREATE, "Cluster", "", "", NULL},
    {"deletecollection",
     "{" IDENTITY
     ",\"operation\":\"DELETE\",\"namespace\":\"prod\",\"oldObject\":{\"metadata\":{\"name\":\"eu-9\"}}}",
     OPERATION_DELETE, "Cluster", "prod", "eu-9", NULL},
    {"connect", "{" IDENTITY ",\"operation\":\"CONNECT\",\"name\":\"eu-7\"}", OPERATION_CREATE, "Cluster", "",
     "eu-7", "CONNECT"},
    {"status", "{" IDENTITY ",\"operation\":\"UPDATE\",\"subResource\":\"status\",\"object\":" OBJECT "}",
     OPERATION_UPDATE, "Cluster", "", "eu-7", "subresource status"},
    {"namespace object",
     "{\"uid\":\"u\",\"kind\":{\"group\":\"\",\"version\":\"v1\",\"kind\":\"Namespace\"},"
     "\"resource\":{\"group\":\"\",\"version\":\"v1\",\"resource\":\"namespaces\"},\"operation\":\"DELETE\","
     "\"name\":\"prod\",\"namespace\":\"prod\",\"oldObject\":{}}",
     OPERATION_DELETE, "Namespace", "", "prod", NULL},
    {"scale",
     "{\"uid\":\"u\",\"kind\":{\"group\":\"autoscaling\",\"version\":\"v1\",\"kind\":\"Scale\"},"
     "\"resource\":{\"group\":\"cluster.x-k8s.io\",\"version\":\"v1beta1\",\"resource\":"
     "\"machinedeployments\"},"
     "\"subResource\":\"scale\",\"operation\":\"UPDATE\",\"name\":\"md-0\",\"namespace\":\"prod\",\"object\":"
     "{},"
     "\"oldObject\":{}}",
     OPERATION_UPDATE, "MachineDeployment", "prod", "md-0", NULL},
    {"scale of a resource that nobody knows",
     "{\"uid\":\"u\",\"kind\":{\"group\":\"autoscaling\",\"version\":\"v1\",\"kind\":\"Scale\"},"
     "\"resource\":{\"group\":\"example.org\",\"version\":\"v1\",\"resource\":\"widgets\"},"
     "\"subResource\":\"scale\",\"operation\":\"UPDATE\",\"name\":\"w\",\"object\":{},\"oldObject\":{}}",
     OPERATION_UPDATE, "widgets", "", "w", NULL},
};

static void reads_what_the_api_server_sends(void **state) {
    (void)state;
    for (size_t i = 0; i < sizeof(right) / sizeof(right[0]); i++) {
        char body[2048];
        snprintf(body, sizeof(body), ENVELOPE("%s"), right[i].request);
        CLEANUP(admission_review_clear) struct admission_review admission = {0};
        struct error error;
        if (!read_text(body, &admission, &error)) {
            fail_msg("%s: %s", right[i].name, error.message);
        }
        const struct object_change *change = &admission.review.change;
        if (change->operation != right[i].operation || strcmp(change->key.kind, right[i].kind) != 0 ||
            strcmp(change->key.namespace, right[i].namespace) != 0 ||
            strcmp(change->key.name, right[i].object_name) != 0 ||
            strcmp(admission.skip ? admission.skip : "", right[i].skip ? right[i].skip : "") != 0) {
            fail_msg("%s: got %s %s/%s skip %s", right[i].name, change->key.kind, change->key.namespace,
                     change->key.name, admission.skip);
        }
        if ((change->object != NULL) != (change->operation != OPERATION_DELETE && !admission.skip) &&
            !admission.skip) {
            fail_msg("%s: object", right[i].name);
        }
    }
}

static void keeps_user_and_options(void **state) {
    (void)state;
    CLEANUP(admission_review_clear) struct admission_review admission = {0};
    struct error error;
    assert_true(
        read_text(ENVELOPE("{" IDENTITY ",\"operation\":\"CREATE\",\"object\":" OBJECT ",\"dryRun\":true,"
                           "\"userInfo\":{\"username\":\"anna\",\"groups\":[\"a\",\"b\"]},"
                           "\"options\":{\"fieldManager\":\"kustomize-controller\"}}"),
                  &admission, &error));
    assert_string_equal(admission.review.uid, "u-1");
    assert_string_equal(admission.review.user, "anna");
    assert_int_equal(admission.review.group_count, 2);
    assert_string_equal(admission.review.groups[1], "b");
    assert_true(admission.review.dry_run);
    assert_string_equal(node_string(node_get(admission.review.options, "fieldManager")),
                        "kustomize-controller");
    assert_string_equal(admission.review.change.key.group, "cluster.x-k8s.io");
    assert_string_equal(admission.review.change.version, "v1beta1");
    assert_string_equal(admission.review.change.resource, "clusters");
}

static void caps_the_uid(void **state) {
    (void)state;
    char body[1024];
    char uid[200];
    memset(uid, 'a', sizeof(uid) - 1);
    uid[sizeof(uid) - 1] = '\0';
    snprintf(body, sizeof(body), ENVELOPE("{\"uid\":\"%s\"}"), uid);
    struct admission_review admission = {0};
    struct error error;
    assert_false(read_text(body, &admission, &error));
    assert_non_null(strstr(error.message, "request.uid: longer than"));
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(says_what_is_wrong),
        cmocka_unit_test(reads_what_the_api_server_sends),
        cmocka_unit_test(keeps_user_and_options),
        cmocka_unit_test(caps_the_uid),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
