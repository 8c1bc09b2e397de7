// fleetgate run: a fleet without Kubernetes: a directory of manifests is the desired state.
#include "cli/commands.h"
#include "cli/policy_files.h"
#include "cli/run_messages.h"
#include "cli/state_options.h"
#include "cli/variables.h"
#include "embedded/management_cluster.h"
#include "reconciler/providers/sim_options.h"
#include "webhook/http_message.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/signalfd.h>
#include <sys/stat.h>
#include <unistd.h>

enum {
    OPTION_PROVIDER = OPTION_LONG,
    OPTION_UNTIL_IDLE,
    OPTION_INTERVAL,
    OPTION_AS,
    OPTION_VAR_FILE,
    OPTION_SIM_PACE,
    OPTION_SIM_SEED,
    OPTION_SIM_REGION,
    OPTION_SIM_FAULT,
    GO_ON = -1,
    MOST_VAR_FILES = 64,
    MOST_MESSAGE = 8192,
    IDLE_LOOK_MS = 100,
    IDLE_MS = 2000,
    WAITING_TIMES = 5, // longer when something waits: it may go on by itself
    NS_PER_MS = 1000000,
};

static const char *const providers[] = {"sim", NULL};

static const struct option_entry entries[] = {
    OPTIONS_STATE,
    OPTION_CONFIG,
    OPTION_POLICIES,
    {OPTION_VAR_FILE, "var-file", "FILE", "values for ${VAR}: NAME=VALUE lines; may be given several times",
     NULL},
    {OPTION_AS, "as", "USER", "who makes the changes, for policies (fleetgate-run)", NULL},
    {OPTION_PROVIDER, "provider", "NAME", "the cloud of clusters that name none: sim, an embedded one",
     providers},
    {OPTION_SIM_PACE, "sim-pace", "FACTOR", "how much faster than real time the embedded cloud works", NULL},
    {OPTION_SIM_SEED, "sim-seed", "NUMBER", "seed of its chances: the same one gives the same run", NULL},
    {OPTION_SIM_REGION, "sim-region", "NAME[=CLUSTERS[,NODES]]",
     "a region of it with its limits; again for each (without: any region)", NULL},
    {OPTION_SIM_FAULT, "sim-fault", "NAME=PROBABILITY",
     "how often a call or operation goes wrong; again for each", NULL},
    {OPTION_UNTIL_IDLE, "until-idle", "[=DURATION]",
     "end when nothing is left to do and nothing has happened for so long (2s)", NULL},
    {OPTION_INTERVAL, "interval", "DURATION", "ask again for what was refused this often (60s)", NULL},
    {'q', "quiet", NULL, "say only what goes wrong", NULL},
    {0, NULL, NULL, NULL, NULL},
};

const struct command run_command = {
    .name = "run",
    .arguments = "",
    .summary =
        "Runs a fleet without Kubernetes: a directory is the desired state, an embedded cloud the world",
    .details =
        "Follows --fleet DIR, which may be a git work tree, and takes every difference through the same\n"
        "doors as on a management cluster: an object that is new is a CREATE, one that is gone a DELETE.\n"
        "What passes is stored and carried out, step by step. What can't be read deletes nothing. The\n"
        "state outlives the process, however it ends. 'fleetgate get' and 'describe' show it meanwhile.\n"
        "\n"
        "On a terminal there is one line for each cluster, redrawn in place; elsewhere a line for each\n"
        "thing that happens. NO_COLOR is honoured. SIGTERM and SIGINT end it.\n"
        "\n"
        "Exit code: 0 ended by a signal, or idle; with --until-idle also 1 something was denied, 3 "
        "something\n"
        "could not be read or carried out; 2 usage or configuration, or another 'run' has the state.\n",
    .options = entries,
    .run = run_main,
};

struct run {
    struct state_options state;
    const char *configuration, *policies, *user;
    struct sim_settings sim;
    struct variables variables;
    uint64_t interval_ns, idle_ns;
    bool until_idle, quiet;
    char state_path[PATH_MAX];
    struct event_loop *loop;
    struct live_view *view;
    struct management_cluster *cluster;
    int signals; // of signalfd
    event_timer idle_timer;
    int64_t changed_ms; // when something happened last
    bool troubled;      // the directory can't be followed now
    int code;
};

// ---- options ----

static int read_duration(const char *name, const char *text, uint64_t *ret_ns) {
    struct error error;
    if (!http_duration_parse(text, ret_ns, &error) || *ret_ns == 0) {
        return usage_error(&run_command, "--%s: want a duration above 0, as 30s, got %s", name, text);
    }
    return GO_ON;
}

static int read_sim(struct run *run, int option, const char *value) {
    struct error error;
    enum sim_setting setting = option == OPTION_SIM_PACE     ? SIM_SETTING_PACE
                               : option == OPTION_SIM_SEED   ? SIM_SETTING_SEED
                               : option == OPTION_SIM_REGION ? SIM_SETTING_REGION
                                                             : SIM_SETTING_FAULT;
    return sim_settings_read(&run->sim, setting, value, &error)
               ? GO_ON
               : usage_error(&run_command, "%s", error.message);
}

static int read_one(struct run *run, int option, const char *value) {
    struct error error;
    if (state_options_read(&run->state, option, value)) {
        return GO_ON;
    }
    switch (option) {
    case 'c':
        run->configuration = value;
        return GO_ON;
    case 'p':
        run->policies = value;
        return GO_ON;
    case 'q':
        run->quiet = true;
        return GO_ON;
    case OPTION_AS:
        run->user = value;
        return GO_ON;
    case OPTION_INTERVAL:
        return read_duration("interval", value, &run->interval_ns);
    case OPTION_UNTIL_IDLE:
        run->until_idle = true;
        return value ? read_duration("until-idle", value, &run->idle_ns) : GO_ON;
    case OPTION_PROVIDER:
        return option_choice(providers, value) >= 0
                   ? GO_ON
                   : usage_error(&run_command, "--provider: there is sim, got %s", value);
    case OPTION_VAR_FILE:
        return variables_read_file(&run->variables, value, &error)
                   ? GO_ON
                   : usage_error(&run_command, "%s", error.message);
    case OPTION_HELP:
    case OPTION_WRONG:
        return options_exit(option);
    default:
        return read_sim(run, option, value);
    }
}

static int read_options(struct run *run, int argc, char **argv) {
    struct option_reader reader;
    struct stat status;
    option_reader_begin(&reader, &run_command, argc, argv);
    for (int option; (option = option_reader_next(&reader)) != OPTION_END;) {
        int code = read_one(run, option, reader.value);
        if (code != GO_ON) {
            return code;
        }
    }
    if (optind < argc) {
        return usage_error(&run_command, "unexpected argument %s", argv[optind]);
    }
    if (!run->state.fleet) {
        return usage_error(&run_command, "--fleet DIR is needed");
    }
    // Later it may vanish and come back; at the start that is a slip of the pen.
    bool exists = stat(run->state.fleet, &status) == 0;
    if (!exists || !S_ISDIR(status.st_mode)) {
        return usage_error(&run_command, "%s: %s", run->state.fleet,
                           exists ? "is no directory" : "no such directory");
    }
    return GO_ON;
}

// ---- what the management cluster tells ----

static void note(struct run *run) {
    run->changed_ms = event_loop_now_ms(run->loop);
}

static void on_progress(void *cookie, const struct cluster_progress *progress) {
    struct run *run = cookie;
    if (live_view_cluster(run->view, progress)) {
        note(run);
    }
}

static void on_report(void *cookie, const struct door_report *report) {
    struct run *run = cookie;
    note(run);
    run_say_report(run->view, report);
}

static void on_denied(void *cookie, const struct object_key *key, const char *text) {
    struct run *run = cookie;
    note(run);
    run_say_denied(run->view, key, text);
}

static void on_trouble(void *cookie, const char *problem) {
    struct run *run = cookie;
    char text[MOST_MESSAGE];
    note(run);
    run->troubled = problem != NULL;
    snprintf(text, sizeof(text), "%s%s", problem ? problem : run->state.fleet,
             problem ? "; nothing is changed meanwhile" : ": can be read again");
    live_view_say(run->view, problem ? TONE_WARNING : TONE_GOOD, text);
}

static void on_reload(void *cookie, const char *problem) {
    struct run *run = cookie;
    char text[MOST_MESSAGE];
    note(run);
    snprintf(text, sizeof(text), "%s%s",
             problem ? "policies are not loaded, the old ones stay in force: " : "policies are loaded again",
             problem ? problem : "");
    live_view_say(run->view, problem ? TONE_BAD : TONE_GOOD, text);
}

static void on_failure(void *cookie, const char *why) {
    struct run *run = cookie;
    char text[MOST_MESSAGE];
    snprintf(text, sizeof(text), "the state can't be written: %s", why);
    live_view_say(run->view, TONE_BAD, text);
    run->code = EXIT_NOT_EVALUATED;
    event_loop_stop(run->loop);
}

static bool load_policies(void *cookie, struct policy_set **ret_policies, struct error *error) {
    const struct run *run = cookie;
    const struct policy_set_request request = {
        .configuration = run->configuration, .policies = run->policies, .evaluators = 1};
    return policy_files_load(&request, ret_policies, error);
}

// ---- the end ----

static int exit_code_of(const struct run *run, const struct management_cluster_state *state) {
    if (state->doors.refused + state->reconciler.refused > 0) {
        return EXIT_DENIED;
    }
    bool failed =
        run->troubled || state->doors.unreadable + state->doors.failed + state->reconciler.failed > 0;
    return failed ? EXIT_NOT_EVALUATED : EXIT_CLEAN;
}

static void look_whether_idle(void *cookie) {
    struct run *run = cookie;
    struct management_cluster_state state = management_cluster_state(run->cluster);
    int64_t calm_ms = event_loop_now_ms(run->loop) - run->changed_ms;
    int64_t wanted_ms = (int64_t)(run->idle_ns / NS_PER_MS) * (state.waits ? WAITING_TIMES : 1);
    run->idle_timer = 0;
    if (!state.quiet && !run->troubled) {
        note(run);
    } else if (calm_ms >= wanted_ms) {
        run->code = exit_code_of(run, &state);
        event_loop_stop(run->loop);
        return;
    }
    run->idle_timer = event_loop_after(run->loop, IDLE_LOOK_MS, look_whether_idle, run);
}

static void on_signal(void *cookie) {
    struct run *run = cookie;
    struct signalfd_siginfo info;
    while (read(run->signals, &info, sizeof(info)) == (ssize_t)sizeof(info)) {
        if (info.ssi_signo == SIGWINCH) {
            live_view_resized(run->view);
        } else {
            event_loop_stop(run->loop);
        }
    }
}

// Before any thread starts, so that none takes them.
static bool catch_signals(struct run *run, struct error *error) {
    sigset_t signals;
    sigemptyset(&signals);
    sigaddset(&signals, SIGTERM);
    sigaddset(&signals, SIGINT);
    sigaddset(&signals, SIGHUP);
    sigaddset(&signals, SIGWINCH);
    pthread_sigmask(SIG_BLOCK, &signals, NULL);
    run->signals = signalfd(-1, &signals, SFD_NONBLOCK | SFD_CLOEXEC);
    if (run->signals < 0) {
        return error_set(error, ERROR_IO, "signals can't be read: %s", strerror(errno));
    }
    event_loop_watch(run->loop, run->signals, on_signal, run);
    return true;
}

static bool start(struct run *run, struct error *error) {
    struct substitution substitution = variables_substitution(&run->variables);
    const struct management_cluster_options options = {
        .loop = run->loop,
        .fleet = run->state.fleet,
        .state = run->state_path,
        .substitution = &substitution,
        .user = run->user,
        .ask_again_ms = (int64_t)(run->interval_ns / NS_PER_MS),
        .sim = run->sim.options,
        .load = load_policies,
        .load_cookie = run,
        .rule_paths = {run->configuration, run->policies},
        .observer = {.progress = on_progress,
                     .reported = on_report,
                     .denied = on_denied,
                     .troubled = on_trouble,
                     .reloaded = on_reload,
                     .failed = on_failure,
                     .cookie = run},
    };
    if (!state_options_path(&run->state, run->state_path, error) || !catch_signals(run, error) ||
        !management_cluster_open(&options, &run->cluster, error)) {
        return false;
    }
    char text[MOST_MESSAGE];
    snprintf(text, sizeof(text), "following %s; the state is in %s", run->state.fleet, run->state_path);
    live_view_say(run->view, TONE_PLAIN, text);
    note(run);
    if (run->until_idle) {
        run->idle_timer = event_loop_after(run->loop, IDLE_LOOK_MS, look_whether_idle, run);
    }
    event_loop_run(run->loop);
    return true;
}

static void stop(struct run *run) {
    event_loop_cancel(run->loop, run->idle_timer);
    management_cluster_free(run->cluster);
    live_view_free(run->view);
    if (run->signals >= 0) {
        event_loop_unwatch(run->loop, run->signals);
        close(run->signals);
    }
    event_loop_free(run->loop);
}

int run_main(int argc, char **argv) {
    struct run run = {.user = "fleetgate-run", .signals = -1, .idle_ns = IDLE_MS * (uint64_t)NS_PER_MS};
    struct error error = {0};
    variables_init(&run.variables);
    sim_settings_init(&run.sim);
    int code = read_options(&run, argc, argv);
    if (code == GO_ON) {
        umask(077); // kubeconfigs and keys are in the state
        run.loop = event_loop_new();
        run.view = live_view_new(&(struct live_view_options){.loop = run.loop,
                                                             .descriptor = STDOUT_FILENO,
                                                             .terminal = terminal_of(STDOUT_FILENO),
                                                             .title = run.state.fleet,
                                                             .quiet = run.quiet});
        bool started = start(&run, &error);
        stop(&run);
        code = run.code;
        if (!started) {
            fprintf(stderr, "fleetgate run: %s\n", error.message);
            code = EXIT_USAGE;
        }
    }
    sim_settings_clear(&run.sim);
    variables_clear(&run.variables);
    return code;
}
