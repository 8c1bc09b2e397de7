// What the gate costs beside a bare HTTPS server: processor time, latency, memory, start.
#include "base/memory.h"
#include "tests/bench/load.h"
#include "tests/bench/reviews.h"
#include "tests/bench/soak.h"
#include "tests/bench/stage.h"

#include <getopt.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>

enum { MOST_REPEATS = 99, STARTS = 7 };

static const char usage[] =
    "Usage: admission [OPTION…]\n"
    "\n"
    "Starts 'fleetgate serve' with eleven policies (the six that ship and five of tests/bench/policies) and "
    "a "
    "bare\n"
    "libmicrohttpd server with the same TLS settings, certificate and threads that answers a constant. Sends "
    "both the\n"
    "same reviews over keep-alive TLS connections, in turns, and prints for each:\n"
    "\n"
    "  CPU us     processor time of the server's threads for one request (/proc/PID/task/*/schedstat), least "
    "and median\n"
    "             of the repeats; the load generator is another process and not counted\n"
    "  ratio      median over the repeats of fleetgate's CPU us by the bare server's of the same turn\n"
    "  p50, p99   time from a request to its answer, of all repeats' median, on machines where client and "
    "server share\n"
    "             the processors\n"
    "  resident   VmRSS after the load\n"
    "  start      from exec to the first complete answer, median of 7\n"
    "\n"
    "Targets: ratio at most 4 with 1.3 kB and 6 with 10 kB, less than 20 MB resident, start at most 10 times "
    "the bare\n"
    "server's.\n"
    "\n"
    "  --fleetgate FILE   the program to measure (" FLEETGATE_PROGRAM ")\n"
    "  --seconds N        length of one turn (1)\n"
    "  --repeats N        turns of each server and body (7)\n"
    "  --connections N    at one time (16)\n"
    "  --threads N        of both servers (4)\n"
    "  --soak MINUTES     instead: constant load of good, denied and broken requests with reloads; prints "
    "how resident\n"
    "                     memory goes. Use a build with sanitizers to look for errors\n"
    "  --check            exit with 1 when a target is missed\n"
    "  --help             print this\n";

struct settings {
    const char *program;
    unsigned seconds, repeats, connections, threads, soak;
    bool check;
};

struct series {
    double cpu_us[MOST_REPEATS], p50_us[MOST_REPEATS], p99_us[MOST_REPEATS], per_second[MOST_REPEATS];
};

static int by_value(const void *a, const void *b) {
    double left = *(const double *)a;
    double right = *(const double *)b;
    return (left > right) - (left < right);
}

static double median(const double *values, unsigned count) {
    double sorted[MOST_REPEATS];
    memcpy(sorted, values, count * sizeof(*sorted));
    qsort(sorted, count, sizeof(*sorted), by_value);
    return count % 2 ? sorted[count / 2] : (sorted[count / 2 - 1] + sorted[count / 2]) / 2;
}

static double least(const double *values, unsigned count) {
    double smallest = values[0];
    for (unsigned i = 1; i < count; i++) {
        smallest = values[i] < smallest ? values[i] : smallest;
    }
    return smallest;
}

static bool take_turn(const struct server_process *process, const struct load_options *options,
                      unsigned index, struct series *series, struct error *error) {
    struct load_result result;
    struct load_options mine = *options;
    mine.port = process->port;
    uint64_t before = server_process_cpu_ns(process);
    if (!load_run(&mine, &result, error)) {
        return error_wrap(error, "%s", process->name);
    }
    uint64_t spent = server_process_cpu_ns(process) - before;
    if (result.failures > 0 || result.requests == 0) {
        return error_set(error, ERROR_INVALID, "%s: %llu of %llu requests failed, first: %s", process->name,
                         (unsigned long long)result.failures, (unsigned long long)result.requests,
                         result.first_failure);
    }
    series->cpu_us[index] = (double)spent / 1e3 / (double)result.requests;
    series->p50_us[index] = result.p50_us;
    series->p99_us[index] = result.p99_us;
    series->per_second[index] = (double)result.requests * 1e9 / (double)result.elapsed_ns;
    return true;
}

static void print_series(const char *body, const char *server, const struct series *series, unsigned count) {
    printf("%-8s %-10s %8.1f %8.1f %9.0f %9.0f %10.0f", body, server, least(series->cpu_us, count),
           median(series->cpu_us, count), median(series->p50_us, count), median(series->p99_us, count),
           median(series->per_second, count));
}

static bool compare(struct stage *stage, const struct settings *settings, enum review_body kind,
                    double target, bool *ret_met, struct error *error) {
    static struct series bare, gate;
    size_t length;
    CLEANUP(free) char *body = review_make(kind, 7, &length);
    const struct load_options options = {.connections = settings->connections,
                                         .duration_ns = settings->seconds * 1000000000ull,
                                         .body = body,
                                         .length = length,
                                         .expect = "\"allowed\":true"};
    double ratios[MOST_REPEATS];
    struct load_options warm = options;
    warm.duration_ns = 300000000;
    if (!take_turn(&stage->bare, &warm, 0, &bare, error) ||
        !take_turn(&stage->gate, &warm, 0, &gate, error)) {
        return false;
    }
    for (unsigned i = 0; i < settings->repeats; i++) {
        if (!take_turn(&stage->bare, &options, i, &bare, error) ||
            !take_turn(&stage->gate, &options, i, &gate, error)) {
            return false;
        }
        ratios[i] = gate.cpu_us[i] / bare.cpu_us[i];
    }
    char name[16];
    snprintf(name, sizeof(name), "%.1f kB", (double)length / 1000);
    double ratio = median(ratios, settings->repeats);
    print_series(name, "bare", &bare, settings->repeats);
    putchar('\n');
    print_series(name, "fleetgate", &gate, settings->repeats);
    printf("   ratio %.2f (target %.0f)%s\n", ratio, target, ratio > target ? " MISSED" : "");
    *ret_met = *ret_met && ratio <= target;
    return true;
}

static bool measure_start(struct stage *stage, struct server_process *process, double *ret_ms,
                          struct error *error) {
    double times[STARTS];
    for (unsigned i = 0; i < STARTS; i++) {
        uint64_t took;
        if (!stage_start(stage, process, &took, error)) {
            return false;
        }
        times[i] = (double)took / 1e6;
        server_process_stop(process);
    }
    *ret_ms = median(times, STARTS);
    return true;
}

static bool measure(struct stage *stage, const struct settings *settings, bool *ret_met,
                    struct error *error) {
    double bare_ms, gate_ms;
    uint64_t took;
    *ret_met = true;
    if (!measure_start(stage, &stage->bare, &bare_ms, error) ||
        !measure_start(stage, &stage->gate, &gate_ms, error) ||
        !stage_start(stage, &stage->bare, &took, error) || !stage_start(stage, &stage->gate, &took, error)) {
        return false;
    }
    printf("%-8s %-10s %8s %8s %9s %9s %10s\n", "body", "server", "CPU us", "median", "p50 us", "p99 us",
           "requests/s");
    if (!compare(stage, settings, REVIEW_SMALL, 4, ret_met, error) ||
        !compare(stage, settings, REVIEW_LARGE, 6, ret_met, error)) {
        return false;
    }
    double bare_mb = (double)server_process_memory_kb(&stage->bare, "VmRSS") / 1000;
    double gate_mb = (double)server_process_memory_kb(&stage->gate, "VmRSS") / 1000;
    printf("resident  bare %.1f MB, fleetgate %.1f MB (target 20)%s\n", bare_mb, gate_mb,
           gate_mb < 20 ? "" : " MISSED");
    printf("start     bare %.1f ms, fleetgate %.1f ms: %.1f times (target 10)%s\n", bare_ms, gate_ms,
           gate_ms / bare_ms, gate_ms <= 10 * bare_ms ? "" : " MISSED");
    *ret_met = *ret_met && gate_mb < 20 && gate_ms <= 10 * bare_ms;
    return true;
}

static bool soak(struct stage *stage, const struct settings *settings, bool *ret_met, struct error *error) {
    uint64_t took;
    if (!stage_start(stage, &stage->gate, &took, error)) {
        return false;
    }
    *ret_met = soak_run(stage, settings->soak, settings->connections);
    if (!*ret_met) {
        char command[200];
        snprintf(command, sizeof(command), "tail -n 40 %s >&2", stage->log);
        fputs(system(command) == 0 ? "FAILED\n" : "FAILED, and the gate wrote no log\n", stdout);
    }
    return true;
}

static unsigned read_number(const char *name, const char *text, unsigned most) {
    char *end;
    unsigned long value = strtoul(text, &end, 10);
    if (*end != '\0' || value == 0 || value > most) {
        fprintf(stderr, "admission: --%s: want 1 to %u, got %s\n", name, most, text);
        exit(2);
    }
    return (unsigned)value;
}

static void read_settings(int argc, char **argv, struct settings *settings) {
    static const struct option options[] = {{"fleetgate", required_argument, NULL, 'f'},
                                            {"seconds", required_argument, NULL, 's'},
                                            {"repeats", required_argument, NULL, 'r'},
                                            {"connections", required_argument, NULL, 'c'},
                                            {"threads", required_argument, NULL, 't'},
                                            {"soak", required_argument, NULL, 'k'},
                                            {"check", no_argument, NULL, 'x'},
                                            {"help", no_argument, NULL, 'h'},
                                            {NULL, 0, NULL, 0}};
    *settings = (struct settings){
        .program = FLEETGATE_PROGRAM, .seconds = 1, .repeats = 7, .connections = 16, .threads = 4};
    for (int letter, index = 0; (letter = getopt_long(argc, argv, "h", options, &index)) != -1;) {
        const char *name = options[index].name;
        switch (letter) {
        case 'f':
            settings->program = optarg;
            break;
        case 's':
            settings->seconds = read_number(name, optarg, 600);
            break;
        case 'r':
            settings->repeats = read_number(name, optarg, MOST_REPEATS);
            break;
        case 'c':
            settings->connections = read_number(name, optarg, 400);
            break;
        case 't':
            settings->threads = read_number(name, optarg, 64);
            break;
        case 'k':
            settings->soak = read_number(name, optarg, 100000);
            break;
        case 'x':
            settings->check = true;
            break;
        case 'h':
            fputs(usage, stdout);
            exit(0);
        default:
            fputs("try 'admission --help'\n", stderr);
            exit(2);
        }
    }
}

int main(int argc, char **argv) {
    struct settings settings;
    read_settings(argc, argv, &settings);
    signal(SIGPIPE, SIG_IGN);
    CLEANUP(stage_clear) struct stage stage = {0};
    struct error error = {0};
    bool met = false;
    if (!stage_make(&stage, settings.program, settings.threads, &error) ||
        !(settings.soak ? soak : measure)(&stage, &settings, &met, &error)) {
        fprintf(stderr, "admission: %s\n", error.message);
        return 2;
    }
    return met || (!settings.check && !settings.soak) ? 0 : 1;
}
