#include "cli/object_feed.h"

#include "base/buffer.h"
#include "base/json_canonical.h"
#include "base/json_reader.h"
#include "base/memory.h"

#include <pthread.h>
#include <string.h>
#include <time.h>

enum {
    USUAL_MOST_BYTES = 32 << 20,
    USUAL_PATIENCE_MS = 5000,
    MOST_OBJECT_BYTES = 16 << 20, // far above what an API server stores
    MOST_IN_A_TURN = 200,         // timers of the loop wait meanwhile: about 20 ms
};

// What waits, as text: a tenth of a document's memory.
struct waiting {
    struct waiting *next;
    enum feed_type type;
    size_t bytes;
    char *text; // JSON; NULL: no object
    size_t length;
    struct object_key key; // in what follows
    char texts[];
};

struct object_feed {
    struct object_feed_options options;
    pthread_mutex_t lock; // of what follows
    pthread_cond_t room;
    bool is_open, is_posted, is_lost;
    struct waiting *first, **last;
    size_t bytes;
};

struct object_feed *object_feed_new(const struct object_feed_options *options) {
    struct object_feed *feed = memory_calloc(1, sizeof(*feed));
    feed->options = *options;
    feed->options.most_bytes = options->most_bytes ? options->most_bytes : USUAL_MOST_BYTES;
    feed->options.patience_ms = options->patience_ms ? options->patience_ms : USUAL_PATIENCE_MS;
    feed->last = &feed->first;
    pthread_mutex_init(&feed->lock, NULL);
    pthread_condattr_t monotonic;
    pthread_condattr_init(&monotonic);
    pthread_condattr_setclock(&monotonic, CLOCK_MONOTONIC);
    pthread_cond_init(&feed->room, &monotonic);
    pthread_condattr_destroy(&monotonic);
    return feed;
}

static void free_waiting(struct waiting *waiting) {
    free(waiting->text);
    free(waiting);
}

// The lock must be held.
static void drop_all(struct object_feed *feed) {
    while (feed->first) {
        struct waiting *waiting = feed->first;
        feed->first = waiting->next;
        free_waiting(waiting);
    }
    feed->last = &feed->first;
    feed->bytes = 0;
    pthread_cond_broadcast(&feed->room);
}

void object_feed_free(struct object_feed *feed) {
    if (feed) {
        event_loop_withdraw(feed->options.loop, feed);
        drop_all(feed);
        pthread_cond_destroy(&feed->room);
        pthread_mutex_destroy(&feed->lock);
        free(feed);
    }
}

// ---- the loop's thread ----

static struct waiting *take_first(struct object_feed *feed) {
    pthread_mutex_lock(&feed->lock);
    struct waiting *waiting = feed->first;
    if (waiting) {
        feed->first = waiting->next;
        feed->last = feed->first ? feed->last : &feed->first;
        feed->bytes -= waiting->bytes;
        pthread_cond_broadcast(&feed->room);
    }
    pthread_mutex_unlock(&feed->lock);
    return waiting;
}

static void hand_over(const struct object_feed *feed, const struct waiting *waiting) {
    CLEANUP(document_free) struct document *document = NULL;
    struct error error;
    struct feed_item item = {.type = waiting->type, .key = waiting->key};
    if (waiting->text) {
        // It is our own text: it can only be one that is too large for a document's limits.
        if (!json_read_copy(waiting->text, waiting->length, &document_default_limits, &document, &error)) {
            return;
        }
        item.object = document_root(document);
    }
    feed->options.take(feed->options.cookie, &item);
}

static void drain(void *cookie);

// True once when something was lost. Asks for another turn where something is left.
static bool settle(struct object_feed *feed) {
    pthread_mutex_lock(&feed->lock);
    bool is_lost = feed->is_lost;
    feed->is_lost = false;
    feed->is_posted = feed->first != NULL;
    if (feed->is_posted) {
        event_loop_post(feed->options.loop, drain, feed);
    }
    pthread_mutex_unlock(&feed->lock);
    return is_lost;
}

static void drain(void *cookie) {
    struct object_feed *feed = cookie;
    for (unsigned i = 0; i < MOST_IN_A_TURN; i++) {
        struct waiting *waiting = take_first(feed);
        if (!waiting) {
            break;
        }
        hand_over(feed, waiting);
        free_waiting(waiting);
    }
    if (settle(feed)) {
        feed->options.lost(feed->options.cookie);
    }
}

void object_feed_open(struct object_feed *feed, bool is_open) {
    pthread_mutex_lock(&feed->lock);
    feed->is_open = is_open;
    feed->is_lost = false;
    drop_all(feed);
    pthread_mutex_unlock(&feed->lock);
}

// ---- the watch's thread ----

static bool is_open(struct object_feed *feed) {
    pthread_mutex_lock(&feed->lock);
    bool open = feed->is_open;
    pthread_mutex_unlock(&feed->lock);
    return open;
}

// With the lock. False: there was none in time.
static bool wait_for_room(struct object_feed *feed) {
    struct timespec until;
    clock_gettime(CLOCK_MONOTONIC, &until);
    until.tv_sec += feed->options.patience_ms / 1000;
    until.tv_nsec += (long)(feed->options.patience_ms % 1000) * 1000000;
    until.tv_sec += until.tv_nsec / 1000000000;
    until.tv_nsec %= 1000000000;
    int status = 0;
    while (feed->is_open && feed->bytes >= feed->options.most_bytes && status == 0) {
        status = pthread_cond_timedwait(&feed->room, &feed->lock, &until);
    }
    return feed->bytes < feed->options.most_bytes;
}

static void append(struct object_feed *feed, struct waiting *waiting) {
    pthread_mutex_lock(&feed->lock);
    bool has_room = wait_for_room(feed);
    if (!feed->is_open || !has_room) {
        feed->is_lost = feed->is_open;
        drop_all(feed);
        free_waiting(waiting);
        waiting = NULL;
    } else {
        *feed->last = waiting;
        feed->last = &waiting->next;
        feed->bytes += waiting->bytes;
    }
    if (feed->is_open && !feed->is_posted) {
        feed->is_posted = true;
        event_loop_post(feed->options.loop, drain, feed);
    }
    pthread_mutex_unlock(&feed->lock);
}

static void tell(struct object_feed *feed, enum feed_type type, const struct object_key *key,
                 const struct node *object) {
    if (!is_open(feed)) {
        return;
    }
    size_t texts = object_key_bytes(key);
    struct waiting *waiting = memory_calloc(1, sizeof(*waiting) + texts);
    char *place = waiting->texts;
    waiting->type = type;
    waiting->key = object_key_copy_to(key, &place);
    if (object) {
        CLEANUP(buffer_clear) struct buffer text;
        buffer_init(&text, MOST_OBJECT_BYTES);
        json_canonical_append(&text, object);
        waiting->length = text.length;
        waiting->text = buffer_take(&text);
    }
    waiting->bytes = sizeof(*waiting) + texts + waiting->length;
    append(feed, waiting);
}

static void tell_list_begin(void *cookie, const char *group, const char *kind) {
    tell(cookie, FEED_LIST_BEGIN, &(struct object_key){group, kind, "", ""}, NULL);
}

static void tell_put(void *cookie, const struct object_key *key, const struct node *object) {
    tell(cookie, FEED_PUT, key, object);
}

static void tell_removed(void *cookie, const struct object_key *key) {
    tell(cookie, FEED_REMOVED, key, NULL);
}

static void tell_list_end(void *cookie, const char *group, const char *kind) {
    tell(cookie, FEED_LIST_END, &(struct object_key){group, kind, "", ""}, NULL);
}

struct fleet_listener object_feed_listener(struct object_feed *feed) {
    return (struct fleet_listener){tell_list_begin, tell_put, tell_removed, tell_list_end, feed};
}
