#include "cli/state_options.h"

#include "base/sha256.h"
#include "embedded/state_directory.h"

#include <ctype.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

enum { MOST_NAME = 40 };

bool state_options_read(struct state_options *options, int option, const char *value) {
    if (option == OPTION_FLEET) {
        options->fleet = value;
    } else if (option == OPTION_STATE) {
        options->state = value;
    } else {
        return false;
    }
    return true;
}

// As realpath gives it, or as near to it as can be for a directory that is not there.
static bool absolute_path(const char *path, char ret_path[PATH_MAX]) {
    char here[PATH_MAX];
    if (realpath(path, ret_path)) {
        return true;
    }
    bool is_absolute = *path == '/';
    if (!is_absolute && !getcwd(here, sizeof(here))) {
        return false;
    }
    int wanted = is_absolute ? snprintf(ret_path, PATH_MAX, "%s", path)
                             : snprintf(ret_path, PATH_MAX, "%s/%s", here, path);
    for (size_t end = strlen(ret_path); wanted < PATH_MAX && end > 1 && ret_path[end - 1] == '/'; end--) {
        ret_path[end - 1] = '\0';
    }
    return wanted < PATH_MAX;
}

// "fleet-1a2b3c4d": the last name of the path for people, the digest because two may be called alike.
static void name_of(const char *path, char ret_name[MOST_NAME + 10]) {
    const char *slash = strrchr(path, '/');
    const char *last = slash && slash[1] ? slash + 1 : "fleet";
    size_t length = 0;
    for (; last[length] && length < MOST_NAME; length++) {
        char letter = last[length];
        ret_name[length] = isalnum((unsigned char)letter) || strchr("-_.", letter) ? letter : '-';
    }
    char digest[SHA256_HEX_BYTES];
    sha256_hex(path, strlen(path), digest);
    snprintf(ret_name + length, 10, "-%.8s", digest);
}

bool state_options_given(const struct state_options *options) {
    return options->fleet || options->state;
}

bool state_options_path(const struct state_options *options, char ret_path[PATH_MAX], struct error *error) {
    char fleet[PATH_MAX];
    char name[MOST_NAME + 10];
    if (!state_options_given(options)) {
        return error_set(error, ERROR_INVALID, "--fleet DIR or --state DIR is needed");
    }
    const char *base = getenv("XDG_STATE_HOME");
    const char *home = getenv("HOME");
    int wanted;
    if (options->state) {
        wanted = snprintf(ret_path, PATH_MAX, "%s", options->state);
    } else if (!absolute_path(options->fleet, fleet)) {
        return error_set(error, ERROR_INVALID, "%s: its path is too long", options->fleet);
    } else {
        name_of(fleet, name);
        wanted = base && *base == '/' ? snprintf(ret_path, PATH_MAX, "%s/fleetgate/%s", base, name)
                                      : snprintf(ret_path, PATH_MAX, "%s/.local/state/fleetgate/%s",
                                                 home && *home ? home : "/var/tmp", name);
    }
    return wanted < PATH_MAX || error_set(error, ERROR_INVALID, "the path of the state is too long");
}

bool state_options_find(const struct state_options *options, char ret_path[PATH_MAX], struct error *error) {
    char file[PATH_MAX + sizeof("/" STATE_OBJECTS_FILE)];
    if (!state_options_path(options, ret_path, error)) {
        return false;
    }
    snprintf(file, sizeof(file), "%s/" STATE_OBJECTS_FILE, ret_path);
    return access(file, F_OK) == 0 || state_options_missing(ret_path, error);
}

bool state_options_missing(const char *path, struct error *error) {
    return error_set(error, ERROR_NOT_FOUND, "%s: no state of 'fleetgate run' is there", path);
}
