#include "kube/kube_file.h"

#include "manifest/manifest_files.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

bool kube_file_read(const char *path, char **ret_text, size_t *ret_length, struct error *error) {
    int descriptor = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY);
    if (descriptor < 0) {
        return error_set(error, errno == ENOENT ? ERROR_NOT_FOUND : ERROR_IO, "%s: %s", path,
                         strerror(errno));
    }
    bool read = manifest_file_read(descriptor, KUBE_LARGEST_FILE_BYTES, ret_text, ret_length, error);
    close(descriptor);
    return read ? true : error_wrap(error, "%s", path);
}

void kube_secret_free(char *secret) {
    if (secret) {
        explicit_bzero(secret, strlen(secret));
        free(secret);
    }
}
