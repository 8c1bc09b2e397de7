// What the configuration says about carrying out: the section "reconcile".
#pragma once

#include "base/document.h"
#include "base/error.h"

#include <stdint.h>

enum on_unattested { UNATTESTED_HOLD, UNATTESTED_GO_ON };
enum on_drift { DRIFT_REPAIR, DRIFT_REPORT };

enum { RECONCILE_MOST_WAVES = 16 };

struct reconcile_settings {
    enum on_unattested attestation; // "attestation": hold (default) | go_on
    enum on_drift drift;            // "drift": repair (default) | report
    int64_t drain_s;                // "drain": "5m" (default) of nodes whose objects don't say
    int64_t resync_s;               // "resync": "1m" (default), a look at a cluster that is as it should be
    unsigned upgrades_at_once;      // "upgrades.at_once": 5 (default), clusters over the fleet
    unsigned deletes_at_once;       // "deletes.at_once": 2 (default)
    // "waves": {label: environment, order: [dev, staging, production]}: an upgrade starts only when no
    // cluster of an earlier wave has still to reach that minor version. Clusters without the label, or with
    // another value, are last.
    const char *wave_label; // NULL: no waves
    const char *wave_order[RECONCILE_MOST_WAVES];
    unsigned wave_count;
};

// The defaults, where there is no such section. Texts are borrowed from the document. Fails with INVALID and
// "FILE:line:column: path: what", as the rest of the configuration does. document may be NULL.
MUST_CHECK bool reconcile_settings_read(const struct document *document, const char *file,
                                        struct reconcile_settings *ret_settings, struct error *error);
