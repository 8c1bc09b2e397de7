#include "webhook/decision_recorder.h"

#include "base/memory.h"

static const uint64_t patience_ns = 5000000000;

struct decision_recorder {
    struct decision_recorder_options options;
    struct gate_metrics *metrics;
    struct decision_mask *mask;
    struct decision_file *file;
};

bool decision_recorder_open(const struct decision_recorder_options *options, struct gate_metrics *metrics,
                            struct decision_recorder **ret_recorder, struct error *error) {
    *ret_recorder = NULL;
    if (!options->path) {
        return true;
    }
    CLEANUP(decision_mask_free) struct decision_mask *mask = NULL;
    if (!decision_mask_new(options->mask, options->mask_count, &mask, error)) {
        return error_wrap(error, "decision log");
    }
    const struct decision_file_options sink = {
        .path = options->path, .most_bytes = options->most_bytes, .keep = options->keep, .metrics = metrics};
    struct decision_file *file = NULL;
    if (!decision_file_open(&sink, &file, error)) {
        return false;
    }
    struct decision_recorder *recorder = memory_calloc(1, sizeof(*recorder));
    *recorder = (struct decision_recorder){
        .options = *options, .metrics = metrics, .mask = decision_mask_free_take(&mask), .file = file};
    *ret_recorder = recorder;
    return true;
}

void decision_recorder_take(struct decision_recorder *recorder, const struct decision_facts *facts) {
    if (!recorder || (recorder->options.denied_only && facts->decision->allowed)) {
        return;
    }
    struct buffer line;
    buffer_init(&line, LARGEST_DECISION_RECORD);
    if (!decision_record_append(facts, recorder->mask, &line)) {
        gate_metrics_decision_record(recorder->metrics, "failed");
        buffer_clear(&line);
        return;
    }
    size_t length = line.length;
    decision_file_put(recorder->file, buffer_take(&line), length);
}

void decision_recorder_reopen(struct decision_recorder *recorder) {
    if (recorder) {
        decision_file_reopen(recorder->file);
    }
}

void decision_recorder_close(struct decision_recorder *recorder) {
    if (recorder) {
        decision_file_close(recorder->file, patience_ns);
        decision_mask_free(recorder->mask);
        free(recorder);
    }
}
