#include "base/metrics.h"

#include "base/memory.h"

#include <assert.h>
#include <math.h>
#include <pthread.h>
#include <stdatomic.h>
#include <string.h>

// Twice the series that may be there, so that a search ends soon; a power of two.
enum { SLOTS = 2 * METRIC_MOST_SERIES };

struct metric {
    const struct metric_family *family;
    uint64_t hash;
    char *values[METRIC_MOST_LABELS];
    _Atomic(uint64_t) value; // bits of a double
    _Atomic(uint64_t) buckets[];
};

struct metric_family {
    struct metric_family *next;
    struct metric_description description;
    size_t label_count;
    pthread_mutex_t growing; // held while a series is added
    size_t series_count;
    struct metric *series[METRIC_MOST_SERIES + 1]; // in order of birth; the last may be "other"
    _Atomic(size_t) series_shown;
    _Atomic(struct metric *) slots[SLOTS]; // open addressing; a slot never changes once it is set
    struct metric *other;
};

struct metrics {
    struct metric_family *first;
    struct metric_family **end;
};

struct metrics *metrics_new(void) {
    struct metrics *metrics = memory_calloc(1, sizeof(*metrics));
    metrics->end = &metrics->first;
    return metrics;
}

static void free_family(struct metric_family *family) {
    for (size_t i = 0; i < family->series_count; i++) {
        for (size_t label = 0; label < family->label_count; label++) {
            free(family->series[i]->values[label]);
        }
        free(family->series[i]);
    }
    pthread_mutex_destroy(&family->growing);
    free(family);
}

void metrics_free(struct metrics *metrics) {
    if (!metrics) {
        return;
    }
    for (struct metric_family *family = metrics->first, *next; family; family = next) {
        next = family->next;
        free_family(family);
    }
    free(metrics);
}

struct metric_family *metrics_add(struct metrics *metrics, const struct metric_description *description) {
    assert(description->bound_count <= METRIC_MOST_BOUNDS);
    struct metric_family *family = memory_calloc(1, sizeof(*family));
    family->description = *description;
    while (family->label_count < METRIC_MOST_LABELS && description->labels[family->label_count]) {
        family->label_count++;
    }
    pthread_mutex_init(&family->growing, NULL);
    *metrics->end = family;
    metrics->end = &family->next;
    return family;
}

// FNV-1a over the values with their ends, so that ("a","bc") and ("ab","c") differ.
static uint64_t hash_values(const struct metric_family *family, const char *const *values) {
    uint64_t hash = 0xcbf29ce484222325u;
    for (size_t i = 0; i < family->label_count; i++) {
        const unsigned char *byte = (const unsigned char *)values[i];
        do {
            hash = (hash ^ *byte) * 0x100000001b3u;
        } while (*byte++);
    }
    return hash;
}

static bool same_values(const struct metric *metric, const char *const *values) {
    for (size_t i = 0; i < metric->family->label_count; i++) {
        if (strcmp(metric->values[i], values[i]) != 0) {
            return false;
        }
    }
    return true;
}

// The series, or NULL; *ret_slot is then the free slot where the search ended.
static struct metric *search(struct metric_family *family, uint64_t hash, const char *const *values,
                             size_t *ret_slot) {
    size_t slot = hash % SLOTS;
    for (;; slot = (slot + 1) % SLOTS) {
        struct metric *metric = atomic_load_explicit(&family->slots[slot], memory_order_acquire);
        if (!metric) {
            *ret_slot = slot;
            return NULL;
        }
        if (metric->hash == hash && same_values(metric, values)) {
            return metric;
        }
    }
}

static struct metric *make_series(struct metric_family *family, uint64_t hash, const char *const *values) {
    size_t buckets = family->description.type == METRIC_HISTOGRAM ? family->description.bound_count + 1 : 0;
    struct metric *metric = memory_calloc(1, sizeof(*metric) + buckets * sizeof(metric->buckets[0]));
    metric->family = family;
    metric->hash = hash;
    for (size_t i = 0; i < family->label_count; i++) {
        metric->values[i] = memory_strdup(values ? values[i] : "other");
    }
    family->series[family->series_count++] = metric;
    atomic_store_explicit(&family->series_shown, family->series_count, memory_order_release);
    return metric;
}

struct metric *metric_series(struct metric_family *family, const char *const *values) {
    uint64_t hash = hash_values(family, values);
    size_t slot;
    struct metric *metric = search(family, hash, values, &slot);
    if (metric) {
        return metric;
    }
    pthread_mutex_lock(&family->growing);
    metric = search(family, hash, values, &slot);
    if (!metric && family->series_count < METRIC_MOST_SERIES) {
        metric = make_series(family, hash, values);
        atomic_store_explicit(&family->slots[slot], metric, memory_order_release);
    } else if (!metric) {
        family->other = family->other ? family->other : make_series(family, 0, NULL);
        metric = family->other;
    }
    pthread_mutex_unlock(&family->growing);
    return metric;
}

static uint64_t to_bits(double value) {
    uint64_t bits;
    memcpy(&bits, &value, sizeof(bits));
    return bits;
}

static double from_bits(uint64_t bits) {
    double value;
    memcpy(&value, &bits, sizeof(value));
    return value;
}

void metric_add(struct metric *metric, double amount) {
    uint64_t seen = atomic_load_explicit(&metric->value, memory_order_relaxed);
    while (!atomic_compare_exchange_weak_explicit(&metric->value, &seen, to_bits(from_bits(seen) + amount),
                                                  memory_order_relaxed, memory_order_relaxed)) {
    }
}

void metric_set(struct metric *metric, double value) {
    atomic_store_explicit(&metric->value, to_bits(value), memory_order_relaxed);
}

double metric_value(const struct metric *metric) {
    return from_bits(atomic_load_explicit(&metric->value, memory_order_relaxed));
}

void metric_observe(struct metric *metric, double value) {
    const struct metric_description *description = &metric->family->description;
    size_t bucket = 0;
    while (bucket < description->bound_count && value > description->bounds[bucket]) {
        bucket++;
    }
    atomic_fetch_add_explicit(&metric->buckets[bucket], 1, memory_order_relaxed);
    metric_add(metric, value);
}

// In a HELP line a quote stands as it is; in a label value it is escaped.
static void append_escaped(struct buffer *text, const char *value, bool quotes) {
    for (; *value; value++) {
        if (*value == '\\') {
            buffer_append_text(text, "\\\\");
        } else if (*value == '\n') {
            buffer_append_text(text, "\\n");
        } else if (*value == '"' && quotes) {
            buffer_append_text(text, "\\\"");
        } else {
            buffer_append_char(text, *value);
        }
    }
}

static void append_number(struct buffer *text, double value) {
    if (isinf(value)) {
        buffer_append_text(text, value > 0 ? "+Inf" : "-Inf");
    } else if (value > -1e15 && value < 1e15 && value == (double)(int64_t)value) {
        buffer_printf(text, "%.0f", value);
    } else {
        // 12 digits: a time of day keeps its milliseconds, and 0.1 comes out as 0.1.
        buffer_printf(text, "%.12g", value);
    }
}

// One line. bound (a histogram's "le") may be NULL.
static void append_sample(struct buffer *text, const struct metric *metric, const char *suffix,
                          const double *bound, double value) {
    const struct metric_description *description = &metric->family->description;
    buffer_printf(text, "%s%s", description->name, suffix);
    size_t count = metric->family->label_count;
    if (count > 0 || bound) {
        buffer_append_char(text, '{');
    }
    for (size_t i = 0; i < count; i++) {
        buffer_printf(text, "%s%s=\"", i ? "," : "", description->labels[i]);
        append_escaped(text, metric->values[i], true);
        buffer_append_char(text, '"');
    }
    if (bound) {
        buffer_printf(text, "%sle=\"", count ? "," : "");
        append_number(text, *bound);
        buffer_append_char(text, '"');
    }
    buffer_append_text(text, count > 0 || bound ? "} " : " ");
    append_number(text, value);
    buffer_append_char(text, '\n');
}

// The count is the sum of the buckets read here, so that the +Inf bucket equals it even while others count.
static void append_histogram(struct buffer *text, const struct metric *metric) {
    const struct metric_description *description = &metric->family->description;
    uint64_t total = 0;
    for (size_t i = 0; i <= description->bound_count; i++) {
        total += atomic_load_explicit(&metric->buckets[i], memory_order_relaxed);
        double bound = i < description->bound_count ? description->bounds[i] : (double)INFINITY;
        append_sample(text, metric, "_bucket", &bound, (double)total);
    }
    append_sample(text, metric, "_sum", NULL, metric_value(metric));
    append_sample(text, metric, "_count", NULL, (double)total);
}

static void append_family(struct buffer *text, struct metric_family *family) {
    static const char *const types[] = {"counter", "gauge", "histogram"};
    buffer_printf(text, "# HELP %s ", family->description.name);
    append_escaped(text, family->description.help, false);
    buffer_printf(text, "\n# TYPE %s %s\n", family->description.name, types[family->description.type]);
    size_t count = atomic_load_explicit(&family->series_shown, memory_order_acquire);
    for (size_t i = 0; i < count; i++) {
        if (family->description.type == METRIC_HISTOGRAM) {
            append_histogram(text, family->series[i]);
        } else {
            append_sample(text, family->series[i], "", NULL, metric_value(family->series[i]));
        }
    }
}

void metrics_write(const struct metrics *metrics, struct buffer *ret_text) {
    for (struct metric_family *family = metrics->first; family; family = family->next) {
        append_family(ret_text, family);
    }
}
