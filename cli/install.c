// fleetgate install: prints the manifests that put the gate into a cluster.
#include "cli/commands.h"
#include "cli/install_request.h"
#include "cli/manifest_marks.h"

#include <stdio.h>
#include <string.h>

enum { MOST_REPLICAS = 100, MOST_NAME = 63, LARGEST_OUTPUT = 16 * 1024 * 1024, GO_ON = -1 };

enum {
    OPTION_NAMESPACE = OPTION_LONG,
    OPTION_IMAGE,
    OPTION_REPLICAS,
    OPTION_CERT_MODE,
    OPTION_CA_FILE,
    OPTION_URL,
    OPTION_STATIC,
    OPTION_FAILURE_POLICY,
    OPTION_WITH,
    OPTION_ONLY,
};

// In the order of enum install_certificates and enum install_part.
static const char *const certificate_modes[] = {"self", "cert-manager", "files", NULL};
static const char *const parts[] = {"all", "webhooks", "validating", "mutating", NULL};
static const char *const failure_policies[] = {"Fail", "Ignore", NULL};
static const char *const extras[] = {
    "attestation", "audit", "match-conditions", "monitoring", "network-policy", "reconcile", NULL};

static const struct option_entry entries[] = {
    OPTION_CONFIG,
    OPTION_POLICIES,
    {OPTION_NAMESPACE, "namespace", "NAME", "namespace of the gate (" MANIFEST_NAMESPACE ")", NULL},
    {OPTION_IMAGE, "image", "IMAGE", "image to run (fleetgate:" FLEETGATE_VERSION ")", NULL},
    {OPTION_REPLICAS, "replicas", "N", "how many gates (3)", NULL},
    {OPTION_CERT_MODE, "cert-mode", "MODE",
     "who makes the certificates: the gate itself (self), cert-manager, or you (files)", certificate_modes},
    {OPTION_CA_FILE, "ca-file", "FILE", "authority of the certificate, for caBundle (PEM)", NULL},
    {OPTION_URL, "url", "URL", "the webhooks by this address in place of the Service (https://HOST:PORT)",
     NULL},
    {OPTION_STATIC, "static", NULL, "… with names for the API server's staticManifestsDir", NULL},
    {OPTION_FAILURE_POLICY, "failure-policy", "POLICY",
     "what the API server does with objects of clusters when the gate is away (Fail)", failure_policies},
    {OPTION_WITH, "with", "NAME,…",
     "further parts: attestation, audit, match-conditions, monitoring, network-policy, reconcile", extras},
    {OPTION_ONLY, "only", "PART",
     "all, or only webhooks, validating or mutating ones (all; webhooks with --url)", parts},
    {0, NULL, NULL, NULL, NULL},
};

const struct command install_command = {
    .name = "install",
    .arguments = "",
    .summary = "Prints the manifests that put the gate into a cluster",
    .details = "  fleetgate install --config fleetgate.yaml | kubectl apply -f -\n"
               "\n"
               "Policies and configuration are loaded first, so what the gate could not start with is not\n"
               "printed. The manifests hold no secrets. With --cert-mode files the Secret fleetgate-tls is\n"
               "yours: kubectl create secret tls fleetgate-tls --cert FILE --key FILE -n NAMESPACE\n"
               "With --with attestation so is the Secret fleetgate-attestation: fleetgate keys new --help\n"
               "\n"
               "Exit code: 0 printed, 2 usage, or a file that is wrong.\n",
    .options = entries,
    .run = install_main,
};

static bool is_label(const char *name) {
    static const char plain[] = "abcdefghijklmnopqrstuvwxyz0123456789-";
    size_t length = strlen(name);
    return length > 0 && length <= MOST_NAME && strspn(name, plain) == length && name[0] != '-' &&
           name[length - 1] != '-';
}

// What stands in the manifests as it is, without quotes: a name that YAML reads as nothing else.
static bool is_image(const char *image) {
    static const char plain[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_./:@";
    size_t length = strlen(image);
    return length > 0 && length < 512 && image[strspn(image, plain)] == '\0' && strpbrk(image, ":/") &&
           image[0] != ':' && image[length - 1] != ':' && strspn(image, "0123456789:") < length;
}

// The API server takes no user, query or fragment.
static bool is_url(const char *url) {
    static const char plain[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_./:[]%~";
    size_t length = strlen(url);
    return strncmp(url, "https://", 8) == 0 && length > 8 && length < 1024 && url[8] != '/' &&
           url[8] != ':' && url[strspn(url, plain)] == '\0' && url[length - 1] != '/';
}

static int read_extras(const char *value, struct install_request *request) {
    size_t count = 0;
    while (request->extras[count]) {
        count++;
    }
    for (const char *name = value;;) {
        size_t length = strcspn(name, ",");
        char word[MOST_NAME + 1];
        snprintf(word, sizeof(word), "%.*s", (int)(length < MOST_NAME ? length : MOST_NAME), name);
        int index = option_choice(extras, word);
        if (index < 0) {
            return usage_error(&install_command,
                               "--with: there are attestation, audit, match-conditions, monitoring, "
                               "network-policy and reconcile, got %s",
                               word);
        }
        bool is_there = false;
        for (size_t i = 0; i < count; i++) {
            is_there = is_there || request->extras[i] == extras[index];
        }
        if (!is_there) {
            request->extras[count++] = extras[index];
        }
        if (name[length] == '\0') {
            return GO_ON;
        }
        name += length + 1;
    }
}

// The value's place among choices, or -1 once the wrong value has been answered.
static int read_choice(const char *option, const char *const *choices, const char *value) {
    int index = option_choice(choices, value);
    if (index < 0) {
        char list[128] = "";
        for (size_t i = 0; choices[i]; i++) {
            size_t length = strlen(list);
            snprintf(list + length, sizeof(list) - length, "%s%s",
                     i == 0           ? ""
                     : choices[i + 1] ? ", "
                                      : " or ",
                     choices[i]);
        }
        usage_error(&install_command, "--%s: want %s, got %s", option, list, value);
    }
    return index;
}

static int read_replicas(const char *value, struct install_request *request) {
    char *end;
    unsigned long number = strtoul(value, &end, 10);
    if (*value < '0' || *value > '9' || *end != '\0' || number == 0 || number > MOST_REPLICAS) {
        return usage_error(&install_command, "--replicas: want 1 to %d, got %s", MOST_REPLICAS, value);
    }
    request->replicas = (unsigned)number;
    return GO_ON;
}

static int read_address(int option, const char *value, struct install_request *request) {
    if (option == OPTION_NAMESPACE) {
        request->namespace = value;
        return is_label(value)
                   ? GO_ON
                   : usage_error(&install_command,
                                 "--namespace: want lower case letters, digits and -, got %s", value);
    }
    if (option == OPTION_IMAGE) {
        request->image = value;
        return is_image(value)
                   ? GO_ON
                   : usage_error(&install_command, "--image: want NAME:TAG or NAME@DIGEST, got %s", value);
    }
    request->url = value;
    return is_url(value)
               ? GO_ON
               : usage_error(&install_command,
                             "--url: want https://HOST:PORT without a query or a slash at the end, got %s",
                             value);
}

struct install_reading {
    struct install_request request;
    bool has_part;
};

static int read_one(struct install_reading *reading, int option, const char *value) {
    struct install_request *request = &reading->request;
    int index;
    switch (option) {
    case 'c':
        request->configuration = value;
        return GO_ON;
    case 'p':
        request->policies = value;
        return GO_ON;
    case OPTION_CA_FILE:
        request->authorities = value;
        return GO_ON;
    case OPTION_STATIC:
        request->is_static = true;
        return GO_ON;
    case OPTION_NAMESPACE:
    case OPTION_IMAGE:
    case OPTION_URL:
        return read_address(option, value, request);
    case OPTION_REPLICAS:
        return read_replicas(value, request);
    case OPTION_WITH:
        return read_extras(value, request);
    case OPTION_FAILURE_POLICY:
        index = read_choice("failure-policy", failure_policies, value);
        request->failure_policy = index < 0 ? NULL : failure_policies[index];
        break;
    case OPTION_CERT_MODE:
        index = read_choice("cert-mode", certificate_modes, value);
        request->certificates = index < 0 ? INSTALL_SELF : (enum install_certificates)index;
        break;
    case OPTION_ONLY:
        index = read_choice("only", parts, value);
        request->part = index < 0 ? INSTALL_ALL : (enum install_part)index;
        reading->has_part = true;
        break;
    default:
        return options_exit(option);
    }
    return index < 0 ? EXIT_USAGE : GO_ON;
}

static int check(const struct install_request *request) {
    if (request->is_static && !request->url) {
        return usage_error(&install_command,
                           "--static needs --url: the API server reaches no Service at its start");
    }
    if (request->url && request->part == INSTALL_ALL) {
        return usage_error(&install_command,
                           "--url is for webhooks: the gate at that address is not installed here");
    }
    if (request->url && request->certificates == INSTALL_CERT_MANAGER) {
        return usage_error(&install_command,
                           "--url and --cert-mode cert-manager exclude each other; name --ca-file");
    }
    if (request->certificates == INSTALL_FILES && !request->authorities) {
        return usage_error(&install_command,
                           "--cert-mode files needs --ca-file, the authority of the certificate");
    }
    if (request->part != INSTALL_ALL && (request->configuration || request->policies)) {
        return usage_error(&install_command,
                           "--config and --policies are for the gate, and only webhooks are printed");
    }
    return GO_ON;
}

int install_main(int argc, char **argv) {
    struct install_reading reading = {.request = {.namespace = MANIFEST_NAMESPACE}};
    struct install_request *request = &reading.request;
    struct option_reader reader;
    option_reader_begin(&reader, &install_command, argc, argv);
    for (int option; (option = option_reader_next(&reader)) != OPTION_END;) {
        int code = read_one(&reading, option, reader.value);
        if (code != GO_ON) {
            return code;
        }
    }
    if (optind < argc) {
        return usage_error(&install_command, "unexpected argument %s", argv[optind]);
    }
    if (request->url && !reading.has_part) {
        request->part = INSTALL_WEBHOOKS;
    }
    int code = check(request);
    if (code != GO_ON) {
        return code;
    }
    CLEANUP(buffer_clear) struct buffer out;
    buffer_init(&out, LARGEST_OUTPUT);
    struct error error = {0};
    if (!install_manifests(request, &out, &error)) {
        fprintf(stderr, "fleetgate install: %s\n", error.message);
        return EXIT_USAGE;
    }
    fputs(buffer_text(&out), stdout);
    return EXIT_CLEAN;
}
