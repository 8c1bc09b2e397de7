// Follows resources of a real API server and prints what it holds, sorted, on SIGUSR1 and at its end:
//   watch_dump [-q QUIET_S] [-l PAGE_LIMIT] KUBECONFIG GROUP/VERSION/PLURAL/KIND...     ("/v1/pods/Pod" for
//   core)
// Each line is "KIND NAMESPACE/NAME UID RESOURCEVERSION"; "." ends the list. "synced" comes once all were
// listed. On SIGUSR2 it prints its status. SIGTERM and SIGINT end it.
#include "base/memory.h"
#include "kube/kube_watch.h"

#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

struct held {
    char *key, *value;
    bool listed;
};

struct dump {
    pthread_mutex_t mutex;
    struct held *objects; // sorted by key
    size_t count;
};

static const char *text_of(const struct node *node) {
    const char *text = node_string(node);
    return text ? text : "";
}

// The resource first, so that a list's objects lie together: kinds of two groups may have one name.
static char *key_of(const struct kube_resource *resource, const struct node *object) {
    char *key = NULL;
    const struct node *metadata = node_get(object, "metadata");
    if (asprintf(&key, "%s.%s\t%s %s/%s", resource->plural, resource->group,
                 text_of(node_get(object, "kind")), text_of(node_get(metadata, "namespace")),
                 text_of(node_get(metadata, "name"))) < 0) {
        abort();
    }
    return key;
}

// The index of the key, or where it belongs.
static size_t place_of(const struct dump *dump, const char *key) {
    size_t low = 0;
    size_t high = dump->count;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (strcmp(dump->objects[middle].key, key) < 0) {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    return low;
}

static bool has(const struct dump *dump, size_t place, const char *key) {
    return place < dump->count && strcmp(dump->objects[place].key, key) == 0;
}

static void take_out(struct dump *dump, size_t place) {
    free(dump->objects[place].key);
    free(dump->objects[place].value);
    dump->count--;
    memmove(&dump->objects[place], &dump->objects[place + 1],
            (dump->count - place) * sizeof(dump->objects[0]));
}

static void put(void *cookie, const struct kube_resource *resource, const struct node *object) {
    struct dump *dump = cookie;
    const struct node *metadata = node_get(object, "metadata");
    char *key = key_of(resource, object);
    pthread_mutex_lock(&dump->mutex);
    size_t place = place_of(dump, key);
    if (has(dump, place, key)) {
        free(key);
        free(dump->objects[place].value);
    } else {
        dump->objects = memory_realloc(dump->objects, dump->count + 1, sizeof(dump->objects[0]));
        memmove(&dump->objects[place + 1], &dump->objects[place],
                (dump->count - place) * sizeof(dump->objects[0]));
        dump->objects[place].key = key;
        dump->count++;
    }
    struct held *held = &dump->objects[place];
    held->listed = true;
    if (asprintf(&held->value, "%s %s", text_of(node_get(metadata, "uid")),
                 text_of(node_get(metadata, "resourceVersion"))) < 0) {
        abort();
    }
    pthread_mutex_unlock(&dump->mutex);
}

static void removed(void *cookie, const struct kube_resource *resource, const struct node *object) {
    struct dump *dump = cookie;
    CLEANUP(free) char *key = key_of(resource, object);
    pthread_mutex_lock(&dump->mutex);
    size_t place = place_of(dump, key);
    if (has(dump, place, key)) {
        take_out(dump, place);
    }
    pthread_mutex_unlock(&dump->mutex);
}

static bool is_of(const struct held *held, const struct kube_resource *resource) {
    char prefix[512];
    int length = snprintf(prefix, sizeof(prefix), "%s.%s\t", resource->plural, resource->group);
    return strncmp(held->key, prefix, (size_t)length) == 0;
}

static void list_begin(void *cookie, const struct kube_resource *resource) {
    struct dump *dump = cookie;
    pthread_mutex_lock(&dump->mutex);
    for (size_t i = 0; i < dump->count; i++) {
        if (is_of(&dump->objects[i], resource)) {
            dump->objects[i].listed = false;
        }
    }
    pthread_mutex_unlock(&dump->mutex);
}

static void list_end(void *cookie, const struct kube_resource *resource) {
    struct dump *dump = cookie;
    pthread_mutex_lock(&dump->mutex);
    for (size_t i = dump->count; i-- > 0;) {
        if (is_of(&dump->objects[i], resource) && !dump->objects[i].listed) {
            take_out(dump, i);
        }
    }
    pthread_mutex_unlock(&dump->mutex);
}

static void print_objects(struct dump *dump) {
    pthread_mutex_lock(&dump->mutex);
    for (size_t i = 0; i < dump->count; i++) {
        printf("%s %s\n", strchr(dump->objects[i].key, '\t') + 1, dump->objects[i].value);
    }
    pthread_mutex_unlock(&dump->mutex);
    printf(".\n");
    fflush(stdout);
}

static void print_status(struct kube_watcher *watcher) {
    struct kube_watch_status status = kube_watcher_status(watcher);
    printf("status: %u resources, %u synced, %u connected, stale %llu ms, %llu relists, %llu events, %llu "
           "errors, "
           "problem: %s\n",
           status.resources, status.synced, status.connected, (unsigned long long)(status.stale_ns / 1000000),
           (unsigned long long)status.relists, (unsigned long long)status.events,
           (unsigned long long)status.errors, status.problem);
    fflush(stdout);
}

static bool add_resource(struct kube_watcher *watcher, struct dump *dump, const char *name) {
    char *parts[4] = {NULL};
    CLEANUP(free) char *text = memory_strdup(name);
    char *rest = text;
    for (size_t i = 0; i < 4; i++) {
        parts[i] = strsep(&rest, "/");
        if (!parts[i]) {
            return false;
        }
    }
    struct kube_resource resource = {parts[0], parts[1], parts[2], parts[3], true};
    struct kube_watch_sink sink = {list_begin, put, removed, list_end, dump};
    kube_watcher_add(watcher, &resource, &sink);
    return true;
}

static void serve_signals(struct kube_watcher *watcher, struct dump *dump, const sigset_t *signals) {
    bool was_synced = false;
    int signal = 0;
    while (signal != SIGTERM && signal != SIGINT) {
        struct timespec wait = {.tv_nsec = 50000000};
        signal = sigtimedwait(signals, NULL, &wait);
        struct kube_watch_status status = kube_watcher_status(watcher);
        if (!was_synced && status.synced == status.resources) {
            was_synced = true;
            printf("synced\n");
            fflush(stdout);
        }
        if (signal == SIGUSR1) {
            print_objects(dump);
        } else if (signal == SIGUSR2) {
            print_status(watcher);
        }
    }
    print_objects(dump);
}

int main(int argc, char **argv) {
    struct kube_client_options client_options = {.user_agent = "fleetgate/watch_dump"};
    struct kube_watcher_options options = {0};
    struct dump dump = {.mutex = PTHREAD_MUTEX_INITIALIZER};
    struct kube_client *client = NULL;
    struct error error = {0};
    sigset_t signals;
    for (int option; (option = getopt(argc, argv, "q:l:")) != -1;) {
        unsigned value = (unsigned)strtoul(optarg ? optarg : "0", NULL, 10);
        *(option == 'q' ? &options.quiet_s : &options.page_limit) = value;
    }
    if (argc - optind < 2) {
        fprintf(stderr,
                "usage: watch_dump [-q QUIET_S] [-l PAGE_LIMIT] KUBECONFIG GROUP/VERSION/PLURAL/KIND...\n");
        return 2;
    }
    sigemptyset(&signals);
    sigaddset(&signals, SIGUSR1);
    sigaddset(&signals, SIGUSR2);
    sigaddset(&signals, SIGTERM);
    sigaddset(&signals, SIGINT);
    pthread_sigmask(SIG_BLOCK, &signals, NULL);
    if (!kube_config_load(argv[optind], NULL, &client_options.config, &error) ||
        !kube_client_new(&client_options, &client, &error)) {
        fprintf(stderr, "watch_dump: %s\n", error.message);
        return 1;
    }
    options.client = client;
    struct kube_watcher *watcher = kube_watcher_new(&options);
    for (int i = optind + 1; i < argc; i++) {
        if (!add_resource(watcher, &dump, argv[i])) {
            fprintf(stderr, "watch_dump: %s is not GROUP/VERSION/PLURAL/KIND\n", argv[i]);
            return 2;
        }
    }
    bool started = kube_watcher_start(watcher, &error);
    if (started) {
        serve_signals(watcher, &dump, &signals);
    } else {
        fprintf(stderr, "watch_dump: %s\n", error.message);
    }
    kube_watcher_free(watcher);
    kube_client_free(client);
    while (dump.count > 0) {
        take_out(&dump, dump.count - 1);
    }
    free(dump.objects);
    return started ? 0 : 1;
}
