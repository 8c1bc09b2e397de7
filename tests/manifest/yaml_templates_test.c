// Variables and templates inside of YAML: what resolves is typed, what does not is unknown, never a value.
#include "tests/manifest/yaml_texts.h"

static const char *look_up(void *cookie, const char *name) {
    (void)cookie;
    return strcmp(name, "COUNT") == 0    ? "3"
           : strcmp(name, "NAME") == 0   ? "prod"
           : strcmp(name, "LINES") == 0  ? "a: 1\nb: 2"
           : strcmp(name, "BYTES") == 0  ? "\xFF"
           : strcmp(name, "TWICE") == 0  ? "{a: 1, a: 2}"
           : strcmp(name, "ALIAS") == 0  ? "[&x 1, *x]"
           : strcmp(name, "DOLLAR") == 0 ? "${NAME}"
                                         : NULL;
}

static const struct yaml_case variables[] = {
    {"integer", "a: ${N:=3}", "{\"a\":3}"},
    {"integer from a variable", "a: ${COUNT}", "{\"a\":3}"},
    {"boolean", "a: ${B:=true}\nb: ${B:=no}", "{\"a\":true,\"b\":false}"},
    {"null", "a: ${E:=}", "{\"a\":null}"},
    {"text", "a: ${NAME}-eu", "{\"a\":\"prod-eu\"}"},
    {"version", "a: ${V:=v1.30.2}\nb: v${V:=1.30}", "{\"a\":\"v1.30.2\",\"b\":\"v1.30\"}"},
    {"number out of two", "a: ${N:=1}${COUNT}", "{\"a\":13}"},
    {"list", "a: ${C:=[\"10.128.0.0/12\"]}", "{\"a\":[\"10.128.0.0/12\"]}"},
    {"empty list", "a: ${C:-[]}", "{\"a\":[]}"},
    {"quoted default", "a: ${C:=\"\"}\nb: ${C:=\"3\"}\nc: ${C:='yes'}",
     "{\"a\":\"\",\"b\":\"3\",\"c\":\"yes\"}"},
    {"URL", "a: ${U:=https://x.y:6443/z}", "{\"a\":\"https://x.y:6443/z\"}"},
    {"dashes", "a: ${D:=---}\nb: ${D:=-x}", "{\"a\":\"---\",\"b\":\"-x\"}"},
    {"list item", "- ${NAME}\n- ${N:=1}", "[\"prod\",1]"},
    {"quoted ones stay strings", "a: \"${COUNT}\"\nb: '${N:=1}'", "{\"a\":\"3\",\"b\":\"1\"}"},
    {"block ones stay strings", "a: |-\n  ${COUNT}\n", "{\"a\":\"3\"}"},
    {"quotes in quotes", "a: ['${POD_CIDR:=\"192.168.0.0/16\"}']", "{\"a\":[\"192.168.0.0/16\"]}"},
    {"quotes in a block text stay", "a: |-\n  k=${K:=\"\"}\n", "{\"a\":\"k=\\\"\\\"\"}"},
    {"tagged", "a: !!str ${COUNT}\nb: !!int \"${COUNT}\"", "{\"a\":\"3\",\"b\":3}"},
    {"key", "${NAME}-x: 1\n\"${COUNT}\": 2\n${U}: 3", "{\"prod-x\":1,\"3\":2,\"${U}\":3}"},
    {"keys that become one", "prod: 1\n${NAME}: 2",
     "broken 2:1 the key \"prod\" is here a second time; the first is on line 1"},
    {"not resolved", "a: ${U}\nb: \"x${U}\"\nc: |-\n  echo ${U}\n",
     "{\"a\":?\"${U}\",\"b\":?\"x${U}\",\"c\":?\"echo ${U}\"}"},
    {"an unknown keeps the source's text", "a: ${NAME}-${U}-$$", "{\"a\":?\"${NAME}-${U}-$$\"}"},
    {"shell", "a: echo $1 $(date) $HOME\nb: $${X} $$", "{\"a\":\"echo $1 $(date) $HOME\",\"b\":\"${X} $\"}"},
    {"through an alias", "a: &a ${COUNT}\nb: *a\nc: &c ${U}\nd: *c",
     "{\"a\":3,\"b\":3,\"c\":?\"${U}\",\"d\":?\"${U}\"}"},
    {"more than a line", "a: ${LINES}", "{\"a\":?\"${LINES}\"}"},
    {"more than a line in quotes", "a: '${LINES}'", "{\"a\":\"a: 1\\x0ab: 2\"}"},
    {"not UTF-8", "a: ${BYTES}\nb: '${BYTES}'", "{\"a\":?\"${BYTES}\",\"b\":?\"${BYTES}\"}"},
    {"not YAML", "a: ${X:=[}\nb: ${X:='}", "{\"a\":?\"${X:=[}\",\"b\":?\"${X:='}\"}"},
    {"a comment", "a: ${X:=#1}", "{\"a\":null}"},
    {"a duplicate key in a value", "a: 1\nb: ${TWICE}",
     "broken 2:4 the key \"a\" is here a second time; the first is on line 2"},
    {"an alias in a value", "a: ${ALIAS}", "{\"a\":[1,1]}"},
    {"filled in once", "a: ${DOLLAR}", "{\"a\":\"${NAME}\"}"},
    {"in a flow list no YAML", "a: [${NAME}]\n",
     "template 1:6 a ${variable} stands where YAML can't be read before it is filled in; "
     "render it first (clusterctl generate, flux build)"},
    {"JSON", "{\"a\": \"${COUNT}\", \"b\": \"${U}\"}", "{\"a\":\"3\",\"b\":?\"${U}\"}"},
};

static const struct yaml_case disabled[] = {
    {"annotation",
     "metadata: {annotations: {kustomize.toolkit.fluxcd.io/substitute: disabled}}\na: ${U} $$ ${N:=1}",
     "{\"metadata\":{\"annotations\":{\"kustomize.toolkit.fluxcd.io/substitute\":\"disabled\"}},"
     "\"a\":\"${U} $$ ${N:=1}\"}"},
    {"label", "a: ${U}\nmetadata:\n  labels:\n    kustomize.toolkit.fluxcd.io/substitute: disabled",
     "{\"a\":\"${U}\",\"metadata\":{\"labels\":{\"kustomize.toolkit.fluxcd.io/substitute\":\"disabled\"}}}"},
    {"other value", "metadata: {labels: {kustomize.toolkit.fluxcd.io/substitute: enabled}}\na: ${U}",
     "{\"metadata\":{\"labels\":{\"kustomize.toolkit.fluxcd.io/substitute\":\"enabled\"}},\"a\":?\"${U}\"}"},
    {"not of the object",
     "spec: {metadata: {labels: {kustomize.toolkit.fluxcd.io/substitute: disabled}}, a: '${U}'}",
     "{\"spec\":{\"metadata\":{\"labels\":{\"kustomize.toolkit.fluxcd.io/"
     "substitute\":\"disabled\"}},\"a\":?\"${U}\"}}"},
    {"templates stay unknown",
     "metadata: {labels: {kustomize.toolkit.fluxcd.io/substitute: disabled}}\na: '{{ x }}'",
     "{\"metadata\":{\"labels\":{\"kustomize.toolkit.fluxcd.io/substitute\":\"disabled\"}},\"a\":?\"{{ x "
     "}}\"}"},
    {"item of a List",
     "kind: List\nitems:\n- metadata: {labels: {kustomize.toolkit.fluxcd.io/substitute: disabled}}\n  a: "
     "${U}\n- a: ${U}",
     "{\"kind\":\"List\",\"items\":[{\"metadata\":{\"labels\":{\"kustomize.toolkit.fluxcd.io/"
     "substitute\":\"disabled\"}},"
     "\"a\":\"${U}\"},{\"a\":?\"${U}\"}]}"},
    {"only that document",
     "metadata: {labels: {kustomize.toolkit.fluxcd.io/substitute: disabled}}\n---\na: ${U}",
     "{\"metadata\":{\"labels\":{\"kustomize.toolkit.fluxcd.io/"
     "substitute\":\"disabled\"}}}\n{\"a\":?\"${U}\"}"},
};

#define HELM "a Helm or Go template; render it first (helm template, kustomize build)"

static const struct yaml_case templates[] = {
    {"plain value that reads as flow maps", "a: {{ .Values.x }}\nb: 1",
     "{\"a\":?\"{{ .Values.x }}\",\"b\":1}"},
    {"list item", "- {{ .x }}\n- 1", "[?\"{{ .x }}\",1]"},
    {"in a flow list", "[{{ .x }}, 1]", "[?\"{{ .x }}\",1]"},
    {"key", "{{ .k }}: 1\nb: 2", "{\"{{ .k }}\":1,\"b\":2}"},
    {"in quotes", "a: '{{ .x }}'\nb: \"x-{{ .x }}\"", "{\"a\":?\"{{ .x }}\",\"b\":?\"x-{{ .x }}\"}"},
    {"in a plain text", "a: x-{{ .x }}", "{\"a\":?\"x-{{ .x }}\"}"},
    {"in a block text", "a: |\n  {{- if x }}\n  y\n  {{- end }}\n",
     "{\"a\":?\"{{- if x }}\\x0ay\\x0a{{- end }}\\x0a\"}"},
    {"flow maps that are none", "a: { {b: 1}: 2}", "broken 1:6 a list or map can't be a key"},
    {"braces in a text that are none", "a: 'x }} {{'\nb: 1", "{\"a\":\"x }} {{\",\"b\":1}"},
    {"text behind it", "a: {{ .x }}-md\n", "template 1:4 " HELM},
    {"quotes inside", "b: {{ include \"x\" . }}", "{\"b\":?\"{{ include \\\"x\\\" . }}\"}"},
    {"quotes at its beginning", "a: 1\nb: {{ \"x\" | quote }}", "template 2:4 " HELM},
    {"control lines", "{{- if .Values.x }}\na: 1\n{{- end }}\n", "template 1:1 " HELM},
    {"control lines further in", "a:\n  {{- range .x }}\n  - b: {{ . }}\n  {{- end }}\n",
     "template 2:3 " HELM},
    {"the whole document", "{{ toYaml .Values.x }}\n", "template 1:1 " HELM},
    {"only the document it is in", "a: 1\n---\n{{ if x }}\nb: 1\n{{ end }}\n---\nc: 1\n",
     "{\"a\":1}\ntemplate 3:1 " HELM "\n{\"c\":1}"},
    {"a comment", "# {{ .x }}\na: 1", "{\"a\":1}"},
    {"bad bytes are broken all the same", "a: {{ \xFF }}", "broken 1:7 bytes that are not UTF-8"},
    {"a duplicate key is broken all the same", "a: '{{ x }}'\na: 1",
     "broken 2:1 the key \"a\" is here a second time; the first is on line 1"},
};

static void test_variables(void **state) {
    (void)state;
    const struct substitution substitution = {.lookup = look_up};
    struct yaml_options options = yaml_default_options;
    options.substitution = &substitution;
    EXPECT_STREAMS(variables, &options);
}

static void test_disabled(void **state) {
    (void)state;
    struct yaml_options options = yaml_default_options;
    options.substitution = &no_variables;
    EXPECT_STREAMS(disabled, &options);
}

static void test_templates(void **state) {
    (void)state;
    struct yaml_options options = yaml_default_options;
    options.substitution = &no_variables;
    EXPECT_STREAMS(templates, &options);
}

static const char *look_up_large(void *cookie, const char *name) {
    (void)name;
    return cookie;
}

static void test_expansion_is_capped(void **state) {
    (void)state;
    char *value = malloc(900 * 1024 + 1);
    memset(value, 'x', 900 * 1024);
    value[900 * 1024] = '\0';
    const struct substitution substitution = {.lookup = look_up_large, .cookie = value};
    struct yaml_options options = yaml_default_options;
    options.substitution = &substitution;
    CLEANUP(buffer_clear) struct buffer out;
    CLEANUP(buffer_clear) struct buffer text;
    buffer_init(&out, 1000);
    buffer_init(&text, 1000 * 1000);
    render_stream(&out, "a: ${X}${X}", 11, &options);
    assert_string_equal(buffer_text(&out), "{\"a\":?\"${X}${X}\"}");
    for (int i = 0; i < 100; i++) {
        buffer_append_text(&text, "- ${X}\n");
    }
    buffer_truncate(&out, 0);
    render_stream(&out, buffer_text(&text), text.length, &options);
    assert_string_equal(buffer_text(&out), "broken 73:3 aliases and variables expand to more than 64 MiB");
    free(value);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_variables),
        cmocka_unit_test(test_disabled),
        cmocka_unit_test(test_templates),
        cmocka_unit_test(test_expansion_is_capped),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
