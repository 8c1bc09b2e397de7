// The commands around the gate, run as a user runs them.
#include "cli/commands.h"
#include "tests/cli/program.h"
#include "tests/support/expect.h"

#include "base/attributes.h"

#include <stdio.h>
#include <stdlib.h>

static const struct {
    const char *arguments;
    int code;
    const char *out, *err; // parts of them; NULL: nothing may be there
} cases[] = {
    {"--help", 0, "Usage: fleetgate COMMAND", NULL},
    {"help", 0, "Commands:", NULL},
    {"", 2, NULL, "Usage: fleetgate COMMAND"},
    {"--version", 0, "fleetgate ", NULL},
    {"version", 0, "fleetgate ", NULL},
    {"version now", 2, NULL, "fleetgate version: unexpected argument now\ntry 'fleetgate version --help'\n"},
    {"chekc", 2, NULL, "fleetgate: unknown command chekc; did you mean check?\ntry 'fleetgate --help'\n"},
    {"xyzzy", 2, NULL, "fleetgate: unknown command xyzzy\n"},
    {"--what", 2, NULL, "fleetgate: unknown option --what\n"},
    {"help check", 0, "Usage: fleetgate check [OPTION…] PATH…|-", NULL},
    {"help policy new", 0, "Usage: fleetgate policy new [OPTION…] NAME", NULL},
    {"help nothing", 2, NULL, "unknown command nothing"},
    {"policy", 2, NULL, "fleetgate policy: a command is missing\n"},
    {"policy lst", 2, NULL, "fleetgate policy: unknown command lst; did you mean list?\n"},
    {"policy list --names", 0, "region-limits\n", NULL},
    {"policy list", 0, "high", NULL},
    {"policy show region-limits", 0, "name = \"region-limits\"", NULL},
    {"policy show region-limit", 2, NULL, "there is no policy region-limit; did you mean region-limits?"},
    {"policy new Bad", 2, NULL, "Bad: a name has lower case letters"},
    {"explain region-limits", 0, "allowed (list of string; default [])", NULL},
    {"explain regions -p tests/fixtures/check/policies", 0, "See https://example.com/regions", NULL},
    {"explain", 2, NULL, "fleetgate explain: name one policy\n"},
    {"certs init --help", 0, "Usage: fleetgate certs init [OPTION…]", NULL},
    {"certs init --dri x", 2, NULL, "unknown option --dri; did you mean --dir?"},
    {"test", 2, NULL, "fleetgate test: no directory given\ntry 'fleetgate test --help'\n"},
    {"test --quite policies", 2, NULL, "unknown option --quite; did you mean --quiet?"},
    {"test tests/fixtures/check/nowhere", 2, NULL, "nowhere: No such file or directory"},
    {"help test", 0, "-q, --quiet             print failures and the summary only", NULL},
    {"check --complete x", 2, NULL, "unknown option --complete"},
    {"completion", 2, NULL, "name one shell"},
    {"completion tcsh", 2, NULL, "unknown shell tcsh"},
    {"install", 0, "kind: ValidatingWebhookConfiguration", NULL},
    {"install now", 2, NULL, "fleetgate install: unexpected argument now"},
    {"install --namespace Gates", 2, NULL, "--namespace: want lower case letters, digits and -, got Gates"},
    {"install --image 'a: b'", 2, NULL, "--image: want NAME:TAG or NAME@DIGEST, got a: b"},
    {"install --image 12:34", 2, NULL, "--image: want NAME:TAG"},
    {"install --replicas 0", 2, NULL, "--replicas: want 1 to 100, got 0"},
    {"install --cert-mode own", 2, NULL, "--cert-mode: want self, cert-manager or files, got own"},
    {"install --cert-mode files", 2, NULL, "--cert-mode files needs --ca-file"},
    {"install --failure-policy fail", 2, NULL, "--failure-policy: want Fail or Ignore, got fail"},
    {"install --with audit,moni", 2, NULL,
     "--with: there are attestation, audit, match-conditions, monitoring, network-policy and reconcile, got "
     "moni"},
    {"install --with ''", 2, NULL, "--with: there are attestation, audit"},
    {"install --only nothing", 2, NULL, "--only: want all, webhooks, validating or mutating, got nothing"},
    {"install --url http://gate:9443", 2, NULL, "--url: want https://HOST:PORT without a query"},
    {"install --url https://gate:9443/?x=1", 2, NULL, "--url: want https://HOST:PORT"},
    {"install --url https://gate:9443 --only all", 2, NULL, "--url is for webhooks"},
    {"install --url https://gate:9443 --config examples/fleetgate.yaml", 2, NULL,
     "--config and --policies are for the gate"},
    {"install --static", 2, NULL, "--static needs --url"},
    {"install --url https://gate:9443", 0, "url: \"https://gate:9443/validate\"", NULL},
    {"install --config tests/fixtures/check/wrong-configuration.yaml", 2, NULL,
     "fleetgate install: tests/fixtures/check/wrong-configuration.yaml:"},
    {"install --config nowhere.yaml", 2, NULL, "nowhere.yaml: No such file or directory"},
    {"install --policies tests/fixtures/check/faulty --config examples/fleetgate.yaml", 2, NULL,
     "examples/fleetgate.yaml:"},
    {"install --ca-file README.md", 2, NULL, "README.md: "},
    {"serve --audit-interval x", 2, NULL, "--audit-interval: \"x\" is not a duration"},
    {"serve --audit-interval 400000h", 2, NULL, "--audit-interval: \"400000h\" is longer than 175200h"},
    {"serve --tls-cert c --tls-key k --audit-interval 24h", 2, NULL,
     "--audit-interval needs --in-cluster or --kubeconfig"},
    {"serve --tls-cert c --tls-key k --kubeconfig nowhere --reports openreports", 2, NULL,
     "--reports needs --audit-interval"},
    {"serve --ca-lifetime 17520h --cert-mode self --kubeconfig nowhere.yaml", 2, NULL,
     "nowhere.yaml: No such file or directory"},
    {"serve --reports all", 2, NULL, "--reports: want none, openreports or policyreport, got all"},
    {"serve --cert-mode own", 2, NULL, "--cert-mode: want files or self, got own"},
    {"serve --cert-mode self", 2, NULL, "--cert-mode self needs --in-cluster or --kubeconfig"},
    {"serve --identity ''", 2, NULL, "--identity: want a name"},
    {"audit now", 2, NULL, "fleetgate audit: unexpected argument now"},
    {"audit -o yaml", 2, NULL, "--output: want text or json, got yaml"},
    {"audit --reports all", 2, NULL, "--reports: want none, openreports or policyreport, got all"},
    {"audit --config nowhere.yaml", 2, NULL, "nowhere.yaml: No such file or directory"},
    {"audit --kubeconfig nowhere.yaml", 2, NULL, "nowhere.yaml: No such file or directory"},
    {"breaker lst", 2, NULL, "unknown command lst; did you mean list?"},
    {"breaker list now", 2, NULL, "fleetgate breaker list: unexpected now"},
    {"breaker list --kubeconfig nowhere.yaml", 2, NULL, "nowhere.yaml: No such file or directory"},
    {"breaker approve", 2, NULL, "want one REFERENCE, got 0"},
    {"breaker approve 1234abcd", 2, NULL, "--owner is missing"},
    {"breaker approve 1234abcd --owner me", 2, NULL, "--reason is missing"},
    {"run", 2, NULL, "fleetgate run: --fleet DIR is needed"},
    {"run --fleet nowhere", 2, NULL, "nowhere: no such directory"},
    {"run --fleet README.md", 2, NULL, "README.md: is no directory"},
    {"run --fleet examples/fleet now", 2, NULL, "unexpected argument now"},
    {"run --fleet examples/fleet --until-idle=x", 2, NULL,
     "--until-idle: want a duration above 0, as 30s, got x"},
    {"run --fleet examples/fleet --interval 0s", 2, NULL, "--interval: want a duration above 0"},
    {"run --fleet examples/fleet --provider eks", 2, NULL, "--provider: there is sim, got eks"},
    {"run --fleet examples/fleet --sim-pace fast", 2, NULL, "--sim-pace: "},
    {"run --help", 0, "--until-idle[=DURATION]", NULL},
    {"get", 2, NULL, "fleetgate get: a command is missing"},
    {"get cluster", 2, NULL, "unknown command cluster; did you mean clusters?"},
    {"get clusters", 2, NULL, "fleetgate get clusters: --fleet DIR or --state DIR is needed"},
    {"get clusters --state nowhere", 2, NULL, "nowhere: no state of 'fleetgate run' is there"},
    {"get clusters --state nowhere -o yaml", 2, NULL, "--output: want table, wide or json, got yaml"},
    {"get clusters --kubeconfig nowhere.yaml", 2, NULL, "nowhere.yaml: No such file or directory"},
    {"get decisions --state nowhere --last few", 2, NULL, "--last: want 0 to 10000, got few"},
    {"describe cluster", 2, NULL, "want one [NAMESPACE/]NAME, got 0"},
    {"describe cluster --state nowhere eu-1", 2, NULL, "no state of 'fleetgate run' is there"},
    {"review", 2, NULL, "name files or directories"},
    {"review tests/fixtures/check/values.yaml", 3, NULL, "there is no Kubernetes object"},
    {"review tests/fixtures/check/broken.yaml", 3, "\"name\":\"eu-6\"", "broken.yaml:7:3: the key"},
    {"review tests/fixtures/check/region.yaml", 0,
     "\"resource\":{\"group\":\"infrastructure.cluster.x-k8s.io\",\"version\":\"v1beta2\",\"resource\":"
     "\"awsclusters\"}",
     NULL},
    {"review --base tests/fixtures/check/base tests/fixtures/check/head", 0,
     "\"operation\":\"DELETE\",\"userInfo\":{\"username\":\"kubernetes-admin\",\"groups\":[]},\"object\":"
     "null",
     NULL},
};

static void test_cases(void **state) {
    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        CLEANUP(program_result_clear) struct program_result result;
        program_run(cases[i].arguments, &result);
        expect_contains(cases[i].arguments, result.out, cases[i].out ? cases[i].out : "");
        expect_contains(cases[i].arguments, result.err, cases[i].err ? cases[i].err : "");
        expect_true(cases[i].arguments, cases[i].out || !*result.out, "nothing on standard output");
        expect_true(cases[i].arguments, cases[i].err || !*result.err, "nothing on standard error");
        expect_integer(cases[i].arguments, result.code, cases[i].code);
    }
}

static void expect_options(const struct command *command) {
    char arguments[128];
    snprintf(arguments, sizeof(arguments), "%s --help", command->name);
    CLEANUP(program_result_clear) struct program_result result;
    program_run(arguments, &result);
    expect_integer(arguments, result.code, 0);
    expect_text(arguments, result.err, "");
    for (const struct option_entry *option = command->options; option && option->name; option++) {
        char name[64];
        snprintf(name, sizeof(name), "--%s", option->name);
        expect_contains(arguments, result.out, name);
    }
}

// Every command explains every option that completion knows.
static void test_help(void **state) {
    (void)state;
    for (const struct command *const *command = command_table(); *command; command++) {
        expect_options(*command);
        for (const struct command *inner = (*command)->inner; inner && inner->name; inner++) {
            expect_options(inner);
        }
    }
}

static void test_completion(void **state) {
    (void)state;
    static const char *const shells[] = {"bash", "zsh", "fish"};
    for (size_t i = 0; i < sizeof(shells) / sizeof(shells[0]); i++) {
        char arguments[256];
        snprintf(arguments, sizeof(arguments), "completion %s", shells[i]);
        CLEANUP(program_result_clear) struct program_result result;
        program_run(arguments, &result);
        expect_integer(arguments, result.code, 0);
        expect_contains(arguments, result.out, "stdin-filename");
        // Its own syntax check, where the shell is installed.
        snprintf(arguments, sizeof(arguments),
                 "completion %s >/tmp/fleetgate-completion.$$ && { ! command -v %s >/dev/null || %s -n "
                 "/tmp/fleetgate-completion.$$; }; code=$?; rm -f /tmp/fleetgate-completion.$$; exit $code",
                 shells[i], shells[i], shells[i]);
        CLEANUP(program_result_clear) struct program_result syntax;
        program_run(arguments, &syntax);
        expect_text(shells[i], syntax.err, "");
        expect_integer(shells[i], syntax.code, 0);
    }
    CLEANUP(program_result_clear) struct program_result words;
    program_run("version >/dev/null; bash -c \"source <(" FLEETGATE_PROGRAM " completion bash); "
                "COMP_WORDS=(fleetgate policy s); COMP_CWORD=2; _fleetgate; echo \\${COMPREPLY[@]}; "
                "COMP_WORDS=(fleetgate check -o s); COMP_CWORD=3; _fleetgate; echo \\${COMPREPLY[@]}\"",
                &words);
    expect_text("bash completes", words.out, "show\nsarif\n");
}

// A new policy passes its own tests, and nothing is overwritten.
static void test_new(void **state) {
    (void)state;
    char folder[] = "/tmp/fleetgate-policy-XXXXXX";
    assert_non_null(mkdtemp(folder));
    static const struct {
        const char *format;
        int code;
        const char *out, *err;
    } steps[] = {
        {"policy new team-labels --dir %s/policies", 0, "team-labels_test.lua", ""},
        {"policy new team-labels --dir %s/policies", 2, "", "team-labels.lua: is there already"},
        {"test %s/policies", 0, "1 policies, 2 cases, 0 failed", ""},
        {"policy docs -p %1$s/policies --out %1$s/docs/policies", 0, "team-labels.md", ""},
        {"version && cat %s/docs/policies/README.md", 0, "[team-labels](team-labels.md)", ""},
        {"version; rm -r %s", 0, "", ""},
    };
    for (size_t i = 0; i < sizeof(steps) / sizeof(steps[0]); i++) {
        char arguments[512];
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wformat-nonliteral"
        snprintf(arguments, sizeof(arguments), steps[i].format, folder);
#pragma GCC diagnostic pop
        CLEANUP(program_result_clear) struct program_result result;
        program_run(arguments, &result);
        expect_contains(arguments, result.out, steps[i].out);
        expect_contains(arguments, result.err, steps[i].err);
        expect_integer(arguments, result.code, steps[i].code);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_cases), cmocka_unit_test(test_help),
                                       cmocka_unit_test(test_completion), cmocka_unit_test(test_new)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
