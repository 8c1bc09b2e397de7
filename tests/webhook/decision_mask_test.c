#include "webhook/decision_mask.h"

#include "tests/support/documents.h"
#include "tests/support/expect.h"

static const struct {
    const char *name, *object;
    bool is_secret;
    const char *pointer; // NULL: none
    const char *text, *places;
} cases[] = {
    {"nothing secret", "{'spec': {'region': 'eu-west-1', 'n': 3, 'f': 1.5, 'b': true, 'z': null, 'l': []}}",
     false, NULL, "{'spec':{'region':'eu-west-1','n':3,'f':1.5,'b':true,'z':null,'l':[]}}", ""},
    {"a Secret", "{'kind': 'Secret', 'data': {'a': 'YQ==', 'b': 'Yg=='}, 'stringData': {'c': 'd'}}", true,
     NULL, "{'kind':'Secret','data':{'a':'***','b':'***'},'stringData':{'c':'***'}}",
     "'/object/data','/object/stringData'"},
    {"data of another kind", "{'kind': 'ConfigMap', 'data': {'a': 'b'}}", false, NULL,
     "{'kind':'ConfigMap','data':{'a':'b'}}", ""},
    {"names that look secret",
     "{'a': {'bootstrapToken': 'x', 'AWS_SECRET_ACCESS_KEY': 'y', 'db-password': 7}}", false, NULL,
     "{'a':{'bootstrapToken':'***','AWS_SECRET_ACCESS_KEY':'***','db-password':'***'}}",
     "'/object/a/bootstrapToken','/object/a/AWS_SECRET_ACCESS_KEY','/object/a/db-password'"},
    {"private_key", "{'private_key': 'x', 'Kubeconfig': {'deep': ['y']}}", false, NULL,
     "{'private_key':'***','Kubeconfig':{'deep':['***']}}", "'/object/private_key','/object/Kubeconfig'"},
    {"references stay",
     "{'secretName': 'a', 'tokenSecretRef': {'name': 'b', 'key': 'c'}, 'dataSecretName': 'd',"
     " 'password': {'name': 'e', 'key': 'f'}}",
     false, NULL,
     "{'secretName':'a','tokenSecretRef':{'name':'b','key':'c'},'dataSecretName':'d',"
     "'password':{'name':'e','key':'f'}}",
     ""},
    {"flags stay", "{'automountServiceAccountToken': false}", false, NULL,
     "{'automountServiceAccountToken':false}", ""},
    {"last-applied",
     "{'metadata': {'annotations': {'kubectl.kubernetes.io/last-applied-configuration': '{}'}}}", false, NULL,
     "{'metadata':{'annotations':{'kubectl.kubernetes.io/last-applied-configuration':'***'}}}",
     "'/object/metadata/annotations/kubectl.kubernetes.io~1last-applied-configuration'"},
    {"content of files", "{'files': [{'path': '/etc/a', 'content': 'key'}], 'content': 'b'}", false, NULL,
     "{'files':[{'path':'/etc/a','content':'***'}],'content':'b'}", "'/object/files/0/content'"},
    {"a variable that is named so",
     "{'env': [{'name': 'DB_PASSWORD', 'value': 'x'}, {'name': 'HOME', 'value': '/'}]}", false, NULL,
     "{'env':[{'name':'DB_PASSWORD','value':'***'},{'name':'HOME','value':'/'}]}", "'/object/env/0/value'"},
    {"a private key by its look", "{'a': ['-----BEGIN RSA PRIVATE KEY-----\\nabc']}", false, NULL,
     "{'a':['***']}", "'/object/a/0'"},
    {"an address with a password",
     "{'a': 'https://user:pw@git.example/x', 'b': 'https://git.example:8443/x@y'}", false, NULL,
     "{'a':'***','b':'https://git.example:8443/x@y'}", "'/object/a'"},
    {"a pointer", "{'spec': {'region': 'eu', 'n': 4}}", false, "/spec/n",
     "{'spec':{'region':'eu','n':'***'}}", "'/object/spec/n'"},
    {"a pointer to a map", "{'spec': {'region': 'eu', 'f': true, 'z': null}}", false, "/spec",
     "{'spec':{'region':'***','f':'***','z':null}}", "'/object/spec'"},
    {"a pointer through a list", "{'users': [{'id': 1, 'key': 'a'}, {'key': 'b'}]}", false, "/users/*/key",
     "{'users':[{'id':1,'key':'***'},{'key':'***'}]}", "'/object/users/0/key','/object/users/1/key'"},
    {"a pointer with escapes", "{'a/b': {'c~d': 'x', 'c': 'y'}}", false, "/a~1b/c~0d",
     "{'a/b':{'c~d':'***','c':'y'}}", "'/object/a~1b/c~0d'"},
    {"a pointer that leads nowhere", "{'spec': 'x'}", false, "/spec/region", "{'spec':'x'}", ""},
};

// With ' for ".
static void expect_quoted(const char *name, struct buffer *actual, const char *expected) {
    for (size_t i = 0; i < actual->length; i++) {
        actual->data[i] = actual->data[i] == '"' ? '\'' : actual->data[i];
    }
    expect_text(name, buffer_text(actual), expected);
}

static void test_mask(void **state) {
    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        CLEANUP(document_free) struct document *document = document_of(cases[i].object);
        CLEANUP(decision_mask_free) struct decision_mask *mask = NULL;
        struct error error = {0};
        assert_true(decision_mask_new(&cases[i].pointer, cases[i].pointer ? 1 : 0, &mask, &error));
        CLEANUP(buffer_clear) struct buffer text;
        CLEANUP(buffer_clear) struct buffer places;
        buffer_init(&text, 10000);
        buffer_init(&places, 10000);
        decision_mask_append(mask, document_root(document), cases[i].is_secret, "object", &text, &places);
        expect_quoted(cases[i].name, &text, cases[i].text);
        expect_quoted(cases[i].name, &places, cases[i].places);
    }
}

static const struct {
    const char *pointer;
    bool covered;
} paths[] = {
    {"/spec/users/0/key", true},
    {"/spec/users/-/key", true},
    {"/spec/users/0/name", false},
    {"/spec/bootstrapToken", true},
    {"/spec/token/deep", true},
    {"/spec/secretName", false},
    {"/spec", false},
    {"", false},
    {"/files/0/content", true},
};

static void test_covers(void **state) {
    (void)state;
    const char *pointer = "/spec/users/*/key";
    CLEANUP(decision_mask_free) struct decision_mask *mask = NULL;
    struct error error = {0};
    assert_true(decision_mask_new(&pointer, 1, &mask, &error));
    for (size_t i = 0; i < sizeof(paths) / sizeof(paths[0]); i++) {
        expect_true(paths[i].pointer, decision_mask_covers(mask, paths[i].pointer, false) == paths[i].covered,
                    paths[i].covered ? "masked" : "not masked");
    }
    expect_true("a Secret", decision_mask_covers(NULL, "/data/x", true), "masked");
    expect_true("no Secret", !decision_mask_covers(NULL, "/data/x", false), "not masked");
}

static void test_wrong_pointers(void **state) {
    (void)state;
    static const struct {
        const char *pointer, *message;
    } wrong[] = {
        {"", "\"\" is no JSON pointer such as /spec/users"},
        {"spec", "\"spec\" is no JSON pointer such as /spec/users"},
        {"/a~2", "\"/a~2\": behind ~ stands 0 or 1"},
        {"/a~", "\"/a~\": behind ~ stands 0 or 1"},
    };
    for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
        struct decision_mask *mask = NULL;
        struct error error = {0};
        assert_false(decision_mask_new(&wrong[i].pointer, 1, &mask, &error));
        expect_error(wrong[i].pointer, &error, ERROR_INVALID, wrong[i].message);
        assert_null(mask);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_mask),
        cmocka_unit_test(test_covers),
        cmocka_unit_test(test_wrong_pointers),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
