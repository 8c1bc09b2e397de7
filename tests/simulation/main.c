// Runs seeds, in several processes, and tells which of them broke an invariant and how to see it again.
#include "base/memory.h"
#include "tests/simulation/world.h"

#include <getopt.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

enum { MOST_JOBS = 64, LAST_LINES = 60, MOST_FAILURES_SHOWN = 5 };

struct options {
    uint64_t first, seeds;
    int64_t jobs, crash_at, most_crashes;
    bool verbose, trace, crash_every, twice, broken_all, is_replay;
    enum broken broken;
};

// What all seeds of one job came to.
struct outcome {
    uint64_t seeds, failed, events, awaits;
    struct checker_counts counts;
};

static struct world_result run_seed(const struct world_shared *shared, const struct options *options,
                                    uint64_t seed, int64_t crash_at, unsigned last_lines) {
    struct world_result result;
    const struct world_options world = {
        .seed = seed, .broken = options->broken, .crash_at = crash_at, .prints = options->trace};
    world_run(shared, &world, last_lines, &result);
    return result;
}

static void add_counts(struct checker_counts *sum, const struct checker_counts *counts) {
    for (size_t i = 0; i < ACTION_COUNT; i++) {
        sum->starts[i] += counts->starts[i];
    }
    sum->approved += counts->approved;
    sum->refused += counts->refused;
    sum->crashes += counts->crashes;
    sum->changes += counts->changes;
}

static void tell_failure(const struct options *options, uint64_t seed, int64_t crash_at,
                         const struct world_result *result) {
    printf("FAIL seed %llu: %s: %s\n", (unsigned long long)seed, result->invariant, result->violation);
    printf("  see it again: fleet_simulation --replay %llu --trace", (unsigned long long)seed);
    if (crash_at != 0) {
        printf(" --crash-at %lld", (long long)crash_at);
    }
    if (options->broken) {
        printf(" --broken %s", broken_names[options->broken]);
    }
    putchar('\n');
}

// One seed, and with --twice once more: the same events must come.
static void judge_seed(const struct world_shared *shared, const struct options *options, uint64_t seed,
                       int64_t crash_at, struct outcome *outcome) {
    unsigned lines = outcome->failed < MOST_FAILURES_SHOWN ? LAST_LINES : 0;
    struct world_result result = run_seed(shared, options, seed, crash_at, options->verbose ? lines : 0);
    outcome->seeds++;
    outcome->events += result.events;
    outcome->awaits += (uint64_t)result.awaits;
    add_counts(&outcome->counts, &result.counts);
    bool failed = result.invariant != NULL;
    if (failed) {
        tell_failure(options, seed, crash_at, &result);
    }
    if (options->twice) {
        struct world_result again = run_seed(shared, options, seed, crash_at, 0);
        if (again.digest != result.digest || again.events != result.events) {
            printf("FAIL seed %llu: it does not replay: %llu events, then %llu\n", (unsigned long long)seed,
                   (unsigned long long)result.events, (unsigned long long)again.events);
            failed = true;
        }
    }
    if (options->is_replay) {
        printf("seed %llu: %llu events, %lld await points, %lld s, digest %016llx\n",
               (unsigned long long)seed, (unsigned long long)result.events, (long long)result.awaits,
               (long long)result.virtual_ms / 1000, (unsigned long long)result.digest);
    }
    outcome->failed += failed;
    fflush(stdout);
}

// Once for each await point of an undisturbed run, or for some of them.
static void crash_everywhere(const struct world_shared *shared, const struct options *options, uint64_t seed,
                             uint64_t job, struct outcome *outcome) {
    int64_t awaits = run_seed(shared, options, seed, -1, 0).awaits;
    int64_t stride = options->most_crashes > 0 ? awaits / options->most_crashes : 1;
    stride = stride > 1 ? stride : 1;
    for (int64_t at = 1 + (int64_t)job * stride; at <= awaits; at += options->jobs * stride) {
        judge_seed(shared, options, seed, at, outcome);
    }
}

static void run_job(const struct world_shared *shared, const struct options *options, uint64_t job,
                    struct outcome *outcome) {
    if (options->crash_every) {
        for (uint64_t seed = options->first; seed < options->first + options->seeds; seed++) {
            crash_everywhere(shared, options, seed, job, outcome);
        }
        return;
    }
    for (uint64_t seed = options->first + job; seed < options->first + options->seeds;
         seed += (uint64_t)options->jobs) {
        judge_seed(shared, options, seed, options->crash_at, outcome);
    }
}

static void add_outcome(struct outcome *sum, const struct outcome *outcome) {
    sum->seeds += outcome->seeds;
    sum->failed += outcome->failed;
    sum->events += outcome->events;
    sum->awaits += outcome->awaits;
    add_counts(&sum->counts, &outcome->counts);
}

// Each job is a process of its own: a crash of one ends not all.
static struct outcome run_jobs(const struct world_shared *shared, const struct options *options) {
    struct outcome sum = {0};
    int pipes[MOST_JOBS][2];
    fflush(stdout);
    for (int64_t job = 0; job < options->jobs; job++) {
        if (pipe(pipes[job]) != 0) {
            perror("pipe");
            exit(2);
        }
        pid_t child = fork();
        if (child == 0) {
            struct outcome outcome = {0};
            run_job(shared, options, (uint64_t)job, &outcome);
            bool told = write(pipes[job][1], &outcome, sizeof(outcome)) == sizeof(outcome);
            fflush(stdout);
            _exit(told ? 0 : 2);
        }
        close(pipes[job][1]);
    }
    for (int64_t job = 0; job < options->jobs; job++) {
        struct outcome outcome = {0};
        if (read(pipes[job][0], &outcome, sizeof(outcome)) != sizeof(outcome)) {
            printf("FAIL a job has crashed\n");
            outcome.failed = 1;
        }
        close(pipes[job][0]);
        add_outcome(&sum, &outcome);
    }
    while (wait(NULL) > 0) {
    }
    return sum;
}

static void tell(const struct outcome *outcome) {
    printf("%llu seeds, %llu failed; %llu events, %llu await points, %llu crashes, %llu changes, "
           "%llu approvals, %llu denials\n",
           (unsigned long long)outcome->seeds, (unsigned long long)outcome->failed,
           (unsigned long long)outcome->events, (unsigned long long)outcome->awaits,
           (unsigned long long)outcome->counts.crashes, (unsigned long long)outcome->counts.changes,
           (unsigned long long)outcome->counts.approved, (unsigned long long)outcome->counts.refused);
    printf("steps begun:");
    for (int action = ACTION_NONE + 1; action < ACTION_COUNT; action++) {
        printf(" %s %llu", provider_action_name((enum provider_action)action),
               (unsigned long long)outcome->counts.starts[action]);
    }
    putchar('\n');
}

// Can the invariants fail? Each thing that is made wrong must be noticed by some seed.
static int run_broken(const struct world_shared *shared, struct options *options) {
    int failed = 0;
    for (int broken = BROKEN_NOTHING + 1; broken < BROKEN_COUNT; broken++) {
        options->broken = (enum broken)broken;
        bool found = false;
        for (uint64_t seed = options->first; seed < options->first + options->seeds && !found; seed++) {
            struct world_result result = run_seed(shared, options, seed, options->crash_at, 0);
            found = result.invariant != NULL;
            if (found) {
                printf("ok broken %s is noticed: seed %llu: %s: %s\n", broken_names[broken],
                       (unsigned long long)seed, result.invariant, result.violation);
            }
        }
        if (!found) {
            printf("FAIL nobody notices that %s is broken\n", broken_names[broken]);
            failed = 1;
        }
    }
    return failed;
}

static int usage(void) {
    fputs("usage: fleet_simulation [--seeds N] [--first SEED] [--jobs N] [--verbose] [--twice]\n"
          "                        [--crash-every [--most-crashes N] | --crash-at AWAIT]\n"
          "                        [--broken NAME | --broken-all]\n"
          "       fleet_simulation --replay SEED [--trace] [--crash-at AWAIT] [--broken NAME]\n",
          stderr);
    return 2;
}

static bool parse_broken(const char *name, enum broken *ret_broken) {
    for (int broken = 0; broken < BROKEN_COUNT; broken++) {
        if (strcmp(broken_names[broken], name) == 0) {
            *ret_broken = (enum broken)broken;
            return true;
        }
    }
    return false;
}

static bool parse(int count, char **arguments, struct options *options) {
    static const struct option names[] = {
        {"seeds", required_argument, NULL, 's'},
        {"first", required_argument, NULL, 'f'},
        {"jobs", required_argument, NULL, 'j'},
        {"replay", required_argument, NULL, 'r'},
        {"verbose", no_argument, NULL, 'v'},
        {"trace", no_argument, NULL, 't'},
        {"twice", no_argument, NULL, '2'},
        {"crash-every", no_argument, NULL, 'e'},
        {"crash-at", required_argument, NULL, 'a'},
        {"broken", required_argument, NULL, 'b'},
        {"most-crashes", required_argument, NULL, 'm'},
        {"broken-all", no_argument, NULL, 'B'},
        {0},
    };
    for (int option; (option = getopt_long(count, arguments, "", names, NULL)) != -1;) {
        switch (option) {
        case 's':
            options->seeds = strtoull(optarg, NULL, 10);
            break;
        case 'f':
            options->first = strtoull(optarg, NULL, 10);
            break;
        case 'j':
            options->jobs = strtoll(optarg, NULL, 10);
            break;
        case 'r':
            options->is_replay = true;
            options->first = strtoull(optarg, NULL, 10);
            options->seeds = 1;
            break;
        case 'm':
            options->most_crashes = strtoll(optarg, NULL, 10);
            break;
        case 'a':
            options->crash_at = strtoll(optarg, NULL, 10);
            break;
        case 'b':
            if (!parse_broken(optarg, &options->broken)) {
                return false;
            }
            break;
        case 'v':
            options->verbose = true;
            break;
        case 't':
            options->trace = true;
            break;
        case '2':
            options->twice = true;
            break;
        case 'e':
            options->crash_every = true;
            break;
        case 'B':
            options->broken_all = true;
            break;
        default:
            return false;
        }
    }
    return optind == count && options->jobs >= 1 && options->jobs <= MOST_JOBS && options->seeds >= 1;
}

int main(int count, char **arguments) {
    struct options options = {.first = 1, .seeds = 100, .jobs = 1};
    setvbuf(stdout, NULL, _IOLBF, 0);
    if (!parse(count, arguments, &options)) {
        return usage();
    }
    struct world_shared shared;
    struct error error = {0};
    if (!world_shared_load(&shared, &error)) {
        fprintf(stderr, "fleet_simulation: %s\n", error.message);
        return 2;
    }
    int code = 0;
    if (options.broken_all) {
        code = run_broken(&shared, &options);
    } else {
        struct outcome outcome = {0};
        if (options.jobs == 1) {
            run_job(&shared, &options, 0, &outcome);
        } else {
            outcome = run_jobs(&shared, &options);
        }
        tell(&outcome);
        code = outcome.failed > 0;
    }
    world_shared_free(&shared);
    return code;
}
