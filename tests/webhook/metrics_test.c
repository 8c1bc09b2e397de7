#include "base/metrics.h"

#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

static void shows_text_that_prometheus_reads(void **state) {
    (void)state;
    CLEANUP(metrics_free) struct metrics *metrics = metrics_new();
    static const double bounds[] = {0.1, 1, 2.5};
    struct metric_family *counter =
        metrics_add(metrics, &(struct metric_description){.type = METRIC_COUNTER,
                                                          .name = "requests_total",
                                                          .help = "Requests \"seen\" in a\\b\nand c.",
                                                          .labels = {"path", "code"}});
    struct metric_family *gauge = metrics_add(
        metrics, &(struct metric_description){.type = METRIC_GAUGE, .name = "temperature", .help = "Now."});
    struct metric_family *histogram =
        metrics_add(metrics, &(struct metric_description){.type = METRIC_HISTOGRAM,
                                                          .name = "seconds",
                                                          .help = "Time.",
                                                          .labels = {"kind"},
                                                          .bounds = bounds,
                                                          .bound_count = 3});
    const char *labels[] = {"a\"b\\c\nd", "200"};
    metric_add(metric_series(counter, labels), 2);
    metric_add(metric_series(counter, labels), 1);
    metric_set(metric_series(gauge, NULL), -1.25);
    const char *kind = "Cluster";
    struct metric *times = metric_series(histogram, &kind);
    metric_observe(times, 0.1);
    metric_observe(times, 0.5);
    metric_observe(times, 100);

    CLEANUP(buffer_clear) struct buffer text;
    buffer_init(&text, 65536);
    metrics_write(metrics, &text);
    assert_string_equal(buffer_text(&text), "# HELP requests_total Requests \"seen\" in a\\\\b\\nand c.\n"
                                            "# TYPE requests_total counter\n"
                                            "requests_total{path=\"a\\\"b\\\\c\\nd\",code=\"200\"} 3\n"
                                            "# HELP temperature Now.\n"
                                            "# TYPE temperature gauge\n"
                                            "temperature -1.25\n"
                                            "# HELP seconds Time.\n"
                                            "# TYPE seconds histogram\n"
                                            "seconds_bucket{kind=\"Cluster\",le=\"0.1\"} 1\n"
                                            "seconds_bucket{kind=\"Cluster\",le=\"1\"} 2\n"
                                            "seconds_bucket{kind=\"Cluster\",le=\"2.5\"} 2\n"
                                            "seconds_bucket{kind=\"Cluster\",le=\"+Inf\"} 3\n"
                                            "seconds_sum{kind=\"Cluster\"} 100.6\n"
                                            "seconds_count{kind=\"Cluster\"} 3\n");
}

static size_t count_lines(const char *text, const char *start) {
    size_t count = 0;
    for (const char *line = text; line; line = strchr(line, '\n')) {
        line += *line == '\n';
        count += strncmp(line, start, strlen(start)) == 0;
    }
    return count;
}

static void caps_what_senders_can_grow(void **state) {
    (void)state;
    CLEANUP(metrics_free) struct metrics *metrics = metrics_new();
    struct metric_family *family = metrics_add(
        metrics, &(struct metric_description){
                     .type = METRIC_COUNTER, .name = "kinds_total", .help = "Kinds.", .labels = {"kind"}});
    for (int i = 0; i < 10000; i++) {
        char kind[16];
        snprintf(kind, sizeof(kind), "Kind%d", i);
        const char *value = kind;
        metric_add(metric_series(family, &value), 1);
    }
    CLEANUP(buffer_clear) struct buffer text;
    buffer_init(&text, 1 << 20);
    metrics_write(metrics, &text);
    assert_int_equal(count_lines(buffer_text(&text), "kinds_total{"), METRIC_MOST_SERIES + 1);
    assert_non_null(strstr(buffer_text(&text), "kinds_total{kind=\"Kind0\"} 1\n"));
    assert_non_null(strstr(buffer_text(&text), "kinds_total{kind=\"other\"} 9744\n"));
}

struct load {
    struct metric_family *counters, *histograms;
    struct metrics *metrics;
};

static void *count_much(void *data) {
    const struct load *load = data;
    for (int i = 0; i < 20000; i++) {
        char name[16];
        snprintf(name, sizeof(name), "k%d", i % 300);
        const char *value = name;
        metric_add(metric_series(load->counters, &value), 1);
        metric_observe(metric_series(load->histograms, NULL), (double)(i % 4));
        if (i % 5000 == 0) {
            CLEANUP(buffer_clear) struct buffer text;
            buffer_init(&text, 1 << 20);
            metrics_write(load->metrics, &text);
        }
    }
    return NULL;
}

static void loses_no_count_between_threads(void **state) {
    (void)state;
    CLEANUP(metrics_free) struct metrics *metrics = metrics_new();
    static const double bounds[] = {0, 1, 2};
    struct load load = {
        .metrics = metrics,
        .counters = metrics_add(metrics, &(struct metric_description){.type = METRIC_COUNTER,
                                                                      .name = "counted_total",
                                                                      .help = "Counted.",
                                                                      .labels = {"kind"}}),
        .histograms = metrics_add(metrics, &(struct metric_description){.type = METRIC_HISTOGRAM,
                                                                        .name = "sizes",
                                                                        .help = "Sizes.",
                                                                        .bounds = bounds,
                                                                        .bound_count = 3}),
    };
    pthread_t threads[4];
    for (size_t i = 0; i < 4; i++) {
        assert_int_equal(pthread_create(&threads[i], NULL, count_much, &load), 0);
    }
    for (size_t i = 0; i < 4; i++) {
        pthread_join(threads[i], NULL);
    }
    CLEANUP(buffer_clear) struct buffer text;
    buffer_init(&text, 1 << 20);
    metrics_write(metrics, &text);
    unsigned long long total = 0;
    for (const char *line = buffer_text(&text); (line = strstr(line, "counted_total{")); line++) {
        total += strtoull(strchr(line, ' '), NULL, 10);
    }
    assert_int_equal(total, 80000);
    assert_non_null(strstr(buffer_text(&text), "sizes_bucket{le=\"0\"} 20000\n"));
    assert_non_null(strstr(buffer_text(&text), "sizes_bucket{le=\"+Inf\"} 80000\n"));
    assert_non_null(strstr(buffer_text(&text), "sizes_sum 120000\n"));
    assert_non_null(strstr(buffer_text(&text), "sizes_count 80000\n"));
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(shows_text_that_prometheus_reads),
        cmocka_unit_test(caps_what_senders_can_grow),
        cmocka_unit_test(loses_no_count_between_threads),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
