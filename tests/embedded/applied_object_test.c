#include "embedded/applied_object.h"

#include "tests/support/databases.h"

static const struct {
    const char *name, *file, *applied, *stored, *expected; // applied and stored may be NULL
} cases[] = {
    {"a new object", "{'kind':'A','spec':{'x':1,'list':[1,{'n':null}]},'status':{'s':1}}", NULL, NULL,
     "{'kind':'A','spec':{'list':[1,{'n':null}],'x':1}}"},
    {"fields of others stay", "{'spec':{'x':2}}", "{'spec':{'x':1}}",
     "{'metadata':{'uid':'u'},'spec':{'default':true,'x':1},'status':{'s':1}}",
     "{'metadata':{'uid':'u'},'spec':{'default':true,'x':2},'status':{'s':1}}"},
    {"what left the file goes", "{'spec':{}}", "{'spec':{'x':1,'y':{'z':1}}}",
     "{'spec':{'x':1,'y':{'z':1},'w':1}}", "{'spec':{'w':1}}"},
    {"what others put beside it stays", "{'spec':{}}", "{'spec':{'y':{'z':1}}}",
     "{'spec':{'y':{'z':1,'o':2}}}", "{'spec':{'y':{'o':2}}}"},
    {"what others changed is put right", "{'spec':{'x':1}}", "{'spec':{'x':1}}", "{'spec':{'x':7}}",
     "{'spec':{'x':1}}"},
    {"a null takes a field away", "{'spec':{'x':null}}", NULL, "{'spec':{'x':1,'y':2}}", "{'spec':{'y':2}}"},
    {"lists are replaced", "{'spec':{'l':[2]}}", "{'spec':{'l':[1]}}", "{'spec':{'l':[1,9]}}",
     "{'spec':{'l':[2]}}"},
    {"finalizers are a set", "{'metadata':{'finalizers':['mine']}}",
     "{'metadata':{'finalizers':['old','mine']}}", "{'metadata':{'finalizers':['old','mine','theirs']}}",
     "{'metadata':{'finalizers':['mine','theirs']}}"},
    {"finalizers of others outlive the field", "{'metadata':{}}", "{'metadata':{'finalizers':['mine']}}",
     "{'metadata':{'finalizers':['mine','theirs']}}", "{'metadata':{'finalizers':['theirs']}}"},
    {"the server's metadata is not the file's",
     "{'metadata':{'uid':'x','generation':9,'resourceVersion':'1','name':'a'}}",
     "{'metadata':{'uid':'x','name':'a'}}", "{'metadata':{'uid':'u','generation':2,'name':'a'}}",
     "{'metadata':{'generation':2,'name':'a','uid':'u'}}"},
    {"a map becomes a text, and back", "{'spec':{'a':'t','b':{'c':1}}}", NULL,
     "{'spec':{'a':{'x':1},'b':'t'}}", "{'spec':{'a':'t','b':{'c':1}}}"},
};

static void test_merge(void **state) {
    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        CLEANUP(document_free) struct document *file = document_of(cases[i].file);
        CLEANUP(document_free)
        struct document *applied = cases[i].applied ? document_of(cases[i].applied) : NULL;
        CLEANUP(document_free)
        struct document *stored = cases[i].stored ? document_of(cases[i].stored) : NULL;
        CLEANUP(document_free) struct document *merged = NULL;
        struct error error = {0};
        const struct applied_object question = {.file = document_root(file),
                                                .applied = applied ? document_root(applied) : NULL,
                                                .stored = stored ? document_root(stored) : NULL};
        expect_true(cases[i].name, applied_object_merge(&question, &merged, &error), error.message);
        CLEANUP(free) char *text = quoted_text(document_root(merged));
        expect_text(cases[i].name, text, cases[i].expected);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_merge)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
