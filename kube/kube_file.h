// Small files that credentials live in: tokens, authorities, kubeconfigs.
#pragma once

#include "base/error.h"

#include <stddef.h>

enum { KUBE_LARGEST_FILE_BYTES = 1024 * 1024 };

// The whole text with a NUL; caller owns (free). Fails with NOT_FOUND, IO or LIMIT.
MUST_CHECK bool kube_file_read(const char *path, char **ret_text, size_t *ret_length, struct error *error);
// Overwrites a secret before it is freed; NULL is fine.
void kube_secret_free(char *secret);
DEFINE_CLEANUP(kube_secret_free, char *)
