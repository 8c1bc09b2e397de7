// fleetgate review: manifests as the AdmissionReviews that an API server would send.
#include "cli/commands.h"
#include "cli/fleet_side.h"
#include "manifest/change_plan.h"
#include "reconciler/json_node.h"

#include <assert.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

enum {
    OPTION_BASE = OPTION_LONG,
    OPTION_AS,
    OPTION_AS_GROUP,
    OPTION_DRY_RUN,
    OPTION_PRETTY,
    MOST_GROUPS = 64
};

static const struct option_entry options[] = {
    {OPTION_BASE, "base", "PATH", "the fleet before the change: prints creates, updates and deletes", NULL},
    {'n', "namespace", "NAME", "namespace of objects that name none (default)", NULL},
    {OPTION_AS, "as", "USER", "user who asks (kubernetes-admin)", NULL},
    {OPTION_AS_GROUP, "as-group", "GROUP", "group of that user; may be given several times", NULL},
    {OPTION_DRY_RUN, "dry-run", NULL, "ask as --dry-run=server does", NULL},
    {OPTION_PRETTY, "pretty", NULL, "indented, over many lines", NULL},
    {0, NULL, NULL, NULL, NULL},
};

const struct command review_command = {
    .name = "review",
    .arguments = "PATH…|-",
    .summary = "Prints manifests as AdmissionReviews, one line each, to try a webhook with curl",
    .details =
        "  fleetgate review cluster.yaml | curl --data-binary @- -H 'Content-Type: application/json' \\\n"
        "      --cacert ca.crt https://127.0.0.1:9443/validate\n"
        "\n"
        "Exit code: 0 printed, 2 usage, 3 a document can't be read or there is no object.\n",
    .options = options,
    .run = review_main,
};

struct review_options {
    const char *base, *namespace, *user;
    const char *groups[MOST_GROUPS];
    size_t group_count;
    bool dry_run, pretty;
};

static void set_text(struct json_object *map, const char *key, const char *text) {
    json_object_object_add(map, key, json_object_new_string(text));
}

static void set_if(struct json_object *map, const char *key, const char *text) {
    if (*text) {
        set_text(map, key, text);
    }
}

static void mix(uint64_t *hash, const char *text) {
    for (const char *byte = text; *byte; byte++) {
        *hash = (*hash ^ (unsigned char)*byte) * 0x100000001b3U; // FNV-1a
    }
    *hash = (*hash ^ 0xFF) * 0x100000001b3U;
}

// A name-based UUID: the same question has the same uid, so that answers can be compared.
static void set_uid(struct json_object *request, const struct object_key *key, const char *operation) {
    assert(key);
    uint64_t hash = 0xcbf29ce484222325U;
    mix(&hash, operation);
    mix(&hash, key->group);
    mix(&hash, key->kind);
    mix(&hash, key->namespace);
    mix(&hash, key->name);
    uint64_t second = hash;
    mix(&second, "fleetgate");
    char uid[40];
    snprintf(uid, sizeof(uid), "%08x-%04x-8%03x-8%03x-%012llx", (unsigned)(hash >> 32),
             (unsigned)(hash >> 16) & 0xFFFF, (unsigned)hash & 0xFFF, (unsigned)(second >> 52),
             (unsigned long long)second & 0xFFFFFFFFFFFF);
    set_text(request, "uid", uid);
}

static struct json_object *kind_of(const struct object_identity *identity) {
    struct json_object *kind = json_object_new_object();
    set_text(kind, "group", identity->key.group);
    set_text(kind, "version", identity->version);
    set_text(kind, "kind", identity->key.kind);
    return kind;
}

static struct json_object *resource_of(const struct object_identity *identity) {
    CLEANUP(arena_free) struct arena *arena = arena_new();
    struct json_object *resource = json_object_new_object();
    set_text(resource, "group", identity->key.group);
    set_text(resource, "version", identity->version);
    set_text(resource, "resource", object_resource(arena, identity->key.kind));
    return resource;
}

static struct json_object *user_of(const struct review_options *review) {
    struct json_object *user = json_object_new_object();
    struct json_object *groups = json_object_new_array();
    set_text(user, "username", review->user);
    for (size_t i = 0; i < review->group_count; i++) {
        json_object_array_add(groups, json_object_new_string(review->groups[i]));
    }
    json_object_object_add(user, "groups", groups);
    return user;
}

// Kubernetes leaves out neither object nor oldObject: what is not there is null.
static struct json_object *request_of(const struct review_options *review, const struct fleet_object *before,
                                      const struct fleet_object *after) {
    const struct object_identity *identity = after ? &after->identity : &before->identity;
    enum operation operation = !after ? OPERATION_DELETE : before ? OPERATION_UPDATE : OPERATION_CREATE;
    static const char *const options_kinds[] = {"CreateOptions", "UpdateOptions", "DeleteOptions"};
    struct json_object *request = json_object_new_object();
    set_uid(request, &identity->key, operation_name(operation));
    json_object_object_add(request, "kind", kind_of(identity));
    json_object_object_add(request, "resource", resource_of(identity));
    json_object_object_add(request, "requestKind", kind_of(identity));
    json_object_object_add(request, "requestResource", resource_of(identity));
    set_if(request, "name", identity->key.name);
    set_if(request, "namespace", identity->key.namespace);
    set_text(request, "operation", operation_name(operation));
    json_object_object_add(request, "userInfo", user_of(review));
    json_object_object_add(request, "object", after ? json_from_node(after->stored) : NULL);
    json_object_object_add(request, "oldObject", before ? json_from_node(before->stored) : NULL);
    json_object_object_add(request, "dryRun", json_object_new_boolean(review->dry_run));
    struct json_object *call_options = json_object_new_object();
    set_text(call_options, "kind", options_kinds[operation]);
    set_text(call_options, "apiVersion", "meta.k8s.io/v1");
    json_object_object_add(request, "options", call_options);
    return request;
}

// API servers fill the namespace in before they ask.
static void set_namespace(struct json_object *request, const char *key, const char *namespace) {
    struct json_object *metadata = NULL;
    struct json_object *object = json_object_object_get(request, key);
    if (*namespace && object && json_object_object_get_ex(object, "metadata", &metadata) &&
        json_object_is_type(metadata, json_type_object)) {
        set_text(metadata, "namespace", namespace);
    }
}

static void print_review(const struct review_options *review, const struct fleet_object *before,
                         const struct fleet_object *after) {
    struct json_object *root = json_object_new_object();
    assert(before || after);
    struct json_object *request = request_of(review, before, after);
    const char *namespace = (after ? after : before)->identity.key.namespace;
    set_namespace(request, "object", namespace);
    set_namespace(request, "oldObject", namespace);
    set_text(root, "kind", "AdmissionReview");
    set_text(root, "apiVersion", "admission.k8s.io/v1");
    json_object_object_add(root, "request", request);
    int flags = review->pretty ? JSON_C_TO_STRING_PRETTY | JSON_C_TO_STRING_SPACED : JSON_C_TO_STRING_PLAIN;
    puts(json_object_to_json_string_ext(root, flags | JSON_C_TO_STRING_NOSLASHESCAPE));
    json_object_put(root);
}

// What can't be read is said on stderr; returns how many such documents there are.
static size_t say_problems(const struct manifest_set *manifests) {
    size_t count = 0;
    for (size_t i = 0; i < manifest_set_count(manifests); i++) {
        const struct manifest *manifest = manifest_set_get(manifests, i);
        if (manifest->problem) {
            fprintf(stderr, "fleetgate review: %s:%u:%u: %s\n", manifest->file, manifest->line,
                    manifest->column, manifest->problem->message);
            count++;
        }
    }
    return count;
}

static int print_reviews(const struct review_options *review, const struct manifest_set *head,
                         const struct manifest_set *base) {
    CLEANUP(fleet_side_free) struct fleet_side *after = fleet_side_new(head, review->namespace);
    CLEANUP(fleet_side_free) struct fleet_side *before = fleet_side_new(base, review->namespace);
    CLEANUP(change_plan_free) struct change_plan *plan = change_plan_new(base, head);
    for (size_t i = 0; i < plan->change_count; i++) {
        const struct planned_change *change = &plan->changes[i];
        print_review(review, change->before ? fleet_side_of_manifest(before, change->before) : NULL,
                     change->after ? fleet_side_of_manifest(after, change->after) : NULL);
    }
    size_t problems = say_problems(head) + (base ? say_problems(base) : 0);
    if (fleet_side_count(after) + fleet_side_count(before) == 0) {
        fputs("fleetgate review: there is no Kubernetes object\n", stderr);
        problems++;
    }
    return problems > 0 ? EXIT_NOT_EVALUATED : EXIT_CLEAN;
}

// False: the command ends with *ret_code.
static bool read_option(struct review_options *review, int option, const char *value, int *ret_code) {
    if (option == OPTION_BASE) {
        review->base = value;
    } else if (option == 'n') {
        review->namespace = value;
    } else if (option == OPTION_AS) {
        review->user = value;
    } else if (option == OPTION_DRY_RUN) {
        review->dry_run = true;
    } else if (option == OPTION_PRETTY) {
        review->pretty = true;
    } else if (option == OPTION_AS_GROUP && review->group_count < MOST_GROUPS) {
        review->groups[review->group_count++] = value;
    } else {
        *ret_code = option == OPTION_AS_GROUP ? usage_error(&review_command, "too many --as-group")
                                              : options_exit(option);
        return false;
    }
    return true;
}

static bool read_paths(struct manifest_set *head, char **paths, struct error *error) {
    for (char **path = paths; *path; path++) {
        if (strcmp(*path, "-") == 0 ? !manifest_set_add_stream(head, STDIN_FILENO, "<stdin>", error)
                                    : !manifest_set_add_path(head, *path, error)) {
            return false;
        }
    }
    return true;
}

int review_main(int argc, char **argv) {
    struct review_options review = {.namespace = "default", .user = "kubernetes-admin"};
    struct option_reader reader;
    struct error error = {0};
    int code = EXIT_USAGE;
    option_reader_begin(&reader, &review_command, argc, argv);
    for (int option; (option = option_reader_next(&reader)) != OPTION_END;) {
        if (!read_option(&review, option, reader.value, &code)) {
            return code;
        }
    }
    if (optind == argc) {
        return usage_error(&review_command, "name files or directories, or - for standard input");
    }
    CLEANUP(manifest_set_free) struct manifest_set *head = manifest_set_new(NULL, NULL);
    CLEANUP(manifest_set_free) struct manifest_set *base = review.base ? manifest_set_new(NULL, NULL) : NULL;
    if (!read_paths(head, argv + optind, &error) ||
        (base && !manifest_set_add_path(base, review.base, &error))) {
        fprintf(stderr, "fleetgate review: %s\n", error.message);
        return error.kind == ERROR_NOT_FOUND ? EXIT_USAGE : EXIT_NOT_EVALUATED;
    }
    return print_reviews(&review, head, base);
}
