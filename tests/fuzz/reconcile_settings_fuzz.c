// Any bytes as a configuration: settings within their bounds, or an error that says where.
#include "tests/fuzz/fuzz.h"

#include "manifest/yaml_reader.h"
#include "reconciler/reconcile_settings.h"

enum { DAY_S = 24 * 60 * 60, MOST_AT_ONCE = 1000 };

static void check_settings(const struct reconcile_settings *settings) {
    require(settings->attestation == UNATTESTED_HOLD || settings->attestation == UNATTESTED_GO_ON,
            "a choice");
    require(settings->drift == DRIFT_REPAIR || settings->drift == DRIFT_REPORT, "a choice");
    require(settings->drain_s >= 1 && settings->drain_s <= DAY_S, "a time to drain");
    require(settings->resync_s >= 1 && settings->resync_s <= DAY_S, "a time to look again");
    require(settings->upgrades_at_once >= 1 && settings->upgrades_at_once <= MOST_AT_ONCE, "upgrades go on");
    require(settings->deletes_at_once >= 1 && settings->deletes_at_once <= MOST_AT_ONCE, "deletes go on");
    require(settings->wave_count <= RECONCILE_MOST_WAVES, "waves have their place");
    require(!settings->wave_label == (settings->wave_count == 0), "waves have a label and an order");
    for (unsigned i = 0; i < settings->wave_count; i++) {
        require(settings->wave_order[i] != NULL, "a wave has a name");
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    CLEANUP(free) char *text = fuzz_text(data, size);
    CLEANUP(document_free) struct document *document = NULL;
    struct error error = {0};
    if (!yaml_read_one(text, size, &yaml_default_options, &document, &error)) {
        return 0;
    }
    struct reconcile_settings settings = {.drain_s = -1};
    if (reconcile_settings_read(document, "fleet.yaml", &settings, &error)) {
        check_settings(&settings);
    } else {
        require(settings.drain_s == -1, "outputs are untouched on failure");
        require(error.kind == ERROR_INVALID, "it is the file's fault");
        unsigned line, column;
        require(sscanf(error.message, "fleet.yaml:%u:%u: reconcile", &line, &column) == 2, "it says where");
    }
    return 0;
}
