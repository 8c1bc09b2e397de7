#include "cli/report.h"

#include "engine/policy.h"

#include <json-c/json.h>
#include <string.h>

// What code scanning keeps: 5,000 results of a run, and 1,024 characters of a description.
enum { MOST_RESULTS = 5000, LONGEST_DESCRIPTION = 1000 };

// Rules of findings that no policy made.
static const struct {
    const char *id, *text;
} own_rules[] = {
    {"unreadable", "A file can't be read"},
    {"not-rendered", "A template or placeholder is not resolved"},
    {"duplicate", "An object is declared twice"},
};
enum { RULE_UNREADABLE, RULE_NOT_RENDERED, RULE_DUPLICATE, OWN_RULES };

static struct json_object *new_text(const char *text) {
    return json_object_new_string(text);
}

static struct json_object *new_message(const char *text) {
    struct json_object *message = json_object_new_object();
    json_object_object_add(message, "text", new_text(text));
    return message;
}

static struct json_object *new_rule(const char *id, const char *title, const char *description,
                                    const char *docs) {
    struct json_object *rule = json_object_new_object();
    CLEANUP(buffer_clear) struct buffer full;
    buffer_init(&full, LONGEST_DESCRIPTION);
    buffer_append_text(&full, description);
    json_object_object_add(rule, "id", new_text(id));
    json_object_object_add(rule, "shortDescription", new_message(title));
    json_object_object_add(rule, "fullDescription",
                           new_message(description && !full.cut ? description : title));
    json_object_object_add(rule, "help", new_message(description));
    if (docs) {
        json_object_object_add(rule, "helpUri", new_text(docs));
    }
    return rule;
}

static struct json_object *make_rules(const struct policy_set *policies) {
    struct json_object *rules = json_object_new_array();
    for (size_t i = 0; i < OWN_RULES; i++) {
        json_object_array_add(rules, new_rule(own_rules[i].id, own_rules[i].text, own_rules[i].text, NULL));
    }
    for (size_t i = 0; i < policy_set_count(policies); i++) {
        const struct policy *policy = policy_set_policy(policies, i);
        struct json_object *rule =
            new_rule(policy->name, policy->title, policy->description ? policy->description : policy->title,
                     policy->docs);
        // Code scanning sorts by it: over 9.0 is critical, over 7.0 high, over 4.0 medium.
        static const char *const scores[] = {"2.0", "5.0", "8.0", "9.5"};
        struct json_object *properties = json_object_new_object();
        json_object_object_add(properties, "security-severity", new_text(scores[policy->severity]));
        json_object_object_add(rule, "properties", properties);
        json_object_array_add(rules, rule);
    }
    return rules;
}

static const char *rule_of(const struct finding *finding) {
    if (finding->policy) {
        return finding->policy;
    }
    return own_rules[finding->result == FINDING_ERROR       ? RULE_UNREADABLE
                     : finding->result == FINDING_DUPLICATE ? RULE_DUPLICATE
                                                            : RULE_NOT_RENDERED]
        .id;
}

static const char *level_of(enum finding_result result) {
    return result <= FINDING_UNKNOWN ? "error" : result == FINDING_WARN ? "warning" : "note";
}

// Relative, with "/" and percent-encoded (RFC 3986).
static struct json_object *new_uri(const char *file) {
    CLEANUP(buffer_clear) struct buffer uri;
    buffer_init(&uri, 3 * 4096);
    while (strncmp(file, "./", 2) == 0) {
        file += 2;
    }
    for (; *file; file++) {
        unsigned char byte = (unsigned char)*file;
        bool plain = (byte >= 'a' && byte <= 'z') || (byte >= 'A' && byte <= 'Z') ||
                     (byte >= '0' && byte <= '9') || strchr("-._~/", byte) != NULL;
        plain ? buffer_append_char(&uri, *file) : buffer_printf(&uri, "%%%02X", byte);
    }
    return new_text(buffer_text(&uri));
}

static struct json_object *make_location(const struct place *place) {
    struct json_object *artifact = json_object_new_object();
    json_object_object_add(artifact, "uri", new_uri(place->file));
    struct json_object *region = json_object_new_object();
    // Code scanning wants a line: the first one when there is none.
    json_object_object_add(region, "startLine", json_object_new_int64(place->line ? place->line : 1));
    if (place->line > 0) {
        json_object_object_add(region, "startColumn", json_object_new_int64(place->column));
        json_object_object_add(region, "endLine", json_object_new_int64(place->end_line));
        json_object_object_add(region, "endColumn", json_object_new_int64(place->end_column));
    }
    struct json_object *physical = json_object_new_object();
    json_object_object_add(physical, "artifactLocation", artifact);
    json_object_object_add(physical, "region", region);
    struct json_object *location = json_object_new_object();
    json_object_object_add(location, "physicalLocation", physical);
    return location;
}

static void mix(uint64_t *hash, const char *text) {
    for (const char *byte = text ? text : ""; *byte; byte++) {
        *hash = (*hash ^ (unsigned char)*byte) * 0x100000001b3U; // FNV-1a
    }
    *hash = (*hash ^ 0xFF) * 0x100000001b3U;
}

// The same finding in another line is the same alert.
static struct json_object *make_fingerprint(const struct finding *finding) {
    uint64_t hash = 0xcbf29ce484222325U;
    mix(&hash, rule_of(finding));
    mix(&hash, finding->object.kind);
    mix(&hash, finding->object.namespace);
    mix(&hash, finding->object.name);
    mix(&hash, finding->path);
    mix(&hash, finding->object.kind ? "" : finding->place.file);
    char text[32];
    snprintf(text, sizeof(text), "%016llx:1", (unsigned long long)hash);
    struct json_object *fingerprints = json_object_new_object();
    json_object_object_add(fingerprints, "primaryLocationLineHash", new_text(text));
    return fingerprints;
}

static struct json_object *make_result(const struct finding *finding) {
    CLEANUP(buffer_clear) struct buffer text;
    buffer_init(&text, 64 * 1024);
    buffer_append_text(&text, finding->headline);
    if (finding->detail) {
        buffer_printf(&text, "\n%s", finding->detail);
    }
    if (finding->hint) {
        buffer_printf(&text, "\nfix: %s", finding->hint);
    }
    struct json_object *result = json_object_new_object();
    json_object_object_add(result, "ruleId", new_text(rule_of(finding)));
    json_object_object_add(result, "level", new_text(level_of(finding->result)));
    json_object_object_add(result, "message", new_message(buffer_text(&text)));
    struct json_object *locations = json_object_new_array();
    json_object_array_add(locations, make_location(&finding->place));
    json_object_object_add(result, "locations", locations);
    json_object_object_add(result, "partialFingerprints", make_fingerprint(finding));
    return result;
}

static struct json_object *make_run(const struct report *report) {
    struct json_object *driver = json_object_new_object();
    json_object_object_add(driver, "name", new_text("fleetgate"));
    json_object_object_add(driver, "version", new_text(FLEETGATE_VERSION));
    json_object_object_add(driver, "rules", make_rules(report->policies));
    struct json_object *tool = json_object_new_object();
    json_object_object_add(tool, "driver", driver);
    struct json_object *results = json_object_new_array(); // there also when empty, or the upload is refused
    for (size_t i = 0, count = 0; i < report->findings->count && count < MOST_RESULTS; i++) {
        if (report->findings->items[i].place.file) {
            json_object_array_add(results, make_result(&report->findings->items[i]));
            count++;
        }
    }
    struct json_object *run = json_object_new_object();
    json_object_object_add(run, "tool", tool);
    json_object_object_add(run, "columnKind", new_text("unicodeCodePoints"));
    json_object_object_add(run, "results", results);
    return run;
}

void report_sarif(const struct report *report, FILE *out) {
    struct json_object *root = json_object_new_object();
    json_object_object_add(root, "$schema", new_text("https://json.schemastore.org/sarif-2.1.0.json"));
    json_object_object_add(root, "version", new_text("2.1.0"));
    struct json_object *runs = json_object_new_array();
    json_object_array_add(runs, make_run(report));
    json_object_object_add(root, "runs", runs);
    const int flags = JSON_C_TO_STRING_PRETTY | JSON_C_TO_STRING_SPACED | JSON_C_TO_STRING_NOSLASHESCAPE;
    fprintf(out, "%s\n", json_object_to_json_string_ext(root, flags));
    json_object_put(root);
}
