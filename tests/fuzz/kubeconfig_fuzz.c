// Any bytes as a kubeconfig: a configuration that can be used, or an error that says where.
#include "tests/fuzz/fuzz.h"

#include "kube/kube_config.h"

#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

// One file for all inputs, in memory.
static const char *write_file(const uint8_t *data, size_t size) {
    static char path[64];
    static int file = -1;
    if (file < 0) {
        file = memfd_create("kubeconfig", MFD_CLOEXEC);
        snprintf(path, sizeof(path), "/proc/self/fd/%d", file);
    }
    require(file >= 0 && ftruncate(file, 0) == 0 && pwrite(file, data, size, 0) == (ssize_t)size,
            "the file is written");
    return path;
}

static void check_config(const struct kube_config *config) {
    require(config->server && *config->server && config->server[strlen(config->server) - 1] != '/',
            "a server");
    require(config->namespace && *config->namespace && config->source && *config->source,
            "a namespace, a source");
    require(!config->ca_file || !config->ca_data, "one authority");
    require(!config->token_file || *config->token_file == '/', "absolute files");
    require(!config->ca_file || *config->ca_file == '/', "absolute files");
    require(!config->client_cert_file || *config->client_cert_file == '/', "absolute files");
    require(!config->client_key_file || *config->client_key_file == '/', "absolute files");
    for (size_t i = 0; config->exec.command && config->exec.environment && config->exec.environment[i]; i++) {
        require(strchr(config->exec.environment[i], '='), "NAME=value");
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    const char *path = write_file(data, size);
    static const char *const contexts[] = {NULL, "b"};
    for (size_t i = 0; i < sizeof(contexts) / sizeof(contexts[0]); i++) {
        CLEANUP(kube_config_free) struct kube_config *config = NULL;
        struct error error = {0};
        if (kube_config_load(path, contexts[i], &config, &error)) {
            check_config(config);
        } else {
            require(!config && *error.message, "it is refused with words");
            require(error.kind == ERROR_INVALID || error.kind == ERROR_LIMIT || error.kind == ERROR_NOT_FOUND,
                    "the kind says whose fault it is");
        }
    }
    return 0;
}
