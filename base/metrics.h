// Counters, gauges and histograms for Prometheus (text exposition 0.0.4). Any thread may count.
#pragma once

#include "base/buffer.h"

#include <stddef.h>
#include <stdint.h>

enum metric_type { METRIC_COUNTER, METRIC_GAUGE, METRIC_HISTOGRAM };

// Label values of one family that senders can grow are capped: after 256 series, new ones are counted
// together in the series whose labels all say "other".
enum { METRIC_MOST_SERIES = 256, METRIC_MOST_LABELS = 8, METRIC_MOST_BOUNDS = 24 };

struct metric_description {
    enum metric_type type;
    const char *name; // "fleetgate_admission_requests_total"
    const char *help;
    const char *labels[METRIC_MOST_LABELS]; // names; the rest NULL
    const double *bounds;                   // upper bounds of a histogram's buckets, rising, without +Inf
    size_t bound_count;                     // at most METRIC_MOST_BOUNDS
};

struct metrics;       // the registry
struct metric_family; // one name
struct metric;        // one series of it

struct metrics *metrics_new(void); // caller owns
void metrics_free(struct metrics *metrics);
DEFINE_CLEANUP(metrics_free, struct metrics *)

// Families are added before other threads start, and shown in that order. The description's texts are
// borrowed until metrics_free. The family is borrowed until metrics_free.
struct metric_family *metrics_add(struct metrics *metrics, const struct metric_description *description);

// The series with these values, one for each label; made when it is new. Finding one takes no lock. Borrowed
// until metrics_free.
struct metric *metric_series(struct metric_family *family, const char *const *values);

// Counters and gauges. Lock-free.
void metric_add(struct metric *metric, double amount);
void metric_set(struct metric *metric, double value);
double metric_value(const struct metric *metric); // of a histogram: its sum
// Histograms. Lock-free.
void metric_observe(struct metric *metric, double value);

// All families as text, for Content-Type "text/plain; version=0.0.4".
void metrics_write(const struct metrics *metrics, struct buffer *ret_text);
