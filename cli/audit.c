// fleetgate audit: what is stored on a management cluster, judged as if it came today.
#include "cli/cluster_options.h"
#include "cli/commands.h"
#include "cli/fleet_options.h"
#include "cli/policy_files.h"
#include "engine/decision_text.h"
#include "kube/kube_discovery.h"
#include "manager/audit_report.h"
#include "manager/manager.h"

#include <inttypes.h>
#include <json-c/json.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

enum { OPTION_REPORTS = OPTION_LONG, GO_ON = -1, SYNC_SECONDS = 120 };

static const char *const formats[] = {"text", "json", NULL};

static const struct option_entry entries[] = {
    OPTION_CONFIG,
    OPTION_POLICIES,
    OPTIONS_CLUSTER,
    {'n', "namespace", "NAME", "objects of this namespace only (all)", NULL},
    {'o', "output", "FMT", "text or json", formats},
    {OPTION_REPORTS, "reports", "KIND",
     "write Report (openreports) or PolicyReport (policyreport) objects too (none)", report_kinds},
    {0, NULL, NULL, NULL, NULL},
};

const struct command audit_command = {
    .name = "audit",
    .arguments = "",
    .summary = "Judges what is stored on a management cluster as if it came today",
    .details =
        "Reads all objects that policies look at, page by page, and prints those that would be denied or\n"
        "warned of. Limits are counted over the whole fleet. Nothing is changed, but for the report objects\n"
        "that --reports asks for.\n"
        "\n"
        "Exit code: 0 clean, 1 something would be denied, 2 usage or configuration, 3 could not evaluate.\n",
    .options = entries,
    .run = audit_main,
};

struct audit_command_options {
    const char *configuration, *policies, *namespace;
    struct cluster_options cluster;
    bool json;
    enum report_kind reports;
};

// What is told of each object as it is found.
struct teller {
    const struct audit_command_options *options;
    struct audit_report *report;  // NULL: none is wanted
    struct json_object *findings; // NULL: text
};

static void tell_json(struct teller *teller, const struct audit_finding *finding,
                      const struct violation *violation, const char *line) {
    struct json_object *object = json_object_new_object();
    const struct object_key *key = &finding->review->change.key;
    const struct {
        const char *name, *value;
    } texts[] = {
        {"result", violation->exception          ? "excused"
                   : violation_denies(violation) ? "deny"
                                                 : "warn"},
        {"policy", violation->policy},
        {"severity", severity_name(violation->severity)},
        {"apiVersion", finding->api_version},
        {"kind", key->kind},
        {"namespace", key->namespace},
        {"name", key->name},
        {"path", violation->origin.path ? violation->origin.path : ""},
        {"headline", line},
        {"message", violation->message},
        {"detail", violation->detail},
        {"hint", violation->hint},
        {"exception", violation->exception},
    };
    for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
        if (texts[i].value) {
            json_object_object_add(object, texts[i].name, json_object_new_string(texts[i].value));
        }
    }
    json_object_array_add(teller->findings, object);
}

static bool tell(void *cookie, const struct audit_finding *finding, struct error *error) {
    (void)error;
    struct teller *teller = cookie;
    const struct decision *decision = finding->decision;
    for (size_t i = 0; i < decision->violation_count; i++) {
        const struct violation *violation = &decision->violations[i];
        CLEANUP(buffer_clear) struct buffer line;
        buffer_init(&line, 8192);
        violation_headline(violation, &line);
        text_sanitise(&line, true);
        if (teller->findings) {
            tell_json(teller, finding, violation, buffer_text(&line));
        } else if (violation_denies(violation)) {
            printf("%s\n", buffer_text(&line));
            if (violation->detail) {
                printf("  %s\n", violation->detail);
            }
        } else {
            printf("%s: %s\n", violation->exception ? "excused" : "warning", buffer_text(&line));
        }
    }
    if (teller->report) {
        audit_report_add(teller->report, finding);
    }
    return true;
}

static void print_text(const struct audit_summary *summary) {
    fprintf(stderr, "%" PRIu64 " objects of %u kinds: %" PRIu64 " would be denied today\n", summary->objects,
            summary->kinds, summary->denied_objects);
    for (size_t i = 0; i < summary->count; i++) {
        const struct audit_count *count = &summary->counts[i];
        if (count->denied + count->warned + count->unknown + count->faults > 0) {
            fprintf(stderr,
                    "  %-24s %" PRIu64 " denied, %" PRIu64 " warned, %" PRIu64 " unknown, %" PRIu64
                    " faults\n",
                    count->policy, count->denied, count->warned, count->unknown, count->faults);
        }
    }
}

static void print_json(const struct teller *teller, const struct audit_summary *summary) {
    struct json_object *root = json_object_new_object();
    json_object_object_add(root, "apiVersion", json_object_new_string("fleetgate.dev/v1alpha1"));
    json_object_object_add(root, "kind", json_object_new_string("AuditReport"));
    json_object_object_add(root, "objects", json_object_new_int64((int64_t)summary->objects));
    json_object_object_add(root, "denied", json_object_new_int64((int64_t)summary->denied_objects));
    struct json_object *policies = json_object_new_array();
    for (size_t i = 0; i < summary->count; i++) {
        const struct audit_count *count = &summary->counts[i];
        struct json_object *policy = json_object_new_object();
        json_object_object_add(policy, "policy", json_object_new_string(count->policy));
        json_object_object_add(policy, "denied", json_object_new_int64((int64_t)count->denied));
        json_object_object_add(policy, "warned", json_object_new_int64((int64_t)count->warned));
        json_object_object_add(policy, "unknown", json_object_new_int64((int64_t)count->unknown));
        json_object_object_add(policy, "faults", json_object_new_int64((int64_t)count->faults));
        json_object_array_add(policies, policy);
    }
    json_object_object_add(root, "policies", policies);
    json_object_object_add(root, "findings", json_object_get(teller->findings));
    printf("%s\n", json_object_to_json_string_ext(root, JSON_C_TO_STRING_PRETTY | JSON_C_TO_STRING_SPACED |
                                                            JSON_C_TO_STRING_NOSLASHESCAPE));
    json_object_put(root);
}

// The whole fleet is read once, so that limits and references are judged as the webhook does.
static bool wait_for_fleet(struct manager *manager, struct error *error) {
    const struct timespec nap = {.tv_nsec = 20 * 1000 * 1000};
    for (int i = 0; i < SYNC_SECONDS * 50; i++) {
        if (manager_synced(manager)) {
            return true;
        }
        nanosleep(&nap, NULL);
    }
    CLEANUP(buffer_clear) struct buffer why;
    buffer_init(&why, 1024);
    (void)manager_check_ready(manager, &why);
    return error_set(error, ERROR_IO, "the fleet could not be read within %d s: %s", SYNC_SECONDS,
                     buffer_text(&why));
}

// One of its own for the pages; the manager takes the other configuration. What can't work fails here, and
// not after the wait for the fleet.
static bool open_client(const struct audit_command_options *options, struct kube_client **ret_client,
                        struct error *error) {
    static const char *const groups[] = {"cluster.x-k8s.io"};
    CLEANUP(kube_client_free) struct kube_client *client = NULL;
    CLEANUP(kube_discovery_free) struct kube_discovery *discovery = NULL;
    struct kube_client_options client_options = {.user_agent = "fleetgate-audit/" FLEETGATE_VERSION};
    if (!cluster_options_load(&options->cluster, &client_options.config, error)) {
        error->kind = ERROR_INVALID;
        return false;
    }
    if (!kube_client_new(&client_options, &client, error) ||
        !kube_discover(client, groups, 1, &discovery, error) ||
        (options->reports != REPORT_NONE && !audit_report_check(options->reports, client, error))) {
        return false;
    }
    *ret_client = kube_client_free_take(&client);
    return true;
}

static int finish(const struct audit_command_options *options, struct teller *teller,
                  const struct audit_summary *summary) {
    if (options->json) {
        print_json(teller, summary);
    } else {
        print_text(summary);
    }
    uint64_t faults = 0;
    for (size_t i = 0; i < summary->count; i++) {
        faults += summary->counts[i].faults;
    }
    return summary->denied_objects > 0 ? EXIT_DENIED : faults > 0 ? EXIT_NOT_EVALUATED : EXIT_CLEAN;
}

static bool run(const struct audit_command_options *options, struct policy_set *set, struct teller *teller,
                int *ret_code, struct error *error) {
    CLEANUP(manager_free) struct manager *manager = NULL;
    CLEANUP(kube_client_free) struct kube_client *client = NULL;
    struct manager_options manager_options = {.version = FLEETGATE_VERSION, .identity = "audit"};
    if (!open_client(options, &client, error) ||
        !cluster_options_load(&options->cluster, &manager_options.config, error) ||
        !manager_start(&manager_options, &manager, error) || !manager_use_policies(manager, set, error) ||
        !wait_for_fleet(manager, error)) {
        return false;
    }
    struct audit_options audit = {
        .client = client, .policies = set, .namespace = options->namespace, .found = tell, .cookie = teller};
    const struct fleet_access fleet = manager_fleet(manager);
    fleet.open(fleet.cookie, &audit.fleet);
    struct audit_summary summary;
    if (!audit_run(&audit, &summary, error)) {
        return false;
    }
    *ret_code = finish(options, teller, &summary);
    return !teller->report || audit_report_write(teller->report, client, error);
}

static int read_one(struct audit_command_options *options, int option, const char *value) {
    if (cluster_options_read(&options->cluster, option, value)) {
        return GO_ON;
    }
    int index;
    switch (option) {
    case 'c':
        options->configuration = value;
        return GO_ON;
    case 'p':
        options->policies = value;
        return GO_ON;
    case 'n':
        options->namespace = value;
        return GO_ON;
    case 'o':
        index = option_choice(formats, value);
        options->json = index == 1;
        return index >= 0 ? GO_ON : usage_error(&audit_command, "--output: want text or json, got %s", value);
    case OPTION_REPORTS:
        index = option_choice(report_kinds, value);
        options->reports = index < 0 ? REPORT_NONE : (enum report_kind)index;
        return index >= 0 ? GO_ON
                          : usage_error(&audit_command,
                                        "--reports: want none, openreports or policyreport, got %s", value);
    default:
        return options_exit(option);
    }
}

int audit_main(int argc, char **argv) {
    struct audit_command_options options = {0};
    struct option_reader reader;
    option_reader_begin(&reader, &audit_command, argc, argv);
    for (int option; (option = option_reader_next(&reader)) != OPTION_END;) {
        int code = read_one(&options, option, reader.value);
        if (code != GO_ON) {
            return code;
        }
    }
    if (optind < argc) {
        return usage_error(&audit_command, "unexpected argument %s", argv[optind]);
    }
    CLEANUP(policy_set_unref) struct policy_set *set = NULL;
    struct error error = {0};
    const struct policy_set_request request = {
        .configuration = options.configuration, .policies = options.policies, .evaluators = 1};
    if (!policy_files_load(&request, &set, &error)) {
        fprintf(stderr, "fleetgate audit: %s\n", error.message);
        return EXIT_USAGE;
    }
    CLEANUP(audit_report_free)
    struct audit_report *report =
        options.reports == REPORT_NONE ? NULL : audit_report_new(options.reports, time(NULL));
    if (report && options.namespace) {
        audit_report_only(report, options.namespace);
    }
    struct teller teller = {
        .options = &options, .report = report, .findings = options.json ? json_object_new_array() : NULL};
    int code = EXIT_NOT_EVALUATED;
    if (!run(&options, set, &teller, &code, &error)) {
        fprintf(stderr, "fleetgate audit: %s\n", error.message);
        code = error.kind == ERROR_INVALID ? EXIT_USAGE : EXIT_NOT_EVALUATED;
    }
    json_object_put(teller.findings);
    return code;
}
