#include "kube/kube_watch_resource.h"

#include "base/buffer.h"
#include "tests/support/documents.h"

#include <stdio.h>

// Each case is a story, told in steps that are separated by ";":
//   go            the next request starts when it may: "list", "list+TOKEN limit" or "watch VERSION" is noted
//   page V [T]    a page with resourceVersion V and the token T of the next one came, and its answer is whole
//   ok            bytes of a good answer came
//   A|M|D|B V     an event of that type with resourceVersion V; "E CODE REASON" an ERROR
//   whole, broken [STATUS], quiet, large, refused STATUS [RETRY-AFTER]   the request is over
//   heard         somebody else heard the server
//   +MS           time goes by
//   relist        somebody wants a new list; "!" is noted when the request had to be cut for it
//   wait LOW HIGH the next request must come so many ms from now
struct story {
    struct kube_watch_resource *resource;
    const char *name;
    uint64_t now_ns;
    struct buffer notes;
};

static const struct kube_watch_rules rules = {
    .random_seed = 1, .page_limit = 250, .quiet_s = 90, .longest_wait_ms = 30000, .relist_s = 21600};

static void start(struct story *story) {
    uint64_t at_ns = 0;
    kube_watch_resource_next(story->resource, &at_ns);
    expect_true(story->name, at_ns != UINT64_MAX, "no request is under way");
    story->now_ns = at_ns > story->now_ns ? at_ns : story->now_ns;
    struct kube_watch_query query = kube_watch_resource_start(story->resource, story->now_ns);
    if (query.request == KUBE_WATCH_STREAM) {
        expect_true(story->name, query.timeout_s >= 240 && query.timeout_s <= 480, "240..480 s");
        buffer_printf(&story->notes, "watch %s|", query.resource_version);
    } else {
        buffer_printf(&story->notes, "list%s%s", query.continue_token ? "+" : "",
                      query.continue_token ? query.continue_token : "");
        buffer_printf(&story->notes, query.limit == rules.page_limit ? "|" : " %u|", query.limit);
    }
}

static void finish(struct story *story, enum kube_watch_end end, long status, unsigned retry_after_s) {
    struct kube_watch_outcome outcome = {.end = end,
                                         .http_status = status,
                                         .retry_after_s = retry_after_s,
                                         .problem = end == KUBE_WATCH_WHOLE ? "" : "it failed"};
    kube_watch_resource_ended(story->resource, story->now_ns, &outcome);
}

static void tell_event(struct story *story, char type, const char *first, const char *second) {
    static const char letters[] = "AMDBE";
    static const char *const verdicts[] = {"apply|", "skip|", "cut|"};
    char json[128];
    snprintf(json, sizeof(json), "{'code':%s,'reason':'%s','message':'m'}", type == 'E' ? first : "0",
             second);
    CLEANUP(document_free) struct document *status = document_of(json);
    struct kube_watch_event event = {.type = (enum kube_watch_event_type)(strchr(letters, type) - letters),
                                     .object = document_root(status),
                                     .resource_version = type == 'E' ? "" : first};
    enum kube_watch_verdict verdict = kube_watch_resource_event(story->resource, story->now_ns, &event);
    buffer_append_text(&story->notes, verdicts[verdict]);
    if (verdict == KUBE_WATCH_CUT) {
        finish(story, KUBE_WATCH_BROKEN, 0, 0);
    }
}

static void expect_wait(struct story *story, const char *low, const char *high) {
    uint64_t at_ns = 0;
    kube_watch_resource_next(story->resource, &at_ns);
    int64_t wait_ms = (int64_t)(at_ns - story->now_ns) / 1000000;
    if (wait_ms < atoll(low) || wait_ms > atoll(high)) {
        fail_msg("%s: waits %lld ms, not %s to %s", story->name, (long long)wait_ms, low, high);
    }
}

static bool ends_request(struct story *story, const char *verb, const char *first, const char *second) {
    static const struct {
        const char *verb;
        enum kube_watch_end end;
    } ends[] = {{"whole", KUBE_WATCH_WHOLE},
                {"broken", KUBE_WATCH_BROKEN},
                {"quiet", KUBE_WATCH_QUIET},
                {"large", KUBE_WATCH_TOO_LARGE},
                {"refused", KUBE_WATCH_REFUSED}};
    for (size_t i = 0; i < sizeof(ends) / sizeof(ends[0]); i++) {
        if (strcmp(verb, ends[i].verb) == 0) {
            finish(story, ends[i].end, atol(first), (unsigned)atoi(second));
            return true;
        }
    }
    return false;
}

static void take_page(struct story *story, const char *version, const char *token) {
    kube_watch_resource_heard(story->resource, story->now_ns);
    bool last = kube_watch_resource_page(story->resource, story->now_ns, version, *token ? token : NULL);
    buffer_append_text(&story->notes, last ? "listed|" : "");
    finish(story, KUBE_WATCH_WHOLE, 0, 0);
}

static void step(struct story *story, const char *text) {
    char verb[16] = "";
    char first[64] = "";
    char second[64] = "";
    sscanf(text, "%15s %63s %63s", verb, first, second);
    if (verb[0] == '+') {
        story->now_ns += strtoull(verb + 1, NULL, 10) * 1000000;
    } else if (strcmp(verb, "go") == 0) {
        start(story);
    } else if (strcmp(verb, "ok") == 0) {
        kube_watch_resource_heard(story->resource, story->now_ns);
    } else if (strcmp(verb, "heard") == 0) {
        kube_watch_resource_hurry(story->resource, story->now_ns, story->now_ns);
    } else if (strcmp(verb, "page") == 0) {
        take_page(story, first, second);
    } else if (strcmp(verb, "wait") == 0) {
        expect_wait(story, first, second);
    } else if (strcmp(verb, "relist") == 0) {
        if (kube_watch_resource_relist(story->resource, story->now_ns)) {
            buffer_append_text(&story->notes, "!");
            finish(story, KUBE_WATCH_BROKEN, 0, 0);
        }
    } else if (strlen(verb) == 1 && strchr("AMDBE", *verb)) {
        tell_event(story, *verb, first, second);
    } else if (!ends_request(story, verb, first, second)) {
        fail_msg("%s: no such step: %s", story->name, text);
    }
}

#define SYNCED "go; page 10; go; ok; "

#define AWAY                                                                                                 \
    "broken; go; broken; go; broken; go; broken; go; broken; go; broken; go; broken; go; broken; go; "
#define AWAY_NOTES "watch 10|watch 10|watch 10|watch 10|watch 10|watch 10|watch 10|watch 10|"

static const struct {
    const char *name, *steps, *notes, *problem;
    unsigned relists;
} cases[] = {
    {"lists, then watches", "wait 0 0; go; page 10; wait 0 0; go", "list|listed|watch 10|", "", 0},
    {"pages", "go; page 10 b; wait 0 0; go; page 10 c; go; page 10; go",
     "list|list+b|list+c|listed|watch 10|", "", 0},
    {"the first page's version counts", "go; page 10 b; go; page 12; go", "list|list+b|listed|watch 10|", "",
     0},
    {"a failed page is asked for again",
     "go; page 10 b; go; broken; wait 0 250; go; refused 500; wait 0 500; go", "list|list+b|list+b|list+b|",
     "it failed", 0},
    {"410 in mid list: from the beginning", "go; page 10 b; go; refused 410; wait 0 250; go; page 20; go",
     "list|list+b|list|listed|watch 20|", "", 0},
    {"400 in mid list: the token is of no use", "go; page 10 b; go; refused 400; wait 0 250; go",
     "list|list+b|list|", "it failed", 0},
    {"a list that never ends", "go; page 10 b; go; page 10 b; wait 0 250; go", "list|list+b|list|",
     "a list goes on for ever: a page names itself as the next one", 0},
    {"too large a page is halved, and only for this list",
     "go; page 10 b; go; large; wait 0 0; go; large; go; page 10; relist; go",
     "list|list+b|list+b 125|list+b 62|listed|list|", "", 1},
    {"one object that is too large",
     "go; large; go; large; go; large; go; large; go; large; go; large; go; large; go; "
     "large; wait 0 250; go",
     "list|list 125|list 62|list 31|list 15|list 7|list 3|list 1|list 1|", "it failed", 0},
    {"resumes from the last event", SYNCED "A 11; M 14; D 15; broken; wait 0 250; go",
     "list|listed|watch 10|apply|apply|apply|watch 15|", "it failed", 0},
    {"resumes from a bookmark", SYNCED "A 11; B 90; broken; go; ok",
     "list|listed|watch 10|apply|skip|watch 90|", "", 0},
    {"a clean end: at once", SYNCED "+300000; whole; wait 0 0; go", "list|listed|watch 10|watch 10|", "", 0},
    {"a clean end after news: at once", SYNCED "A 11; whole; wait 0 0; go",
     "list|listed|watch 10|apply|watch 11|", "", 0},
    {"a clean end at once is no good sign", SYNCED "whole; wait 0 250; go; ok; whole; wait 0 500; go",
     "list|listed|watch 10|watch 10|watch 10|", "the watch ended as soon as it began", 0},
    {"410 as an event", SYNCED "A 11; E 410 Expired; wait 0 250; go; page 30; go; ok",
     "list|listed|watch 10|apply|cut|list|listed|watch 30|", "", 1},
    {"410 as an event without its reason", SYNCED "E 410 x; go", "list|listed|watch 10|cut|list|",
     "the watch ended with 410 x: m", 1},
    {"Expired under another code", SYNCED "E 500 Expired; go", "list|listed|watch 10|cut|list|",
     "the watch ended with 500 Expired: m", 1},
    {"410 as a status", "go; page 10; go; refused 410; wait 0 250; go", "list|listed|watch 10|list|",
     "it failed", 1},
    {"another error: resume", SYNCED "A 11; E 500 InternalError; wait 0 250; go",
     "list|listed|watch 10|apply|cut|watch 11|", "the watch ended with 500 InternalError: m", 0},
    {"errors without end: list",
     SYNCED "E 504 Timeout; go; E 504 Timeout; go; E 504 Timeout; go; E 504 Timeout; go; "
            "E 504 Timeout; go",
     "list|listed|watch 10|cut|watch 10|cut|watch 10|cut|watch 10|cut|watch 10|cut|list|",
     "the watch ended with 504 Timeout: m", 1},
    {"a server that is away is no reason to list",
     SYNCED "broken; go; broken; go; broken; go; broken; go; broken; go; "
            "broken; go; broken; go; broken; go",
     "list|listed|watch 10|watch 10|watch 10|watch 10|watch 10|watch 10|watch 10|"
     "watch 10|watch 10|",
     "it failed", 0},
    {"silence without end: list",
     SYNCED "quiet; go; ok; quiet; go; ok; quiet; go; ok; quiet; go; ok; quiet; go",
     "list|listed|watch 10|watch 10|watch 10|watch 10|watch 10|list|", "it failed", 1},
    {"silence, then a bookmark",
     SYNCED "quiet; go; ok; quiet; go; ok; B 11; quiet; go; ok; quiet; go; ok; quiet; go",
     "list|listed|watch 10|watch 10|watch 10|skip|watch 11|watch 11|watch 11|", "it failed", 0},
    {"an event from the past", SYNCED "A 12; A 11; wait 0 250; go; page 12; go",
     "list|listed|watch 10|apply|cut|list|listed|watch 12|", "", 1},
    {"an event from before the list", SYNCED "A 9; go", "list|listed|watch 10|cut|list|",
     "the watch went back from resourceVersion 10 to 9: listing again", 1},
    {"the past, after a resume", SYNCED "A 12; broken; go; ok; M 11; go",
     "list|listed|watch 10|apply|watch 12|cut|list|",
     "the watch went back from resourceVersion 12 to 11: listing again", 1},
    {"a bookmark from the past", SYNCED "A 12; B 11; go", "list|listed|watch 10|apply|cut|list|",
     "the watch went back from resourceVersion 12 to 11: listing again", 1},
    {"the same version again does no harm", SYNCED "A 12; A 12; B 12; D 13; D 13",
     "list|listed|watch 10|apply|apply|skip|apply|apply|", "", 0},
    {"versions are compared as numbers", SYNCED "A 9999999999999999998; A 9999999999999999999",
     "list|listed|watch 10|apply|apply|", "", 0},
    {"versions that are no numbers are not compared", "go; page zz; go; ok; A b; A a; broken; go",
     "list|listed|watch zz|apply|apply|watch a|", "it failed", 0},
    {"429 says when", SYNCED "broken; go; refused 429 7; wait 7000 7500; go",
     "list|listed|watch 10|watch 10|watch 10|", "it failed", 0},
    {"429 can't say never", SYNCED "broken; go; refused 429 999999; wait 120000 120500",
     "list|listed|watch 10|watch 10|", "it failed", 0},
    {"503 says when", "go; refused 503 3; wait 3000 3250; go", "list|list|", "it failed", 0},
    {"401: soon again", SYNCED "broken; go; refused 401; wait 0 500; go",
     "list|listed|watch 10|watch 10|watch 10|", "it failed", 0},
    {"403: slowly",
     "go; refused 403; wait 500 1000; go; refused 403; wait 1000 2000; go; refused 403; go; refused 403; go; "
     "refused 403; go; refused 403; go; refused 403; wait 30000 60000; go",
     "list|list|list|list|list|list|list|list|", "it failed", 0},
    {"404: slowly, and nothing is forgotten", SYNCED "broken; go; refused 404; wait 500 1000; go",
     "list|listed|watch 10|watch 10|watch 10|", "it failed", 0},
    {"404 of a server that was away and has just started", SYNCED AWAY "refused 404; wait 500 1000",
     "list|listed|watch 10|" AWAY_NOTES, "it failed", 0},
    {"410 of a server that was away", SYNCED AWAY "ok; E 410 Expired; wait 0 250; go",
     "list|listed|watch 10|" AWAY_NOTES "cut|list|", "the watch ended with 410 Expired: m", 1},
    {"a broken stream of a server that was away", SYNCED AWAY "ok; broken 200; wait 0 250",
     "list|listed|watch 10|" AWAY_NOTES, "it failed", 0},
    {"somebody else reached the server", SYNCED AWAY "broken; +1; heard; wait 0 1000",
     "list|listed|watch 10|" AWAY_NOTES, "it failed", 0},
    {"somebody else reached the server, but it is we who are refused",
     SYNCED
     "broken; go; refused 403; go; refused 403; go; refused 403; go; refused 403; +1; heard; wait 3999 8000",
     "list|listed|watch 10|watch 10|watch 10|watch 10|watch 10|", "it failed", 0},
    {"410 without end",
     SYNCED "E 410 Expired; wait 0 250; go; page 10; go; ok; E 410 Expired; wait 0 500; go; page 10; "
            "go; ok; E 410 Expired; wait 0 1000",
     "list|listed|watch 10|cut|list|listed|watch 10|cut|list|listed|watch 10|cut|",
     "the watch ended with 410 Expired: m", 3},
    {"a new list on demand", SYNCED "A 11; relist; wait 0 0; go", "list|listed|watch 10|apply|!list|", "", 1},
    {"a new list on demand in mid list", "go; page 10 b; go; relist; wait 0 0; go", "list|list+b|!list|", "",
     0},
    {"a new list on demand while waiting keeps the wait",
     "go; page 10 b; go; refused 503 5; relist; wait 5000 5250; go", "list|list+b|list|", "it failed", 0},
    {"after hours a clean end leads to a list", SYNCED "+26000000; whole; wait 0 0; go",
     "list|listed|watch 10|list|", "", 1},
};

static void stories(void **state) {
    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct story story = {.name = cases[i].name, .now_ns = 5000000000};
        buffer_init(&story.notes, 4096);
        story.resource = kube_watch_resource_new(&rules, story.now_ns);
        CLEANUP(free) char *steps = memory_strdup(cases[i].steps);
        char *rest = NULL;
        for (char *text = strtok_r(steps, ";", &rest); text; text = strtok_r(NULL, ";", &rest)) {
            if (text[strspn(text, " ")]) {
                step(&story, text);
            }
        }
        struct kube_watch_resource_status status = kube_watch_resource_status(story.resource);
        expect_text(cases[i].name, buffer_text(&story.notes), cases[i].notes);
        expect_text(cases[i].name, status.problem, cases[i].problem);
        expect_integer(cases[i].name, (int64_t)status.relists, cases[i].relists);
        buffer_clear(&story.notes);
        kube_watch_resource_free(story.resource);
    }
}

static void waits_grow_and_are_spread(void **state) {
    (void)state;
    uint64_t longest_ns[10] = {0};
    uint64_t shortest_ns[10];
    memset(shortest_ns, 0xff, sizeof(shortest_ns));
    for (uint64_t seed = 0; seed < 500; seed++) {
        struct kube_watch_rules seeded = rules;
        seeded.random_seed = seed;
        CLEANUP(kube_watch_resource_free)
        struct kube_watch_resource *resource = kube_watch_resource_new(&seeded, 0);
        uint64_t now_ns = 0;
        for (size_t i = 0; i < 10; i++) {
            uint64_t at_ns = 0;
            kube_watch_resource_start(resource, now_ns);
            struct kube_watch_outcome outcome = {.end = KUBE_WATCH_BROKEN, .problem = "x"};
            kube_watch_resource_ended(resource, now_ns, &outcome);
            kube_watch_resource_next(resource, &at_ns);
            uint64_t wait_ns = at_ns - now_ns;
            longest_ns[i] = wait_ns > longest_ns[i] ? wait_ns : longest_ns[i];
            shortest_ns[i] = wait_ns < shortest_ns[i] ? wait_ns : shortest_ns[i];
            now_ns = at_ns;
        }
    }
    for (size_t i = 0; i < 10; i++) {
        uint64_t most_ns = i < 7 ? 250000000ull << i : 30000000000ull;
        assert_in_range(longest_ns[i], most_ns / 10 * 9, most_ns);
        assert_in_range(shortest_ns[i], 0, most_ns / 10);
    }
}

// A stream that lived for a while was no failure, however it ended.
static void a_steady_stream_starts_the_waits_anew(void **state) {
    (void)state;
    struct story story = {.name = "steady", .now_ns = 5000000000};
    buffer_init(&story.notes, 4096);
    story.resource = kube_watch_resource_new(&rules, story.now_ns);
    for (unsigned i = 0; i < 12; i++) {
        step(&story, "go");
        step(&story, "broken");
    }
    step(&story, "go");
    step(&story, "page 10");
    for (unsigned i = 0; i < 200; i++) {
        step(&story, "go");
        step(&story, "ok");
        step(&story, "+10000");
        step(&story, "broken");
        step(&story, "wait 0 250");
    }
    kube_watch_resource_free(story.resource);
    buffer_clear(&story.notes);
}

static void tells_its_status(void **state) {
    (void)state;
    struct story story = {.name = "status", .now_ns = 5000000000};
    buffer_init(&story.notes, 4096);
    story.resource = kube_watch_resource_new(&rules, story.now_ns);
    static const struct {
        const char *step;
        bool synced, connected;
        uint64_t contact_ms, events, errors;
    } expected[] = {
        {"+100", false, false, 5000, 0, 0},   {"go", false, false, 5000, 0, 0},
        {"broken", false, false, 5000, 0, 1}, {"+1000", false, false, 5000, 0, 1},
        {"go", false, false, 5000, 0, 1},     {"page 10 b", false, false, 6100, 0, 1},
        {"+1000", false, false, 6100, 0, 1},  {"go", false, false, 6100, 0, 1},
        {"page 10", true, false, 7100, 0, 1}, {"go", true, false, 7100, 0, 1},
        {"+1000", true, false, 7100, 0, 1},   {"ok", true, true, 8100, 0, 1},
        {"+1000", true, true, 8100, 0, 1},    {"A 11", true, true, 9100, 1, 1},
        {"+1000", true, true, 9100, 1, 1},    {"B 12", true, true, 10100, 1, 1},
        {"broken", true, false, 10100, 1, 2}, {"+60000", true, false, 10100, 1, 2},
        {"relist", true, false, 10100, 1, 2},
    };
    for (size_t i = 0; i < sizeof(expected) / sizeof(expected[0]); i++) {
        char name[64];
        snprintf(name, sizeof(name), "step %zu: %s", i, expected[i].step);
        step(&story, expected[i].step);
        struct kube_watch_resource_status status = kube_watch_resource_status(story.resource);
        expect_integer(name, status.synced, expected[i].synced);
        expect_integer(name, status.connected, expected[i].connected);
        expect_integer(name, (int64_t)(status.contact_ns / 1000000), (int64_t)expected[i].contact_ms);
        expect_integer(name, (int64_t)status.events, (int64_t)expected[i].events);
        expect_integer(name, (int64_t)status.errors, (int64_t)expected[i].errors);
    }
    kube_watch_resource_free(story.resource);
    buffer_clear(&story.notes);
}

static void deadlines(void **state) {
    (void)state;
    const uint64_t second_ns = 1000000000;
    CLEANUP(kube_watch_resource_free)
    struct kube_watch_resource *resource = kube_watch_resource_new(&rules, 0);
    kube_watch_resource_start(resource, second_ns);
    assert_int_equal(kube_watch_resource_deadline(resource), 61 * second_ns);
    for (uint64_t s = 2; s < 300; s++) {
        kube_watch_resource_heard(resource, s * second_ns); // a page that trickles
    }
    assert_int_equal(kube_watch_resource_deadline(resource), 301 * second_ns);
    assert_true(kube_watch_resource_page(resource, 300 * second_ns, "1", NULL));
    kube_watch_resource_ended(resource, 300 * second_ns, &(struct kube_watch_outcome){.problem = ""});
    kube_watch_resource_start(resource, 300 * second_ns);
    assert_int_equal(kube_watch_resource_deadline(resource), 390 * second_ns);
    kube_watch_resource_heard(resource, 350 * second_ns);
    assert_int_equal(kube_watch_resource_deadline(resource), 440 * second_ns);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(stories),          cmocka_unit_test(waits_grow_and_are_spread),
        cmocka_unit_test(tells_its_status), cmocka_unit_test(a_steady_stream_starts_the_waits_anew),
        cmocka_unit_test(deadlines),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
