#include "kube/kube_client.h"

#include "tests/kube/fault_server.h"
#include "tests/kube/folder.h"

#include <time.h>

static const struct kube_resource clusters = {"cluster.x-k8s.io", "v1beta1", "clusters", "Cluster", true};
static const struct kube_name eu7 = {&clusters, "prod", "eu-7", NULL};
#define OBJECT "{\"kind\":\"Cluster\",\"metadata\":{\"name\":\"eu-7\",\"managedFields\":[]}}"
#define VERSIONED "{\"metadata\":{\"resourceVersion\":\"7\"}}"
#define STATUS(reason, message) "{\"kind\":\"Status\",\"reason\":\"" reason "\",\"message\":\"" message "\"}"

enum call {
    READ,
    CREATE,
    CREATE_UNNAMED,
    REPLACE,
    REPLACE_BLIND,
    APPLY,
    JSON_BLIND,
    JSON_TEST,
    MERGE,
    DELETE_UID,
    DELETE
};

static bool send_call(struct kube_client *client, enum call call, struct document **ret_document,
                      struct error *error) {
    const struct kube_name unnamed = {&clusters, "prod", NULL, NULL};
    struct kube_patch patch = {.type = KUBE_PATCH_JSON,
                               .body = "[{\"op\":\"add\",\"path\":\"/a\",\"value\":1}]"};
    switch (call) {
    case READ:
        return kube_read(client, &eu7, 0, ret_document, error);
    case CREATE:
        return kube_create(client, &eu7, OBJECT, 0, ret_document, error);
    case CREATE_UNNAMED:
        return kube_create(client, &unnamed, "{\"metadata\":{\"generateName\":\"a-\"}}", 0, ret_document,
                           error);
    case REPLACE:
        return kube_replace(client, &eu7, VERSIONED, 0, ret_document, error);
    case REPLACE_BLIND:
        return kube_replace(client, &eu7, OBJECT, 0, ret_document, error);
    case APPLY:
        patch = (struct kube_patch){
            .type = KUBE_PATCH_APPLY, .body = OBJECT, .field_manager = "fleet gate", .force = true};
        break;
    case JSON_TEST:
        patch.body = "[{\"op\":\"test\",\"path\":\"/a\",\"value\":1},{\"op\":\"remove\",\"path\":\"/a\"}]";
        break;
    case MERGE:
        patch = (struct kube_patch){.type = KUBE_PATCH_MERGE, .body = "{\"a\":1}"};
        break;
    case DELETE_UID:
        return kube_delete(client, &eu7, "u-1", 0, error);
    case DELETE:
        return kube_delete(client, &eu7, NULL, 0, error);
    case JSON_BLIND:
        break;
    }
    return kube_patch(client, &eu7, &patch, 0, ret_document, error);
}

#define PATH "/apis/cluster.x-k8s.io/v1beta1/namespaces/prod/clusters"
static const struct {
    const char *name;
    enum call call;
    const char *line, *content_type, *body;
} written[] = {
    {"read", READ, "GET " PATH "/eu-7 HTTP/1.1", NULL, "\r\n\r\n"},
    {"create", CREATE, "POST " PATH " HTTP/1.1", "application/json", "\r\n\r\n" OBJECT},
    {"replace", REPLACE, "PUT " PATH "/eu-7 HTTP/1.1", "application/json", VERSIONED},
    {"apply", APPLY, "PATCH " PATH "/eu-7?fieldManager=fleet%20gate&force=true HTTP/1.1",
     "application/apply-patch+yaml", OBJECT},
    {"JSON patch", JSON_TEST, "PATCH " PATH "/eu-7 HTTP/1.1", "application/json-patch+json", "[{"},
    {"merge patch", MERGE, "PATCH " PATH "/eu-7 HTTP/1.1", "application/merge-patch+json", "{\"a\":1}"},
    {"delete", DELETE_UID, "DELETE " PATH "/eu-7 HTTP/1.1", "application/json",
     "{\"kind\":\"DeleteOptions\",\"apiVersion\":\"v1\",\"preconditions\":{\"uid\":\"u-1\"}}"},
    {"delete whatever is there", DELETE, "DELETE " PATH "/eu-7 HTTP/1.1", NULL, "\r\n\r\n"},
};

static void calls_say_what_the_api_server_expects(void **state) {
    (void)state;
    static const struct fault_answer script[] = {{.body = OBJECT}};
    for (size_t i = 0; i < sizeof(written) / sizeof(written[0]); i++) {
        CLEANUP(fault_server_stop) struct fault_server *server = fault_server_start(script, 1, NULL);
        CLEANUP(kube_client_free) struct kube_client *client = fault_server_client(server, NULL);
        struct error error = {0};
        CLEANUP(document_free) struct document *document = NULL;
        expect_true(written[i].name, send_call(client, written[i].call, &document, &error), error.message);
        const char *request = fault_server_request(server, 0);
        expect_integer(written[i].name, strncmp(request, written[i].line, strlen(written[i].line)), 0);
        expect_contains(written[i].name, request, "\r\nAuthorization: Bearer secret\r\n");
        expect_contains(written[i].name, request, "\r\nUser-Agent: fleetgate/test\r\n");
        expect_contains(written[i].name, request, "\r\nAccept: application/json\r\n");
        expect_contains(written[i].name, request, written[i].body);
        char type[128];
        (void)snprintf(type, sizeof(type), "\r\nContent-Type: %s\r\n",
                       written[i].content_type ? written[i].content_type : "");
        expect_integer(written[i].name, strstr(request, type) != NULL, written[i].content_type != NULL);
        if (document) {
            expect_true(written[i].name,
                        !node_get(node_get(document_root(document), "metadata"), "managedFields"),
                        "managed fields are left out");
        }
    }
}

// The first answer; a second request is answered with the object.
static const struct {
    const char *name;
    enum call call;
    struct fault_answer first;
    size_t requests;
    enum error_kind kind; // ERROR_NONE: it succeeds
    const char *message;
} answers[] = {
    {"read: not found",
     READ,
     {.status = 404, .body = STATUS("NotFound", "no eu-7")},
     1,
     ERROR_NOT_FOUND,
     "GET " PATH "/eu-7: 404 \"NotFound\": no eu-7"},
    {"conflict",
     REPLACE,
     {.status = 409, .body = STATUS("Conflict", "was modified")},
     1,
     ERROR_CONFLICT,
     "PUT " PATH "/eu-7: 409 \"Conflict\": was modified"},
    {"forbidden",
     READ,
     {.status = 403, .body = STATUS("Forbidden", "no")},
     1,
     ERROR_DENIED,
     "GET " PATH "/eu-7: 403 \"Forbidden\": no"},
    {"invalid",
     CREATE,
     {.status = 422, .body = STATUS("Invalid", "bad")},
     1,
     ERROR_INVALID,
     "POST " PATH ": 422 \"Invalid\": bad"},
    {"an echo of the token",
     READ,
     {.status = 400, .body = "Bearer secret!"},
     1,
     ERROR_INVALID,
     "GET " PATH "/eu-7: 400: Bearer ******!"},
    {"a redirect is not followed",
     READ,
     {.status = 302, .headers = "Location: https://127.0.0.1:1/\r\n", .body = "x"},
     1,
     ERROR_IO,
     "GET " PATH "/eu-7: 302: x"},
    {"answer is no JSON", READ, {.body = "hello"}, 1, ERROR_IO, NULL},
    {"too many requests",
     CREATE_UNNAMED,
     {.status = 429, .headers = "Retry-After: 1\r\n"},
     2,
     ERROR_NONE,
     NULL},
    {"too many requests, no time told", DELETE, {.status = 429}, 2, ERROR_NONE, NULL},
    {"starting", REPLACE_BLIND, {.status = 503, .headers = "Retry-After: 1\r\n"}, 2, ERROR_NONE, NULL},
    {"500 read", READ, {.status = 500}, 2, ERROR_NONE, NULL},
    {"500 apply", APPLY, {.status = 500}, 2, ERROR_NONE, NULL},
    {"504 guarded replace", REPLACE, {.status = 504}, 2, ERROR_NONE, NULL},
    {"502 replace", REPLACE_BLIND, {.status = 502, .body = "x"}, 1, ERROR_IO, "PUT " PATH "/eu-7: 502: x"},
    {"500 JSON patch with a test", JSON_TEST, {.status = 500}, 2, ERROR_NONE, NULL},
    {"500 JSON patch", JSON_BLIND, {.status = 500, .body = ""}, 1, ERROR_IO, "PATCH " PATH "/eu-7: 500"},
    {"500 merge patch", MERGE, {.status = 500, .body = ""}, 1, ERROR_IO, "PATCH " PATH "/eu-7: 500"},
    {"cut read", READ, {.body = OBJECT, .fault = FAULT_CUT}, 2, ERROR_NONE, NULL},
    {"closed create", CREATE, {.fault = FAULT_CLOSE}, 2, ERROR_NONE, NULL},
    {"closed create without a name", CREATE_UNNAMED, {.fault = FAULT_CLOSE}, 1, ERROR_IO, NULL},
    {"closed delete of one uid", DELETE_UID, {.fault = FAULT_CLOSE}, 2, ERROR_NONE, NULL},
    {"closed delete", DELETE, {.fault = FAULT_CLOSE}, 1, ERROR_IO, NULL},
};

static void only_harmless_requests_are_sent_again(void **state) {
    (void)state;
    for (size_t i = 0; i < sizeof(answers) / sizeof(answers[0]); i++) {
        const struct fault_answer script[] = {answers[i].first, {.body = OBJECT}};
        CLEANUP(fault_server_stop) struct fault_server *server = fault_server_start(script, 2, NULL);
        CLEANUP(kube_client_free) struct kube_client *client = fault_server_client(server, NULL);
        struct error error = {0};
        CLEANUP(document_free) struct document *document = NULL;
        bool done = send_call(client, answers[i].call, &document, &error);
        expect_true(answers[i].name, done == (answers[i].kind == ERROR_NONE), error.message);
        expect_integer(answers[i].name, (int64_t)fault_server_requests(server), (int64_t)answers[i].requests);
        if (!done) {
            expect_integer(answers[i].name, error.kind, answers[i].kind);
        }
        if (answers[i].message) {
            expect_text(answers[i].name, error.message, answers[i].message);
        }
    }
}

static void a_second_create_tells_that_it_is_there(void **state) {
    (void)state;
    static const struct fault_answer script[] = {
        {.fault = FAULT_CLOSE}, {.status = 409, .body = STATUS("AlreadyExists", "eu-7 is there")}};
    CLEANUP(fault_server_stop) struct fault_server *server = fault_server_start(script, 2, NULL);
    CLEANUP(kube_client_free) struct kube_client *client = fault_server_client(server, NULL);
    struct error error = {0};
    assert_false(kube_create(client, &eu7, OBJECT, 0, NULL, &error));
    expect_error("create", &error, ERROR_CONFLICT, "POST " PATH ": 409 \"AlreadyExists\": eu-7 is there");
}

static void all_tries_end_at_the_deadline(void **state) {
    (void)state;
    static const struct fault_answer script[] = {{.fault = FAULT_HANG}, {.fault = FAULT_HANG}};
    CLEANUP(fault_server_stop) struct fault_server *server = fault_server_start(script, 2, NULL);
    CLEANUP(kube_client_free) struct kube_client *client = fault_server_client(server, NULL);
    struct error error = {0};
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    uint64_t now_ns = (uint64_t)now.tv_sec * 1000000000u + (uint64_t)now.tv_nsec;
    assert_false(kube_read(client, &eu7, now_ns + 500000000u, NULL, &error));
    assert_int_equal(error.kind, ERROR_LIMIT);
    assert_false(kube_read(client, &eu7, now_ns, NULL, &error));
    expect_error("no time", &error, ERROR_LIMIT, "no time is left for a request to the API server");
}

static void connections_are_kept(void **state) {
    (void)state;
    static const struct fault_answer script[] = {{.body = OBJECT}, {.status = 404}, {.body = OBJECT}};
    CLEANUP(fault_server_stop) struct fault_server *server = fault_server_start(script, 3, NULL);
    CLEANUP(kube_client_free) struct kube_client *client = fault_server_client(server, NULL);
    struct error error = {0};
    assert_true(kube_read(client, &eu7, 0, NULL, &error));
    assert_false(kube_read(client, &eu7, 0, NULL, &error));
    assert_true(kube_read(client, &eu7, 0, NULL, &error));
    assert_int_equal(fault_server_connections(server), 1);
}

static void a_refused_token_is_read_anew_once(void **state) {
    (void)state;
    static const struct fault_answer script[] = {
        {.body = OBJECT}, {.status = 401}, {.body = OBJECT}, {.status = 401}, {.status = 401, .body = "no"}};
    struct folder folder;
    char path[128];
    struct error error = {0};
    folder_make(&folder);
    folder_write(&folder, "token", "old", path);
    CLEANUP(fault_server_stop) struct fault_server *server = fault_server_start(script, 5, NULL);
    struct kube_config *config = fault_server_config(server);
    config->token_file = path;
    CLEANUP(kube_client_free) struct kube_client *client = fault_server_client(server, config);
    assert_true(kube_read(client, &eu7, 0, NULL, &error));
    expect_contains("old", fault_server_request(server, 0), "Bearer old\r\n");
    folder_write(&folder, "token", "new", NULL);
    assert_true(kube_read(client, &eu7, 0, NULL, &error));
    expect_contains("new", fault_server_request(server, 2), "Bearer new\r\n");
    assert_false(kube_read(client, &eu7, 0, NULL, &error));
    expect_error("refused for good", &error, ERROR_DENIED, "GET " PATH "/eu-7: 401: no");
    assert_int_equal(fault_server_requests(server), 5);
    folder_remove(&folder);
}

enum trust { RIGHT, WRONG_NAME, SERVER_NAME, OTHER_AUTHORITY, SYSTEM_AUTHORITIES, INSECURE };
static const struct {
    const char *name, *certificate;
    enum trust trust;
    bool works;
} trusts[] = {
    {"right", NULL, RIGHT, true},
    {"certificate for another name", "other.example", WRONG_NAME, false},
    {"tls-server-name", "other.example", SERVER_NAME, true},
    {"wrong tls-server-name", "another.example", SERVER_NAME, false},
    {"another authority", NULL, OTHER_AUTHORITY, false},
    {"the system's authorities", NULL, SYSTEM_AUTHORITIES, false},
    {"insecure by name", "other.example", INSECURE, true},
};

static void the_server_must_be_the_one_that_is_meant(void **state) {
    (void)state;
    static const struct fault_answer script[] = {{.body = OBJECT}};
    CLEANUP(fault_server_stop) struct fault_server *stranger = fault_server_start(script, 1, NULL);
    for (size_t i = 0; i < sizeof(trusts) / sizeof(trusts[0]); i++) {
        CLEANUP(fault_server_stop)
        struct fault_server *server = fault_server_start(script, 1, trusts[i].certificate);
        struct kube_config *config = fault_server_config(server);
        struct error error = {0};
        config->token = "secret";
        if (trusts[i].trust == SERVER_NAME) {
            config->tls_server_name = "other.example";
        } else if (trusts[i].trust == OTHER_AUTHORITY) {
            config->ca_data = fault_server_authority(stranger);
        } else if (trusts[i].trust == SYSTEM_AUTHORITIES || trusts[i].trust == INSECURE) {
            config->ca_data = NULL;
            config->insecure = trusts[i].trust == INSECURE;
        }
        CLEANUP(kube_client_free) struct kube_client *client = fault_server_client(server, config);
        expect_true(trusts[i].name, kube_read(client, &eu7, 0, NULL, &error) == trusts[i].works,
                    error.message);
        expect_integer(trusts[i].name, (int64_t)fault_server_requests(server), trusts[i].works);
        if (trusts[i].works) {
            char host[64];
            (void)snprintf(host, sizeof(host), "\r\nHost: 127.0.0.1:%u\r\n", fault_server_port(server));
            expect_contains(trusts[i].name, fault_server_request(server, 0), host);
        } else {
            expect_integer(trusts[i].name, error.kind, ERROR_IO);
            expect_integer(trusts[i].name, (int64_t)fault_server_connections(server), 1); // no second try
        }
    }
}

struct pages {
    unsigned pages, objects, restarts, fail_at;
};

static bool take_page(void *cookie, const struct node *list, struct error *error) {
    struct pages *pages = cookie;
    const struct node *items = node_get(list, "items");
    pages->objects += items ? items->length : 0;
    return ++pages->pages == pages->fail_at ? error_set(error, ERROR_DENIED, "enough") : true;
}

static void restart(void *cookie) {
    struct pages *pages = cookie;
    pages->objects = 0;
    pages->restarts++;
}

#define PAGE(token) "{\"metadata\":{\"continue\":\"" token "\"},\"items\":[{},{}]}"

static void lists_come_in_pages(void **state) {
    (void)state;
    static const struct fault_answer script[] = {{.body = PAGE("a=b&")}, {.status = 500}, {.body = PAGE("")}};
    CLEANUP(fault_server_stop) struct fault_server *server = fault_server_start(script, 3, NULL);
    CLEANUP(kube_client_free) struct kube_client *client = fault_server_client(server, NULL);
    struct pages pages = {0};
    struct error error = {0};
    const struct kube_list list = {.resource = &clusters,
                                   .label_selector = "a in (b)",
                                   .limit = 2,
                                   .page = take_page,
                                   .cookie = &pages,
                                   .metadata_only = true};
    if (!kube_list(client, &list, &error)) {
        fail_msg("%s", error.message);
    }
    assert_int_equal(pages.objects, 4);
    expect_contains(
        "first", fault_server_request(server, 0),
        "GET /apis/cluster.x-k8s.io/v1beta1/clusters?limit=2&labelSelector=a%20in%20%28b%29 HTTP/1.1");
    expect_contains(
        "metadata", fault_server_request(server, 0),
        "Accept: application/json;as=PartialObjectMetadataList;g=meta.k8s.io;v=v1,application/json\r\n");
    expect_contains("second", fault_server_request(server, 2), "&continue=a%3Db%26 HTTP/1.1");
}

static void a_list_that_expires_starts_again(void **state) {
    (void)state;
    static const struct fault_answer script[] = {
        {.body = PAGE("a")}, {.status = 410, .body = STATUS("Expired", "too old")}, {.body = PAGE("")},
        {.body = PAGE("a")}, {.status = 410, .body = STATUS("Expired", "too old")}, {.body = PAGE("a")}};
    CLEANUP(fault_server_stop) struct fault_server *server = fault_server_start(script, 6, NULL);
    CLEANUP(kube_client_free) struct kube_client *client = fault_server_client(server, NULL);
    struct pages pages = {0};
    struct error error = {0};
    struct kube_list list = {
        .resource = &clusters, .namespace = "prod", .page = take_page, .restart = restart, .cookie = &pages};
    assert_true(kube_list(client, &list, &error));
    assert_int_equal(pages.restarts, 1);
    assert_int_equal(pages.objects, 2);
    list.restart = NULL;
    assert_false(kube_list(client, &list, &error));
    expect_error("nobody to tell", &error, ERROR_NOT_FOUND, "GET " PATH ": 410 \"Expired\": too old");
    pages.pages = 0;
    pages.fail_at = 1;
    assert_false(kube_list(client, &list, &error));
    expect_error("ended by the reader", &error, ERROR_DENIED, "enough");
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(calls_say_what_the_api_server_expects),
        cmocka_unit_test(only_harmless_requests_are_sent_again),
        cmocka_unit_test(a_second_create_tells_that_it_is_there),
        cmocka_unit_test(all_tries_end_at_the_deadline),
        cmocka_unit_test(connections_are_kept),
        cmocka_unit_test(a_refused_token_is_read_anew_once),
        cmocka_unit_test(the_server_must_be_the_one_that_is_meant),
        cmocka_unit_test(lists_come_in_pages),
        cmocka_unit_test(a_list_that_expires_starts_again),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
