// fleetgate certs: makes, renews and shows the webhook's certificates.
#include "base/buffer.h"
#include "base/memory.h"
#include "certs/certificate_files.h"
#include "certs/certificate_info.h"
#include "cli/commands.h"

#include <getopt.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>

enum { MOST_NAMES = 100, MOST_DAYS = 3650 };

enum {
    OPTION_DIR = OPTION_LONG,
    OPTION_DNS,
    OPTION_IP,
    OPTION_DAYS,
    OPTION_RENEW,
    OPTION_FORCE,
    OPTION_WARN_DAYS
};

static const struct option_entry init_options[] = {
    {OPTION_DIR, "dir", "DIR", "folder to write ca.crt, ca.key, tls.crt and tls.key to (needed)", NULL},
    {OPTION_DNS, "dns", "NAME", "DNS name of the server; may be repeated", NULL},
    {OPTION_IP, "ip", "ADDRESS", "IPv4 or IPv6 address of the server; may be repeated", NULL},
    {OPTION_DAYS, "days", "N", "how long the serving certificate holds (365)", NULL},
    {OPTION_RENEW, "renew", NULL, "issue a new serving certificate from the authority in DIR", NULL},
    {OPTION_FORCE, "force", NULL, "replace what is there, the authority too", NULL},
    {0, NULL, NULL, NULL, NULL},
};

static const struct option_entry show_options[] = {
    {OPTION_WARN_DAYS, "warn-days", "N", "exit with 1 when a certificate ends within N days (0)", NULL},
    {0, NULL, NULL, NULL, NULL},
};

static int init_main(int argc, char **argv);
static int show_main(int argc, char **argv);

static const struct command inner[] = {
    {.name = "certs init",
     .arguments = "",
     .summary = "Makes a certificate authority and a serving certificate (ECDSA P-256)",
     .details =
         "Refuses to overwrite. --renew keeps the authority (so the caBundle of the webhook configuration\n"
         "stays as it is), and without --dns and --ip also the names. All files change at one instant, and "
         "a\n"
         "running 'fleetgate serve' loads them within two seconds. Keys have mode 0600.\n"
         "\n"
         "Exit code: 0 done, 2 usage, or refused.\n",
     .options = init_options,
     .run = init_main},
    {.name = "certs show",
     .arguments = "FILE|DIR…",
     .summary = "Prints names and days left of certificates",
     .details = "Of a folder, ca.crt and tls.crt are shown, and whether keys and authority belong to them.\n"
                "\n"
                "Exit code: 0 all good, 1 expired, ends within --warn-days, or does not belong together, 2 "
                "usage or\n"
                "unreadable.\n",
     .options = show_options,
     .run = show_main},
    {.name = NULL},
};

const struct command certs_command = {
    .name = "certs",
    .arguments = "",
    .summary = "Makes, renews and shows the webhook's certificates",
    .inner = inner,
    .run = certs_main,
};

int certs_main(int argc, char **argv) {
    return command_run_inner(&certs_command, argc, argv);
}

static int fail(const char *command, const struct error *error) {
    fprintf(stderr, "fleetgate certs %s: %s\n", command, error->message);
    return EXIT_USAGE;
}

static bool read_count(const char *text, unsigned most, unsigned *ret_count) {
    char *end;
    unsigned long value = strtoul(text, &end, 10);
    if (*text < '0' || *text > '9' || *end != '\0' || value > most) {
        return false;
    }
    *ret_count = (unsigned)value;
    return true;
}

static void print_day(int64_t when) {
    time_t seconds = when;
    struct tm utc;
    char text[32];
    gmtime_r(&seconds, &utc);
    strftime(text, sizeof(text), "%Y-%m-%dT%H:%M:%SZ", &utc);
    fputs(text, stdout);
}

// One certificate; false when it has ended or ends too soon.
static bool print_certificate(const char *path, const struct certificate_info *info, unsigned warn_days) {
    int64_t now = time(NULL);
    int64_t days = certificate_info_days_left(info, now);
    printf("%s: %s\n  subject  %s\n  issuer   %s\n", path,
           info->is_authority ? "certificate authority" : "serving certificate", info->subject, info->issuer);
    const char *separator = "  names    ";
    for (size_t i = 0; i < info->dns_count + info->address_count; i++) {
        printf("%s%s", separator, i < info->dns_count ? info->dns[i] : info->addresses[i - info->dns_count]);
        separator = ", ";
    }
    fputs(*separator == ',' ? "\n  expires  " : "  expires  ", stdout);
    print_day(info->not_after);
    if (now < info->not_before) {
        puts(", not valid yet");
        return false;
    }
    if (days < 0) {
        puts(", EXPIRED");
        return false;
    }
    printf(", %lld day%s left\n", (long long)days, days == 1 ? "" : "s");
    return days >= warn_days;
}

// What belongs together in a folder that certs init made; what is missing is not asked for.
static bool check_together(const char *directory) {
    static const struct {
        const char *certificate, *key, *authority;
    } parts[] = {{"ca.crt", "ca.key", NULL}, {"tls.crt", "tls.key", NULL}, {"tls.crt", NULL, "ca.crt"}};
    bool fine = true;
    for (size_t i = 0; i < sizeof(parts) / sizeof(parts[0]); i++) {
        const char *other = parts[i].key ? parts[i].key : parts[i].authority;
        char certificate[PATH_MAX], second[PATH_MAX];
        struct error error = {0};
        snprintf(certificate, sizeof(certificate), "%s/%s", directory, parts[i].certificate);
        snprintf(second, sizeof(second), "%s/%s", directory, other);
        bool good = parts[i].key ? certificate_pair_check(certificate, second, &error)
                                 : certificate_chain_check(second, certificate, &error);
        if (!good && error.kind != ERROR_NOT_FOUND) {
            printf("  WRONG    %s\n", error.message);
            fine = false;
        }
    }
    return fine;
}

struct totals {
    size_t shown;
    bool warned;
    bool failed;
};

static void show_file(const char *path, unsigned warn_days, bool must_exist, struct totals *totals) {
    CLEANUP(certificate_info_clear) struct certificate_info info = {0};
    struct error error = {0};
    if (certificate_info_read(path, &info, &error)) {
        totals->warned |= !print_certificate(path, &info, warn_days);
        totals->shown++;
    } else if (must_exist || error.kind != ERROR_NOT_FOUND) {
        fprintf(stderr, "fleetgate certs show: %s\n", error.message);
        totals->failed = true;
    }
}

static void show_path(const char *path, unsigned warn_days, struct totals *totals) {
    struct stat status;
    if (stat(path, &status) != 0 || !S_ISDIR(status.st_mode)) {
        show_file(path, warn_days, true, totals);
        return;
    }
    size_t before = totals->shown;
    char inside[PATH_MAX];
    snprintf(inside, sizeof(inside), "%s/ca.crt", path);
    show_file(inside, warn_days, false, totals);
    snprintf(inside, sizeof(inside), "%s/tls.crt", path);
    show_file(inside, warn_days, false, totals);
    if (totals->shown == before && !totals->failed) {
        fprintf(stderr, "fleetgate certs show: %s: neither ca.crt nor tls.crt is there\n", path);
        totals->failed = true;
    }
    totals->warned |= !check_together(path);
}

static int show_main(int argc, char **argv) {
    const struct command *command = &inner[1];
    struct option_reader reader;
    unsigned warn_days = 0;
    option_reader_begin(&reader, command, argc, argv);
    for (int option; (option = option_reader_next(&reader)) != OPTION_END;) {
        if (option != OPTION_WARN_DAYS) {
            return options_exit(option);
        }
        if (!read_count(reader.value, MOST_DAYS, &warn_days)) {
            return usage_error(command, "--warn-days: want 0 to %d, got %s", MOST_DAYS, reader.value);
        }
    }
    if (optind == argc) {
        return usage_error(command, "no file or folder given");
    }
    struct totals totals = {0};
    for (int i = optind; i < argc; i++) {
        show_path(argv[i], warn_days, &totals);
    }
    return totals.failed ? EXIT_USAGE : totals.warned ? EXIT_DENIED : EXIT_CLEAN;
}

struct init {
    const char *directory;
    const char *dns[MOST_NAMES];
    const char *addresses[MOST_NAMES];
    struct certificates_request request;
};

// EXIT_CLEAN to go on, unless *ret_done.
static int read_init(struct init *init, struct option_reader *reader, bool *ret_done) {
    struct certificate_names *names = &init->request.names;
    bool renew = false;
    bool force = false;
    for (int option; (option = option_reader_next(reader)) != OPTION_END;) {
        bool room = names->dns_count < MOST_NAMES && names->address_count < MOST_NAMES;
        if (option == OPTION_DIR) {
            init->directory = reader->value;
        } else if (option == OPTION_DNS && room) {
            init->dns[names->dns_count++] = reader->value;
        } else if (option == OPTION_IP && room) {
            init->addresses[names->address_count++] = reader->value;
        } else if (option == OPTION_DAYS) {
            if (!read_count(reader->value, MOST_DAYS, &init->request.days) || init->request.days == 0) {
                return usage_error(reader->command, "--days: want 1 to %d, got %s", MOST_DAYS, reader->value);
            }
        } else if (option == OPTION_RENEW) {
            renew = true;
        } else if (option == OPTION_FORCE) {
            force = true;
        } else if (option == OPTION_DNS || option == OPTION_IP) {
            return usage_error(reader->command, "more than %d names", MOST_NAMES);
        } else {
            *ret_done = true;
            return options_exit(option);
        }
    }
    if (renew && force) {
        return usage_error(reader->command,
                           "--renew keeps the authority and --force replaces it; choose one");
    }
    init->request.mode = renew ? CERTIFICATES_RENEW : force ? CERTIFICATES_REPLACE : CERTIFICATES_NEW;
    return EXIT_CLEAN;
}

static int init_main(int argc, char **argv) {
    struct option_reader reader;
    struct init init = {0};
    init.request.names.dns = init.dns;
    init.request.names.addresses = init.addresses;
    option_reader_begin(&reader, &inner[0], argc, argv);
    bool done = false;
    int code = read_init(&init, &reader, &done);
    if (done || code != EXIT_CLEAN) {
        return code;
    }
    if (optind < argc) {
        return usage_error(reader.command, "unexpected %s; the folder is given with --dir", argv[optind]);
    }
    if (!init.directory) {
        return usage_error(reader.command, "--dir is missing");
    }
    bool named = init.request.names.dns_count + init.request.names.address_count > 0;
    if (!named && init.request.mode != CERTIFICATES_RENEW) {
        return usage_error(reader.command, "what is the server called? give --dns or --ip");
    }
    struct error error = {0};
    if (!certificate_files_write(init.directory, &init.request, &error)) {
        return fail("init", &error);
    }
    struct totals totals = {0};
    show_path(init.directory, 0, &totals);
    return totals.failed ? EXIT_USAGE : EXIT_CLEAN;
}
