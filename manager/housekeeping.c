#include "manager/housekeeping.h"

#include "base/clock.h"
#include "base/log.h"
#include "base/memory.h"
#include "kube/kube_lease.h"

#include <pthread.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

enum { SECOND_NS = 1000000000, LONGEST_NAP_SECONDS = 30 };

struct housekeeping {
    struct housekeeping_options options;
    struct kube_lease *lease;  // NULL: nobody else is there
    bool is_lease_ill;         // said once, not at each of the tries
    struct rotation *rotation; // NULL: the certificate comes from files
    const char *configurations[1];
    pthread_t thread;
    bool has_thread;
    pthread_mutex_t lock; // of what follows
    pthread_cond_t wake;
    bool stopping;
    uint64_t leads_until_ns;
    struct rotation_status certificates;
};

// True once it is time to end.
static bool wait_until(struct housekeeping *housekeeping, uint64_t until_ns) {
    const struct timespec until = {.tv_sec = (time_t)(until_ns / SECOND_NS),
                                   .tv_nsec = (long)(until_ns % SECOND_NS)};
    pthread_mutex_lock(&housekeeping->lock);
    int status = 0;
    while (!housekeeping->stopping && status == 0) {
        status = pthread_cond_timedwait(&housekeeping->wake, &housekeeping->lock, &until);
    }
    bool stopping = housekeeping->stopping;
    pthread_mutex_unlock(&housekeeping->lock);
    return stopping;
}

static uint64_t step_lease(struct housekeeping *housekeeping) {
    struct kube_lease_state state = kube_lease_step(housekeeping->lease, clock_now_ns());
    pthread_mutex_lock(&housekeeping->lock);
    bool led = housekeeping->leads_until_ns > clock_now_ns();
    housekeeping->leads_until_ns = state.is_leader ? state.is_leader_until_ns : 0;
    pthread_mutex_unlock(&housekeeping->lock);
    if (led != state.is_leader) {
        log_write(LOG_INFO, state.is_leader ? "this replica leads" : "this replica leads no longer", "holder",
                  state.holder, NULL);
    }
    // Two replicas reach for it when it becomes free; the one that was slower reads it in its next step.
    bool is_ill = state.problem.kind != ERROR_NONE && state.problem.kind != ERROR_CONFLICT;
    if (is_ill && !housekeeping->is_lease_ill) {
        log_write(LOG_WARN, "the lease can't be looked after", "why", state.problem.message, NULL);
    } else if (!is_ill && housekeeping->is_lease_ill) {
        log_write(LOG_INFO, "the lease is looked after again", NULL);
    }
    housekeeping->is_lease_ill = is_ill;
    return state.next_step_ns;
}

static uint64_t step_rotation(struct housekeeping *housekeeping) {
    int64_t next = rotation_step(housekeeping->rotation);
    struct rotation_status status = rotation_status(housekeeping->rotation);
    pthread_mutex_lock(&housekeeping->lock);
    housekeeping->certificates = status;
    pthread_mutex_unlock(&housekeeping->lock);
    const struct manager_certificates *certificates = &housekeeping->options.certificates;
    if (status.authority_not_after > 0) {
        certificates->tell_authority(certificates->cookie, status.authority_not_after);
    }
    int64_t wait = next - rotation_clock_now().steady;
    uint64_t seconds = wait < 0 ? 0 : wait > LONGEST_NAP_SECONDS ? LONGEST_NAP_SECONDS : (uint64_t)wait;
    return clock_now_ns() + seconds * SECOND_NS;
}

static void *run(void *data) {
    struct housekeeping *housekeeping = data;
    uint64_t lease_ns = 0;
    uint64_t rotation_ns = 0;
    uint64_t next_ns;
    do {
        next_ns = clock_now_ns() + (uint64_t)LONGEST_NAP_SECONDS * SECOND_NS;
        if (housekeeping->rotation) { // first: nothing is served before there is a certificate
            rotation_ns = clock_now_ns() >= rotation_ns ? step_rotation(housekeeping) : rotation_ns;
            next_ns = rotation_ns < next_ns ? rotation_ns : next_ns;
        }
        if (housekeeping->lease) {
            lease_ns = clock_now_ns() >= lease_ns ? step_lease(housekeeping) : lease_ns;
            next_ns = lease_ns < next_ns ? lease_ns : next_ns;
        }
    } while (!wait_until(housekeeping, next_ns));
    struct error error;
    if (housekeeping->lease && !kube_lease_release(housekeeping->lease, &error)) {
        log_write(LOG_INFO, "the lease was not given up: it ends by itself", "why", error.message, NULL);
    }
    return NULL;
}

static bool make_rotation(struct housekeeping *housekeeping, struct error *error) {
    const struct manager_certificates *certificates = &housekeeping->options.certificates;
    if (!certificates->rotates) {
        return true;
    }
    housekeeping->configurations[0] = certificates->configuration;
    const struct rotation_options options = {
        .store = rotation_kube_store(housekeeping->options.client),
        .namespace = housekeeping->options.namespace,
        .secret = certificates->secret,
        .validating = housekeeping->configurations,
        .mutating = housekeeping->configurations,
        .validating_count = 1,
        .mutating_count = 1,
        .settings = certificates->settings,
        .poll_seconds = certificates->poll_seconds,
        .random_seed = clock_now_ns(),
        .deliver = certificates->deliver,
        .cookie = certificates->cookie,
    };
    return rotation_new(&options, &housekeeping->rotation, error);
}

bool housekeeping_start(const struct housekeeping_options *options, struct housekeeping **ret_housekeeping,
                        struct error *error) {
    CLEANUP(housekeeping_free) struct housekeeping *housekeeping = memory_calloc(1, sizeof(*housekeeping));
    housekeeping->options = *options;
    pthread_mutex_init(&housekeeping->lock, NULL);
    pthread_condattr_t monotonic;
    pthread_condattr_init(&monotonic);
    pthread_condattr_setclock(&monotonic, CLOCK_MONOTONIC);
    pthread_cond_init(&housekeeping->wake, &monotonic);
    pthread_condattr_destroy(&monotonic);
    if (options->elects) {
        // A lease of the same name is taken over at once, and two processes may have one host's name.
        char identity[320];
        snprintf(identity, sizeof(identity), "%.256s_%x_%llx", options->identity, (unsigned)getpid(),
                 (unsigned long long)clock_now_ns());
        housekeeping->lease = kube_lease_new(&(struct kube_lease_options){.client = options->client,
                                                                          .namespace = options->namespace,
                                                                          .name = "fleetgate",
                                                                          .identity = identity});
    }
    if (!make_rotation(housekeeping, error)) {
        return false;
    }
    if (pthread_create(&housekeeping->thread, NULL, run, housekeeping) != 0) {
        return error_set(error, ERROR_LIMIT, "can't start a thread for the lease and the certificate");
    }
    housekeeping->has_thread = true;
    *ret_housekeeping = housekeeping_free_take(&housekeeping);
    return true;
}

void housekeeping_free(struct housekeeping *housekeeping) {
    if (!housekeeping) {
        return;
    }
    pthread_mutex_lock(&housekeeping->lock);
    housekeeping->stopping = true;
    pthread_cond_broadcast(&housekeeping->wake);
    pthread_mutex_unlock(&housekeeping->lock);
    if (housekeeping->has_thread) {
        pthread_join(housekeeping->thread, NULL);
    }
    rotation_free(housekeeping->rotation);
    kube_lease_free(housekeeping->lease);
    pthread_cond_destroy(&housekeeping->wake);
    pthread_mutex_destroy(&housekeeping->lock);
    free(housekeeping);
}

bool housekeeping_leads(struct housekeeping *housekeeping) {
    if (!housekeeping || !housekeeping->lease) {
        return true;
    }
    pthread_mutex_lock(&housekeeping->lock);
    bool leads = housekeeping->leads_until_ns > clock_now_ns();
    pthread_mutex_unlock(&housekeeping->lock);
    return leads;
}

struct rotation_status housekeeping_certificates(struct housekeeping *housekeeping) {
    struct rotation_status status = {0};
    if (housekeeping) {
        pthread_mutex_lock(&housekeeping->lock);
        status = housekeeping->certificates;
        pthread_mutex_unlock(&housekeeping->lock);
    }
    return status;
}
