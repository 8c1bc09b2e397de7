#include "engine/decision_text.h"

#include "base/utf8.h"
#include "tests/support/expect.h"

#include <regex.h>
#include <stdio.h>
#include <strings.h>

static const struct object_key aws = {"infrastructure.cluster.x-k8s.io", "AWSCluster", "prod", "eu-7"};
static const struct review create = {.uid = "8f3a51c2-1234", .change.operation = OPERATION_CREATE};
static const struct review delete = {.uid = "8f3a51c2-1234", .change.operation = OPERATION_DELETE};

static const struct violation region = {
    .policy = "region-limits",
    .severity = SEVERITY_HIGH,
    .mode = MODE_DENY,
    .origin = {aws, "spec.region", NULL},
    .message = "region eu-north-1 is not allowed",
    .detail = "got eu-north-1; allowed eu-west-1, eu-central-1",
    .hint = "set spec.region to one of eu-west-1, eu-central-1 and merge",
    .docs = "https://example.org/region-limits",
};

// What must hold for any text that leaves, whatever it echoes.
static void expect_clean(const char *name, const char *text, bool one_line) {
    expect_true(name, utf8_is_valid(text, strlen(text)), "valid UTF-8");
    expect_true(name, strcasestr(text, "immutable") == NULL, "does not say the word");
    regex_t flux; // fluxcd/pkg ssa/errors/immutable.go
    assert_int_equal(regcomp(&flux, ".*is[[:space:]]immutable.*|.*immutable[[:space:]]field.*", REG_EXTENDED),
                     0);
    expect_true(name, regexec(&flux, text, 0, NULL, 0) == REG_NOMATCH, "does not look like Flux's pattern");
    regfree(&flux);
    const char *end = text + strlen(text);
    for (const char *at = text; at < end;) {
        uint32_t code = 0;
        at += utf8_decode(at, (size_t)(end - at), &code);
        bool control = (code < 0x20 && (code != '\n' || one_line)) || (code >= 0x7F && code < 0xA0);
        bool direction = (code >= 0x202A && code <= 0x202E) || (code >= 0x2066 && code <= 0x2069) ||
                         code == 0x200E || code == 0x200F || code == 0x061C;
        expect_true(name, !control, "no control characters");
        expect_true(name, !direction, "no marks of direction");
        expect_true(name, code != 0x2028 && code != 0x2029, "no line ends of Unicode");
    }
}

static size_t count_of(const char *text, const char *part) {
    size_t count = 0;
    for (; (text = strstr(text, part)); text += strlen(part)) {
        count++;
    }
    return count;
}

static size_t runes_of(const char *text) {
    size_t runes = 0;
    for (; *text; text++) {
        runes += ((unsigned char)*text & 0xC0) != 0x80;
    }
    return runes;
}

// The denial of a decision that decision_finish has ended; caller owns.
static char *denial_of(struct decision *decision, const struct review *review) {
    decision_finish(decision);
    struct buffer text;
    buffer_init(&text, DENIAL_MAXIMUM_BYTES);
    decision_denial(decision, review, &text);
    expect_true("never cut by the buffer", !text.cut, "fits");
    return buffer_take(&text);
}

static void test_exact(void **unused) {
    (void)unused;
    struct violation bare = {.policy = "version-skew", .mode = MODE_DENY, .message = "v1.33 skips a minor"};
    struct violation no_docs = region;
    no_docs.docs = NULL;
    struct policy_result fault = {.policy = "node-counts",
                                  .outcome = OUTCOME_FAULT,
                                  .mode = MODE_DENY,
                                  .fault = FAULT_TIME,
                                  .fault_message = "time budget of 50 ms exceeded",
                                  .fault_denies = true};
    struct policy_result error = fault;
    error.fault = FAULT_ERROR;
    error.fault_message = "node-counts.lua:12: attempt to index a nil value";
    struct policy_result silent = fault;
    silent.fault = FAULT_MEMORY;
    silent.fault_message = NULL;
    static const char full[] =
        "[region-limits] AWSCluster prod/eu-7 spec.region: region eu-north-1 is not allowed\n"
        "  got eu-north-1; allowed eu-west-1, eu-central-1\n"
        "  fix: set spec.region to one of eu-west-1, eu-central-1 and merge\n";
    const struct {
        const char *name;
        struct violation violations[2];
        size_t violation_count;
        struct policy_result results[1];
        size_t result_count;
        const char *uid;
        const char *head;
        const char *tail;
    } cases[] = {
        {"all there is",
         {region},
         1,
         {{0}},
         0,
         "8f3a51c2-1234",
         full,
         "  docs: https://example.org/region-limits   decision: 8f3a51c2"},
        {"without docs", {no_docs}, 1, {{0}}, 0, "8f3a51c2-1234", full, "  decision: 8f3a51c2"},
        {"without uid", {region}, 1, {{0}}, 0, "", full, "  docs: https://example.org/region-limits"},
        {"no uid at all", {region}, 1, {{0}}, 0, NULL, full, "  docs: https://example.org/region-limits"},
        {"short uid", {no_docs}, 1, {{0}}, 0, "ab", full, "  decision: ab"},
        {"headline only",
         {bare},
         1,
         {{0}},
         0,
         "8f3a51c2-1234",
         "",
         "[version-skew] v1.33 skips a minor\n  decision: 8f3a51c2"},
        {"two",
         {region, bare},
         2,
         {{0}},
         0,
         "8f3a51c2-1234",
         full,
         "  docs: https://example.org/region-limits\n[version-skew] v1.33 skips a minor\n  decision: "
         "8f3a51c2"},
        {"time",
         {{0}},
         0,
         {fault},
         1,
         "8f3a51c2-1234",
         "[node-counts] policy could not be evaluated: time budget of 50 ms exceeded\n",
         "  fix: try again; if it stays, ask the platform team to look at policy node-counts (fault: time)\n"
         "  decision: 8f3a51c2"},
        {"error",
         {{0}},
         0,
         {error},
         1,
         "8f3a51c2-1234",
         "[node-counts] policy could not be evaluated: node-counts.lua:12: attempt to index a nil value\n",
         "  fix: this is not about the change; ask the platform team to look at policy node-counts (fault: "
         "error)\n"
         "  decision: 8f3a51c2"},
        {"fault without words",
         {{0}},
         0,
         {silent},
         1,
         "",
         "[node-counts] policy could not be evaluated: its memory limit was exceeded\n",
         "  fix: this is not about the change; ask the platform team to look at policy node-counts (fault: "
         "memory)"},
        {"violation and fault",
         {bare},
         1,
         {silent},
         1,
         "",
         "[version-skew] v1.33 skips a minor\n"
         "[node-counts] policy could not be evaluated: its memory limit was exceeded\n",
         "  fix: this is not about the change; ask the platform team to look at policy node-counts (fault: "
         "memory)"},
    };
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct violation violations[2];
        memcpy(violations, cases[i].violations, sizeof(violations));
        struct policy_result results[1];
        memcpy(results, cases[i].results, sizeof(results));
        struct decision decision = {.violations = violations,
                                    .violation_count = cases[i].violation_count,
                                    .results = results,
                                    .result_count = cases[i].result_count};
        struct review review = {.uid = cases[i].uid};
        char expected[2000];
        snprintf(expected, sizeof(expected), "%s%s", cases[i].head, cases[i].tail);
        CLEANUP(free) char *text = denial_of(&decision, &review);
        expect_text(cases[i].name, text, expected);
    }
}

static void test_allowed(void **unused) {
    (void)unused;
    struct violation warned = region;
    warned.mode = MODE_WARN;
    struct decision decision = {.violations = &warned, .violation_count = 1};
    CLEANUP(free) char *text = denial_of(&decision, &create);
    expect_text("allowed", text, "");
}

static void test_headline(void **unused) {
    (void)unused;
    static const struct {
        const char *name;
        struct origin origin;
        const char *headline;
    } cases[] = {
        {"field", {{"g", "Cluster", "prod", "eu-7"}, "spec.x", NULL}, "[p] Cluster prod/eu-7 spec.x: m"},
        {"object", {{"g", "Cluster", "prod", "eu-7"}, "", NULL}, "[p] Cluster prod/eu-7: m"},
        {"object, no path", {{"g", "Cluster", "prod", "eu-7"}, NULL, NULL}, "[p] Cluster prod/eu-7: m"},
        {"cluster-scoped", {{"", "Namespace", "", "prod"}, "", NULL}, "[p] Namespace prod: m"},
        {"generated name", {{"g", "Machine", "prod", ""}, "spec", NULL}, "[p] Machine prod/(new) spec: m"},
        {"field only", {{NULL, NULL, NULL, NULL}, "spec.x", NULL}, "[p] spec.x: m"},
        {"nothing", {{NULL, NULL, NULL, NULL}, NULL, NULL}, "[p] m"},
    };
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        CLEANUP(buffer_clear) struct buffer line;
        buffer_init(&line, 4096);
        buffer_append_text(&line, "> ");
        struct violation violation = {.policy = "p", .origin = cases[i].origin, .message = "m"};
        violation_headline(&violation, &line);
        expect_text(cases[i].name, buffer_text(&line) + 2, cases[i].headline);
    }
}

static void test_many(void **unused) {
    (void)unused;
    enum { MANY = 25 };
    static struct violation violations[MANY];
    static char names[MANY][16];
    for (size_t i = 0; i < MANY; i++) {
        snprintf(names[i], sizeof(names[i]), "policy-%02zu", i);
        violations[i] = (struct violation){.policy = names[i],
                                           .mode = MODE_DENY,
                                           .severity = i == 20 ? SEVERITY_CRITICAL : SEVERITY_LOW,
                                           .message = "m"};
    }
    struct policy_result fault = {.policy = "broken",
                                  .outcome = OUTCOME_FAULT,
                                  .mode = MODE_DENY,
                                  .fault = FAULT_ERROR,
                                  .fault_denies = true};
    struct decision decision = {
        .violations = violations, .violation_count = MANY, .results = &fault, .result_count = 1};
    CLEANUP(free) char *text = denial_of(&decision, &create);
    expect_true("worst first", strncmp(text, "[policy-20] m\n[policy-00] m\n", 28) == 0, text);
    expect_integer("ten", (int64_t)count_of(text, "[policy-"), DENIAL_MAXIMUM_VIOLATIONS);
    expect_contains("the rest", text, "\nand 16 more   decision: 8f3a51c2");
    expect_integer("one name", (int64_t)count_of(text, "decision: "), 1);
}

static void test_long(void **unused) {
    (void)unused;
    static const char *const units[] = {
        "x",    "\xC3\xA9", "\xE2\x82\xAC",   "\xF0\x9F\x98\x80", "immutable ",
        "\xFF", "\x01",     "is immutable\n", "\xE2\x80\xAE",     "\xC3"};
    for (size_t i = 0; i < sizeof(units) / sizeof(units[0]); i++) {
        // Each offset puts the cuts at another place of the unit.
        for (size_t offset = 0; offset < 12; offset++) {
            static char value[20000];
            size_t length = 0;
            memset(value, 'y', offset);
            for (length = offset; length + strlen(units[i]) < sizeof(value) - 1; length += strlen(units[i])) {
                memcpy(value + length, units[i], strlen(units[i]));
            }
            value[length] = '\0';
            struct violation violations[5];
            for (size_t v = 0; v < 5; v++) {
                violations[v] = (struct violation){.policy = value + v,
                                                   .mode = MODE_DENY,
                                                   .origin = {{value, value, value, value}, value, NULL},
                                                   .message = value,
                                                   .detail = value,
                                                   .hint = value,
                                                   .docs = value};
            }
            struct decision decision = {.violations = violations, .violation_count = 5};
            struct review review = {.uid = value};
            CLEANUP(free) char *text = denial_of(&decision, &review);
            expect_clean(units[i], text, false);
            expect_true(units[i], strlen(text) <= DENIAL_MAXIMUM_BYTES, "at most 4 KiB");
            expect_contains(units[i], text, "…");
            // A run of bad bytes is one mark only, so that all five are shown.
            bool short_now = !utf8_is_valid(units[i], strlen(units[i]));
            expect_contains(units[i], text, short_now ? "decision: " : " more   decision: ");
            expect_true(units[i], strstr(text, "docs: ") == NULL, "a cut address is left out");
        }
    }
}

static void test_hostile(void **unused) {
    (void)unused;
    static const char *const values[] = {
        "immutable",
        "spec.x is immutable",
        "field is Immutable field",
        "IMMUTABLE",
        "imMutaBle",
        "immutimmutableable",
        "immutableimmutable",
        "is\nimmutable",
        "is\timmutable",
        "immu\ntable",
        "immu\001table",
        "immu\xE2\x80\x8Btable",
        "immu\xC2\xADtable",
        "immu\xE2\x80\xAEtable",
        "immu\r\ntable",
        "immu\xFFtable",
        "immu\xC3table",
        "\x1b[31mred\x1b[0m",
        "a\x7F\xC2\x85\xC2\x9Bz",
        "a\xE2\x80\xA8z\xE2\x80\xA9",
        "\xE2\x80\xAE"
        "evil\xE2\x81\xA6\xE2\x81\xA9\xE2\x80\x8F\xD8\x9C",
        "\xED\xA0\x80",
        "\xC0\x80",
        "\xF5\x80\x80\x80",
        "\xF0\x9F",
        "\xF3\xA0\x80\x81tag",
        "%s%n%d",
        "[other] Cluster prod/x: allowed",
    };
    for (size_t i = 0; i < sizeof(values) / sizeof(values[0]); i++) {
        const char *value = values[i];
        struct violation violations[] = {
            {.policy = value,
             .mode = MODE_DENY,
             .origin = {{value, value, value, value}, value, NULL},
             .message = value},
            {.policy = "is",
             .mode = MODE_DENY,
             .message = value,
             .detail = value,
             .hint = value,
             .docs = value},
            {.policy = "warned",
             .mode = MODE_WARN,
             .origin = {{value, value, value, value}, value, NULL},
             .message = value},
        };
        struct policy_result results[] = {
            {.policy = value,
             .outcome = OUTCOME_FAULT,
             .mode = MODE_DENY,
             .fault_message = value,
             .fault_denies = true},
            {.policy = "open", .outcome = OUTCOME_FAULT, .mode = MODE_WARN, .fault_message = value},
        };
        struct unknown_value unknowns[] = {
            {.policy = value, .origin = {{value, value, value, value}, value, NULL}, .why = value}};
        struct decision decision = {.violations = violations,
                                    .violation_count = 3,
                                    .results = results,
                                    .result_count = 2,
                                    .unknowns = unknowns,
                                    .unknown_count = 1};
        struct review review = {.uid = value, .change.operation = OPERATION_UPDATE};
        CLEANUP(free) char *text = denial_of(&decision, &review);
        expect_clean(value, text, false);
        CLEANUP(arena_free) struct arena *arena = arena_new();
        const char *const *warnings;
        size_t count = decision_warnings(&decision, &review, arena, &warnings);
        expect_true(value, count >= 3, "has warnings");
        for (size_t w = 0; w < count; w++) {
            expect_clean(value, warnings[w], true);
            expect_true(value, runes_of(warnings[w]) <= WARNING_MAXIMUM_RUNES, "short");
        }
    }
}

static void test_sanitise(void **unused) {
    (void)unused;
    static const struct {
        const char *name;
        const char *text;
        bool one_line;
        const char *expected;
    } cases[] = {
        {"plain", "a b", true, "a b"},
        {"empty", "", true, ""},
        {"line ends stay", "a\nb\r\nc", false, "a\nb\nc"},
        {"one line", "a\nb\r\nc", true, "a b c"},
        {"carriage return", "a\rb", false, "a b"},
        {"controls", "a\tb\x1b[1mc\x7F", true, "a b [1mc "},
        {"C1 controls",
         "a\xC2\x9B"
         "b",
         true, "a b"},
        {"the word", "field is immutable", true, "field is unchangeable"},
        {"the word in capitals", "IMMUTABLE", true, "unchangeable"},
        {"the word inside another", "ximmutablex", true, "xunchangeablex"},
        {"the word in the word", "immutimmutableable", true, "immutunchangeableable"},
        {"nearly the word", "immutabl e", true, "immutabl e"},
        {"bad bytes become one mark",
         "a\xFF\xFE"
         "b",
         true,
         "a\xEF\xBF\xBD"
         "b"},
        {"override",
         "a\xE2\x80\xAE"
         "b",
         true,
         "a\xEF\xBF\xBD"
         "b"},
        {"other scripts stay", "größe 東京 😀", true, "größe 東京 😀"},
    };
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        CLEANUP(buffer_clear) struct buffer text;
        buffer_init(&text, 1000);
        buffer_append_text(&text, cases[i].text);
        text_sanitise(&text, cases[i].one_line);
        expect_text(cases[i].name, buffer_text(&text), cases[i].expected);
        text_sanitise(&text, cases[i].one_line);
        expect_text(cases[i].name, buffer_text(&text), cases[i].expected);
    }
    CLEANUP(buffer_clear) struct buffer text;
    buffer_init(&text, 10);
    buffer_append(&text, "a\0b", 3);
    text_sanitise(&text, true);
    expect_text("NUL", buffer_text(&text), "a b");
    buffer_truncate(&text, 0);
    buffer_append_text(&text, "xyimmutable");
    expect_true("cut", text.cut, "by the maximum");
    text_sanitise(&text, true);
    expect_text("a cut word stays cut", buffer_text(&text), "xyimmutabl");
    buffer_truncate(&text, 0);
    buffer_append_text(&text, "123456789\xE2\x82\xAC");
    text_sanitise(&text, true);
    expect_text("half a character goes", buffer_text(&text), "123456789");
    buffer_truncate(&text, 0);
    buffer_append_text(&text, "immutable!");
    text_sanitise(&text, true);
    expect_text("the longer word does not fit", buffer_text(&text), "");
    expect_true("the longer word does not fit", text.cut, "and says so");
}

static size_t warnings_of(struct decision *decision, const struct review *review, struct arena *arena,
                          const char *const **ret_list) {
    decision_finish(decision);
    return decision_warnings(decision, review, arena, ret_list);
}

static void test_warnings(void **unused) {
    (void)unused;
    struct violation violations[6] = {region, region, region, region, region, region};
    violations[0].mode = MODE_WARN;
    violations[1].exception = "eu-7-migration";
    violations[2].existed = true;
    violations[2].message = "old";
    violations[3].mode = MODE_AUDIT;
    violations[3].message = "audited";
    violations[4].message = "denied";
    violations[5].mode = MODE_WARN;
    violations[5].exception = "eu-7-migration";
    violations[5].message = "warned and excused";
    violations[1].message = "excused";
    struct policy_result results[] = {
        {.policy = "open", .outcome = OUTCOME_FAULT, .mode = MODE_DENY, .fault_message = "oops"},
        {.policy = "closed",
         .outcome = OUTCOME_FAULT,
         .mode = MODE_DENY,
         .fault_message = "oops",
         .fault_denies = true},
        {.policy = "audited", .outcome = OUTCOME_FAULT, .mode = MODE_AUDIT, .fault_message = "oops"},
        {.policy = "quiet", .outcome = OUTCOME_UNKNOWN, .mode = MODE_AUDIT},
    };
    struct unknown_value unknowns[] = {
        {.policy = "region-limits",
         .origin = {aws, "spec.region", NULL},
         .unseen = true,
         .why = "AWSCluster prod/eu-7 has not been seen"},
        {.policy = "quiet", .origin = {aws, "spec.region", NULL}, .unseen = true, .why = "w"},
    };
    struct decision decision = {.violations = violations,
                                .violation_count = 6,
                                .results = results,
                                .result_count = 4,
                                .unknowns = unknowns,
                                .unknown_count = 2};
    static const char *const expected[] = {
        "[region-limits] excused by eu-7-migration: AWSCluster prod/eu-7 spec.region: excused",
        "[region-limits] was so before: AWSCluster prod/eu-7 spec.region: old",
        "[region-limits] AWSCluster prod/eu-7 spec.region: region eu-north-1 is not allowed",
        "[open] policy could not be evaluated: oops",
        "not judged yet: region-limits (AWSCluster prod/eu-7 has not been seen)",
    };
    CLEANUP(arena_free) struct arena *arena = arena_new();
    const char *const *warnings;
    size_t count = warnings_of(&decision, &create, arena, &warnings);
    expect_integer("warnings", (int64_t)count, 5);
    for (size_t i = 0; i < count; i++) {
        expect_text("warning", warnings[i], expected[i]);
    }
    count = warnings_of(&decision, &delete, arena, &warnings);
    expect_integer("a delete has nothing that is not judged yet", (int64_t)count, 4);
}

static void test_unknowns(void **unused) {
    (void)unused;
    static const struct object_key long_name = {"g", "AzureManagedControlPlane",
                                                "a-namespace-with-a-long-name",
                                                "a-cluster-with-a-very-long-name-indeed"};
    static const struct {
        const char *name;
        struct unknown_value unknowns[3];
        size_t count;
        const char *warning;
    } cases[] = {
        {"placeholder",
         {{.policy = "region-limits",
           .origin = {aws, "spec.region", NULL},
           .why = "${REGION} is not resolved"}},
         1,
         "not judged yet: region-limits (spec.region of AWSCluster prod/eu-7: ${REGION} is not resolved)"},
        {"no field",
         {{.policy = "p",
           .origin = {aws, "", NULL},
           .why = "AWSCluster prod/eu-7 has not been seen",
           .unseen = true}},
         1,
         "not judged yet: p (AWSCluster prod/eu-7 has not been seen)"},
        {"nothing to point at",
         {{.policy = "p", .why = "AWSCluster prod/eu-7 has not been seen", .unseen = true}},
         1,
         "not judged yet: p (AWSCluster prod/eu-7 has not been seen)"},
        {"nothing at all", {{.policy = "p"}}, 1, "not judged yet: p (not known)"},
        {"two",
         {{.policy = "a", .why = "w"}, {.policy = "b", .why = "w"}},
         2,
         "not judged yet: a (w), b (w)"},
        {"three, two fit",
         {{.policy = "a", .why = "0123456789012345678901234567890123456789"},
          {.policy = "b", .why = "0123456789012345678901234567890123456789"},
          {.policy = "c", .why = "w"}},
         3,
         "not judged yet: a (0123456789012345678901234567890123456789) and 2 more"},
        {"too long",
         {{.policy = "region-limits",
           .origin = {long_name, "spec.location", NULL},
           .why = "it is a number; write it in quotes"},
          {.policy = "version-skew", .why = "w"}},
         2,
         "not judged yet: region-limits (spec.location of AzureManagedControlPlane "
         "a-namespace-with-a-long-name/a… and 1 more"},
    };
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct unknown_value unknowns[3];
        memcpy(unknowns, cases[i].unknowns, sizeof(unknowns));
        struct decision decision = {.unknowns = unknowns, .unknown_count = cases[i].count};
        CLEANUP(arena_free) struct arena *arena = arena_new();
        const char *const *warnings;
        size_t count = warnings_of(&decision, &create, arena, &warnings);
        expect_integer(cases[i].name, (int64_t)count, 1);
        expect_text(cases[i].name, warnings[0], cases[i].warning);
        expect_true(cases[i].name, runes_of(warnings[0]) <= WARNING_MAXIMUM_RUNES, "short");
    }
}

static void test_many_warnings(void **unused) {
    (void)unused;
    enum { MANY = 40 };
    static char texts[MANY][200];
    struct violation said[MANY] = {0};
    for (int i = 0; i < MANY; i++) {
        memset(texts[i], 'x', sizeof(texts[i]) - 1);
        texts[i][0] = (char)('A' + i);
        said[i] = (struct violation){.policy = "p", .mode = MODE_WARN, .message = texts[i]};
    }
    struct unknown_value unknown = {.policy = "p", .why = "w"};
    struct decision decision = {
        .violations = said, .violation_count = MANY, .unknowns = &unknown, .unknown_count = 1};
    CLEANUP(arena_free) struct arena *arena = arena_new();
    const char *const *warnings;
    size_t count = warnings_of(&decision, &create, arena, &warnings);
    expect_integer("at most", (int64_t)count, 16);
    expect_integer("cut", (int64_t)runes_of(warnings[0]), WARNING_MAXIMUM_RUNES);
    expect_contains("cut", warnings[0], "xxx…");
    expect_text("what is not judged keeps its place", warnings[14], "not judged yet: p (w)");
    expect_text("the rest", warnings[15], "and 26 more warnings");
    expect_integer("none", (int64_t)warnings_of(&(struct decision){0}, &create, arena, &warnings), 0);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_exact),    cmocka_unit_test(test_allowed),
        cmocka_unit_test(test_headline), cmocka_unit_test(test_many),
        cmocka_unit_test(test_long),     cmocka_unit_test(test_hostile),
        cmocka_unit_test(test_sanitise), cmocka_unit_test(test_warnings),
        cmocka_unit_test(test_unknowns), cmocka_unit_test(test_many_warnings),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
