#include "tests/webhook/gate_fixture.h"

#include "base/memory.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include <cmocka.h>

static const char policy_text[] =
    "return policy {\n"
    "  name = 'labels', title = 'Tiers are known', severity = 'high', category = 'test',\n"
    "  match = { objects = { { group = 'example.org', kind = 'Widget' } } },\n"
    "  validate = function(change, params, report)\n"
    "    local tier = object.at(change.object or change.old_object, 'metadata.labels.tier')\n"
    "    if tier == 'forbidden' then\n"
    "      report.deny { at = 'metadata.labels.tier', message = 'tier forbidden is not allowed' }\n"
    "    elseif tier == 'warned' then\n"
    "      report.warn { at = 'metadata.labels.tier', message = 'tier warned is odd' }\n"
    "    end\n"
    "  end,\n"
    "  mutate = function(change, params, patch)\n"
    "    patch.default('metadata.labels[\"gate/owner\"]', 'nobody')\n"
    "  end,\n"
    "}\n";

struct policy_set *gate_policies(unsigned evaluators) {
    const struct policy_source source = {
        .name = "labels.lua", .text = policy_text, .length = sizeof(policy_text) - 1};
    const struct policy_set_options options = {
        .sources = &source, .source_count = 1, .evaluators = evaluators};
    struct policy_set *set = NULL;
    struct error error = {0};
    if (!policy_set_load(&options, &set, &error)) {
        fail_msg("%s", error.message);
    }
    return set;
}

char *gate_review(const char *operation, const char *tier, bool dry_run) {
    char object[400];
    snprintf(object, sizeof(object),
             "{\"apiVersion\":\"example.org/"
             "v1\",\"kind\":\"Widget\",\"metadata\":{\"name\":\"sample\",\"namespace\":"
             "\"prod\","
             "\"labels\":{\"app\":\"a\"%s%s%s}}}",
             tier ? ",\"tier\":\"" : "", tier ? tier : "", tier ? "\"" : "");
    bool creates = strcmp(operation, "CREATE") == 0;
    bool deletes = strcmp(operation, "DELETE") == 0;
    char *body = memory_alloc(2048);
    snprintf(
        body, 2048,
        "{\"apiVersion\":\"admission.k8s.io/v1\",\"kind\":\"AdmissionReview\",\"request\":{\"uid\":\"u-42\","
        "\"kind\":{\"group\":\"example.org\",\"version\":\"v1\",\"kind\":\"Widget\"},"
        "\"resource\":{\"group\":\"example.org\",\"version\":\"v1\",\"resource\":\"widgets\"},"
        "\"name\":\"sample\",\"namespace\":\"prod\",\"operation\":\"%s\",\"userInfo\":{\"username\":\"anna\"}"
        ","
        "\"object\":%s,\"oldObject\":%s,\"dryRun\":%s}}",
        operation, deletes ? "null" : object,
        creates   ? "null"
        : deletes ? object
                  : "{\"metadata\":{\"name\":\"sample\",\"namespace\":\"prod\"}}",
        dry_run ? "true" : "false");
    return body;
}

char *gate_ask(struct webhook *webhook, enum http_endpoint endpoint, const char *body, unsigned *ret_status) {
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    struct http_request request = {
        .endpoint = endpoint,
        .timeout = "10s",
        .body = memory_strdup(body),
        .length = strlen(body),
        .received_ns = (uint64_t)now.tv_sec * 1000000000u + (uint64_t)now.tv_nsec,
    };
    struct http_response response;
    webhook_handle(webhook, &request, &response);
    *ret_status = response.status;
    return response.body;
}
