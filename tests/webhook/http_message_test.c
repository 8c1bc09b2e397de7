#include "webhook/http_message.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

static const struct {
    const char *name;
    struct http_head head;
    unsigned status; // 0: accepted
    bool close;
    const char *message;
} heads[] = {
    {"validate", {"POST", "/validate", "application/json", "10", 1, 0}, 0, false, NULL},
    {"mutate, chunked", {"POST", "/mutate", "application/json", NULL, 0, 1}, 0, false, NULL},
    {"charset", {"POST", "/validate", "application/json; charset=utf-8", "10", 1, 0}, 0, false, NULL},
    {"upper case", {"POST", "/validate", "Application/JSON", "10", 1, 0}, 0, false, NULL},
    {"no body", {"POST", "/validate", "application/json", NULL, 0, 0}, 0, false, NULL},
    {"8 MiB", {"POST", "/validate", "application/json", "8388608", 1, 0}, 0, false, NULL},
    {"over 8 MiB", {"POST", "/validate", "application/json", "8388609", 1, 0}, 413, true, "larger than"},
    {"huge length",
     {"POST", "/validate", "application/json", "99999999999999999999999999", 1, 0},
     413,
     true,
     "larger than"},
    {"negative length", {"POST", "/validate", "application/json", "-1", 1, 0}, 400, true, "not a number"},
    {"hex length", {"POST", "/validate", "application/json", "0x10", 1, 0}, 400, true, "not a number"},
    {"two lengths",
     {"POST", "/validate", "application/json", "1", 2, 0},
     400,
     true,
     "more than one Content-Length"},
    {"length and chunked", {"POST", "/validate", "application/json", "1", 1, 1}, 400, true, "both"},
    {"two encodings",
     {"POST", "/validate", "application/json", NULL, 0, 2},
     400,
     true,
     "more than one Transfer"},
    {"get", {"GET", "/validate", NULL, NULL, 0, 0}, 405, false, "only POST"},
    {"put", {"PUT", "/mutate", "application/json", "1", 1, 0}, 405, false, "only POST"},
    {"other path", {"POST", "/", "application/json", "1", 1, 0}, 404, false, "/validate and /mutate"},
    {"longer path", {"POST", "/validate/x", "application/json", "1", 1, 0}, 404, false, "no such path"},
    {"no type", {"POST", "/validate", NULL, "1", 1, 0}, 415, false, "want application/json, got none"},
    {"yaml", {"POST", "/validate", "application/yaml", "1", 1, 0}, 415, false, "application/yaml"},
    {"json patch", {"POST", "/validate", "application/json-patch+json", "1", 1, 0}, 415, false, "json-patch"},
};

static void judges_heads(void **state) {
    (void)state;
    for (size_t i = 0; i < sizeof(heads) / sizeof(heads[0]); i++) {
        enum http_endpoint endpoint;
        struct http_response response = {0};
        bool accepted = http_head_check(&heads[i].head, &endpoint, &response);
        if (accepted != (heads[i].status == 0) || response.status != heads[i].status ||
            response.close != heads[i].close ||
            (heads[i].message && !strstr(response.body, heads[i].message))) {
            fail_msg("%s: got %u %s", heads[i].name, response.status, response.body ? response.body : "");
        }
        free(response.body);
    }
}

#define REFUSED UINT64_MAX

static const struct {
    const char *text;
    uint64_t nanoseconds; // REFUSED: no duration
} durations[] = {
    {"10s", 10000000000},      {"1m30s", 90000000000},
    {"1.5s", 1500000000},      {"500ms", 500000000},
    {"1h0m0s", 3600000000000}, {"10us", 10000},
    {"10µs", 10000},           {"", REFUSED},
    {"10", REFUSED},           {"s", REFUSED},
    {"-1s", REFUSED},          {"1.s", REFUSED},
    {"1.2.3s", REFUSED},       {"0s", 0},
    {"2h", REFUSED},           {"1s ", REFUSED},
    {"1d", REFUSED},           {"99999999999999999999999999999999999999999s", REFUSED},
};

static void reads_durations(void **state) {
    (void)state;
    for (size_t i = 0; i < sizeof(durations) / sizeof(durations[0]); i++) {
        uint64_t nanoseconds = REFUSED;
        struct error error;
        if (http_duration_parse(durations[i].text, &nanoseconds, &error) !=
                (durations[i].nanoseconds != REFUSED) ||
            nanoseconds != durations[i].nanoseconds) {
            fail_msg("\"%s\": got %llu", durations[i].text, (unsigned long long)nanoseconds);
        }
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(judges_heads),
        cmocka_unit_test(reads_durations),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
