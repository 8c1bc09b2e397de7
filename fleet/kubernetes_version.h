// Kubernetes versions as clusters declare them: read, compared, and told apart from aliases like "latest".
#pragma once

#include "base/attributes.h"

#include <stdbool.h>
#include <stdint.h>

enum version_suffix_kind {
    VERSION_PLAIN,        // v1.31.2
    VERSION_PRERELEASE,   // v1.33.0-rc.1, -alpha.3, -beta.0: older than the plain version
    VERSION_VENDOR_BUILD, // 1.31.2-gke.100, v1.30.2+rke2r1, -eks-1-19-4: newer than the plain version
};

struct kubernetes_version {
    uint32_t major, minor, patch;
    bool has_patch; // false for "1.31": patch is 0 then
    enum version_suffix_kind suffix_kind;
    char suffix[64]; // as written, with its '-', '+' or '_'; "" when there is none
};

enum version_outcome {
    VERSION_OK,
    VERSION_ALIAS,     // "latest", "-" or "": the provider chooses
    VERSION_MALFORMED, // anything else; also numbers over 9 digits and suffixes over 63 bytes
};

// ^v?(\d+)\.(\d+)(?:\.(\d+))?(?:-[0-9A-Za-z.-]+)?(?:[+_][0-9A-Za-z.-]+)?$ (reference/domain.md 2.1).
// *ret_version is set only on VERSION_OK. text may be NULL: malformed.
MUST_CHECK enum version_outcome kubernetes_version_parse(const char *text,
                                                         struct kubernetes_version *ret_version);

// < 0, 0, > 0. By major, minor, patch (missing: 0), then prerelease before plain before vendor build; builds
// compare with digits as numbers (rke2r9 < rke2r10) and whichever of '-', '+' and '_' leads them.
int kubernetes_version_compare(const struct kubernetes_version *a, const struct kubernetes_version *b);

// a.minor - b.minor; false when the majors differ (OpenShift's 4.y against Kubernetes' 1.y).
MUST_CHECK bool kubernetes_version_minor_distance(const struct kubernetes_version *a,
                                                  const struct kubernetes_version *b, int64_t *ret_distance);
