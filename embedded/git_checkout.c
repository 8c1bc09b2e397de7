#include "embedded/git_checkout.h"

#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

// What git keeps while it works, or while it waits for somebody to solve a conflict.
static const struct {
    const char *name, *what;
} signs[] = {
    {"index.lock", "git is changing files"},
    {"rebase-merge", "a rebase is under way"},
    {"rebase-apply", "a rebase or 'git am' is under way"},
    {"MERGE_HEAD", "a merge is not committed yet"},
    {"CHERRY_PICK_HEAD", "a cherry-pick is not committed yet"},
    {"REVERT_HEAD", "a revert is not committed yet"},
};

// Of linked work trees and submodules ".git" is a file: "gitdir: PATH".
static bool follow_link(const char *path, char ret_folder[PATH_MAX]) {
    char text[PATH_MAX];
    int descriptor = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
    ssize_t length = descriptor >= 0 ? read(descriptor, text, sizeof(text) - 1) : -1;
    if (descriptor >= 0) {
        close(descriptor);
    }
    static const char beginning[] = "gitdir: ";
    if (length < (ssize_t)strlen(beginning) || memcmp(text, beginning, strlen(beginning)) != 0) {
        return false;
    }
    text[length] = '\0';
    text[strcspn(text, "\r\n")] = '\0';
    const char *target = text + strlen(beginning);
    const char *slash = strrchr(path, '/');
    int wanted = *target == '/'
                     ? snprintf(ret_folder, PATH_MAX, "%s", target)
                     : snprintf(ret_folder, PATH_MAX, "%.*s/%s", (int)(slash - path), path, target);
    return wanted < PATH_MAX;
}

// The git folder of the work tree that holds the directory.
static bool find_folder(const char *directory, char ret_folder[PATH_MAX]) {
    char here[PATH_MAX];
    if (!realpath(directory, here)) {
        return false;
    }
    for (char *end = here + strlen(here);; end = strrchr(here, '/')) {
        if (!end) {
            return false;
        }
        *end = '\0';
        char path[PATH_MAX];
        struct stat status;
        if (snprintf(path, sizeof(path), "%s/.git", here) < (int)sizeof(path) && stat(path, &status) == 0) {
            return S_ISDIR(status.st_mode) ? snprintf(ret_folder, PATH_MAX, "%s", path) < PATH_MAX
                                           : follow_link(path, ret_folder);
        }
    }
}

bool git_checkout_is_busy(const char *directory, struct buffer *ret_why) {
    char folder[PATH_MAX];
    if (!find_folder(directory, folder)) {
        return false;
    }
    for (size_t i = 0; i < sizeof(signs) / sizeof(signs[0]); i++) {
        char path[PATH_MAX];
        struct stat status;
        if (snprintf(path, sizeof(path), "%s/%s", folder, signs[i].name) < (int)sizeof(path) &&
            lstat(path, &status) == 0) {
            buffer_printf(ret_why, "%s: %s", path, signs[i].what);
            return true;
        }
    }
    return false;
}
