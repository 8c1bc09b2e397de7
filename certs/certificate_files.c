#include "certs/certificate_files.h"

#include "base/buffer.h"
#include "certs/certificate_info.h"
#include "certs/generation.h"

#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

enum { LARGEST_FILE_BYTES = 1024 * 1024 };

static bool path_of(const char *directory, const char *name, char path[PATH_MAX], struct error *error) {
    int wanted = snprintf(path, PATH_MAX, "%s/%s", directory, name);
    return wanted < PATH_MAX ? true : error_set(error, ERROR_INVALID, "%s: path too long", directory);
}

static void fclose_cleanup(FILE **file) {
    if (*file) {
        fclose(*file);
    }
}

static bool read_file(const char *directory, const char *name, char **ret_text, struct error *error) {
    char path[PATH_MAX];
    if (!path_of(directory, name, path, error)) {
        return false;
    }
    CLEANUP(fclose) FILE *file = fopen(path, "re");
    if (!file) {
        return error_set(error, errno == ENOENT ? ERROR_NOT_FOUND : ERROR_IO, "%s: %s", path,
                         strerror(errno));
    }
    CLEANUP(buffer_clear) struct buffer text;
    buffer_init(&text, LARGEST_FILE_BYTES);
    char chunk[4096];
    for (size_t length; (length = fread(chunk, 1, sizeof(chunk), file)) > 0;) {
        buffer_append(&text, chunk, length);
    }
    explicit_bzero(chunk, sizeof(chunk));
    if (ferror(file) || text.cut) {
        return error_set(error, ERROR_IO, "%s: can't be read, or over 1 MiB", path);
    }
    *ret_text = buffer_take(&text);
    return true;
}

static bool make_directory(const char *directory, struct error *error) {
    char path[PATH_MAX];
    if (!path_of(directory, "", path, error)) {
        return false;
    }
    for (char *slash = strchr(path + 1, '/'); slash; slash = strchr(slash + 1, '/')) {
        *slash = '\0';
        if (mkdir(path, 0755) != 0 && errno != EEXIST) {
            return error_set(error, ERROR_IO, "can't make %s: %s", path, strerror(errno));
        }
        *slash = '/';
    }
    return true;
}

static bool refuse_overwrite(const char *directory, struct error *error) {
    static const char *const names[] = {"ca.crt", "ca.key", "tls.crt", "tls.key"};
    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
        char path[PATH_MAX];
        struct stat status;
        if (!path_of(directory, names[i], path, error)) {
            return false;
        }
        if (stat(path, &status) == 0) {
            return error_set(
                error, ERROR_CONFLICT,
                "%s is there already; --renew issues a new serving certificate from that authority, "
                "--force replaces all",
                path);
        }
    }
    return true;
}

static bool read_authority(const char *directory, struct certificate_authority **ret_authority,
                           struct error *error) {
    CLEANUP(certificate_pair_clear) struct certificate_pair pair = {0};
    if (!read_file(directory, "ca.crt", &pair.certificate, error) ||
        !read_file(directory, "ca.key", &pair.key, error)) {
        return error_wrap(error, "no authority to renew from");
    }
    return certificate_authority_read(&pair, ret_authority, error)
               ? true
               : error_wrap(error, "%s/ca.crt", directory);
}

// Names that were not given are those of the certificate that is there. info keeps them; caller clears.
static bool choose_names(const char *directory, const struct certificates_request *request,
                         struct certificate_info *info, struct certificate_names *ret_names,
                         struct error *error) {
    *ret_names = request->names;
    bool given = request->names.dns_count + request->names.address_count > 0;
    if (given || request->mode != CERTIFICATES_RENEW) {
        return true;
    }
    char path[PATH_MAX];
    if (!path_of(directory, "tls.crt", path, error) || !certificate_info_read(path, info, error)) {
        return error_wrap(error, "no names given and no certificate to take them from");
    }
    *ret_names = (struct certificate_names){.dns = info->dns,
                                            .dns_count = info->dns_count,
                                            .addresses = info->addresses,
                                            .address_count = info->address_count};
    return true;
}

bool certificate_files_write(const char *directory, const struct certificates_request *request,
                             struct error *error) {
    if (request->mode == CERTIFICATES_NEW && !refuse_overwrite(directory, error)) {
        return false;
    }
    CLEANUP(certificate_authority_free) struct certificate_authority *authority = NULL;
    CLEANUP(certificate_info_clear) struct certificate_info present = {0};
    CLEANUP(certificate_pair_clear) struct certificate_pair signer = {0};
    CLEANUP(certificate_pair_clear) struct certificate_pair leaf = {0};
    struct certificate_names names;
    bool made = request->mode == CERTIFICATES_RENEW
                    ? read_authority(directory, &authority, error)
                    : certificate_authority_new(AUTHORITY_DAYS, &authority, error);
    unsigned days = request->days ? request->days : LEAF_DAYS;
    if (!made || !choose_names(directory, request, &present, &names, error) ||
        !certificate_authority_issue(authority, &names, days, &leaf, error) ||
        !certificate_authority_export(authority, &signer, error) || !make_directory(directory, error)) {
        return false;
    }
    const struct generation_file files[] = {
        {.name = "ca.crt", .text = signer.certificate, .mode = 0644},
        {.name = "ca.key", .text = signer.key, .mode = 0600},
        {.name = "tls.crt", .text = leaf.certificate, .mode = 0644},
        {.name = "tls.key", .text = leaf.key, .mode = 0600},
    };
    return generation_write(directory, files, sizeof(files) / sizeof(files[0]), error);
}
