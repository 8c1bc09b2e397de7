#include "kube/kube_follower.h"

#include "base/buffer.h"
#include "base/clock.h"
#include "base/memory.h"
#include "kube/kube_list_page.h"
#include "kube/kube_path.h"
#include "kube/kube_status.h"

#include <string.h>

enum { HTTP_OK = 200, HTTP_UNAUTHORIZED = 401, LARGEST_REFUSAL_BYTES = 64 * 1024 };

struct kube_follower {
    struct kube_resource resource;
    struct kube_watch_sink sink;
    struct kube_watch_resource *state;
    CURL *easy;
    struct kube_prepared prepared;
    char curl_error[CURL_ERROR_SIZE];

    // Of the request under way.
    bool runs, first_page;
    enum kube_watch_request request;
    struct kube_watch_stream *stream;
    struct buffer body;   // a page, or what the server says when it refuses
    struct error failure; // why a callback ended the transfer
};

struct kube_follower *kube_follower_new(const struct kube_resource *resource,
                                        const struct kube_watch_sink *sink,
                                        const struct kube_watch_rules *rules) {
    struct kube_follower *follower = memory_calloc(1, sizeof(*follower));
    follower->resource = (struct kube_resource){
        .group = memory_strdup(resource->group),
        .version = memory_strdup(resource->version),
        .plural = memory_strdup(resource->plural),
        .kind = memory_strdup(resource->kind),
        .namespaced = resource->namespaced,
    };
    follower->sink = *sink;
    follower->state = kube_watch_resource_new(rules, clock_now_ns());
    buffer_init(&follower->body, KUBE_LARGEST_PAGE_BYTES);
    return follower;
}

void kube_follower_free(struct kube_follower *follower) {
    if (follower) {
        free((char *)(uintptr_t)follower->resource.group);
        free((char *)(uintptr_t)follower->resource.version);
        free((char *)(uintptr_t)follower->resource.plural);
        free((char *)(uintptr_t)follower->resource.kind);
        kube_watch_resource_free(follower->state);
        kube_watch_stream_free(follower->stream);
        buffer_clear(&follower->body);
        curl_easy_cleanup(follower->easy);
        kube_prepared_clear(&follower->prepared);
        free(follower);
    }
}

const struct kube_resource *kube_follower_resource(const struct kube_follower *follower) {
    return &follower->resource;
}

struct kube_watch_resource_status kube_follower_status(const struct kube_follower *follower) {
    return kube_watch_resource_status(follower->state);
}

bool kube_follower_runs(const struct kube_follower *follower) {
    return follower->runs;
}

bool kube_follower_lists(const struct kube_follower *follower) {
    uint64_t at_ns = 0;
    return kube_watch_resource_next(follower->state, &at_ns) == KUBE_WATCH_LIST;
}

bool kube_follower_is_in_a_list(const struct kube_follower *follower) {
    return kube_watch_resource_is_in_a_list(follower->state);
}

uint64_t kube_follower_due_ns(const struct kube_follower *follower) {
    uint64_t at_ns = 0;
    kube_watch_resource_next(follower->state, &at_ns);
    return follower->runs ? kube_watch_resource_deadline(follower->state) : at_ns;
}

// ---- what a request brings ----

static bool take_event(void *cookie, const struct kube_watch_event *event, struct error *error) {
    struct kube_follower *follower = cookie;
    const struct node *object = event->object;
    if (event->type != KUBE_WATCH_ERROR) {
        if (!node_get(object, "apiVersion") || !node_get(object, "kind")) {
            return error_set(error, ERROR_INVALID, "an object of a watch has no apiVersion or no kind");
        }
        if (!kube_object_check(object, &follower->resource, error)) {
            return false;
        }
    }
    switch (kube_watch_resource_event(follower->state, clock_now_ns(), event)) {
    case KUBE_WATCH_CUT:
        return error_set(error, ERROR_CONFLICT, "the watch can't go on");
    case KUBE_WATCH_SKIP:
        return true;
    case KUBE_WATCH_APPLY:
        break;
    }
    const struct kube_watch_sink *sink = &follower->sink;
    if (event->type == KUBE_WATCH_DELETED) {
        sink->removed(sink->cookie, &follower->resource, object);
    } else {
        sink->put(sink->cookie, &follower->resource, object);
    }
    return true;
}

static long status_of(const struct kube_follower *follower) {
    long status = 0;
    curl_easy_getinfo(follower->easy, CURLINFO_RESPONSE_CODE, &status);
    return status;
}

static size_t take_bytes(char *bytes, size_t size, size_t count, void *cookie) {
    struct kube_follower *follower = cookie;
    size_t length = size * count;
    if (status_of(follower) != HTTP_OK) {
        size_t room = LARGEST_REFUSAL_BYTES - follower->body.length;
        buffer_append(&follower->body, bytes, length < room ? length : room);
        return length;
    }
    kube_watch_resource_heard(follower->state, clock_now_ns());
    if (follower->request == KUBE_WATCH_STREAM) {
        return kube_watch_stream_feed(follower->stream, bytes, length, &follower->failure)
                   ? length
                   : CURL_WRITEFUNC_ERROR;
    }
    buffer_append(&follower->body, bytes, length);
    if (follower->body.cut) {
        error_set(&follower->failure, ERROR_LIMIT, "a page of a list is over %d MiB",
                  KUBE_LARGEST_PAGE_BYTES / (1024 * 1024));
        return CURL_WRITEFUNC_ERROR;
    }
    return length;
}

// A watch may say nothing for long: it is open when its headers have come.
static size_t take_header(char *line, size_t size, size_t count, void *cookie) {
    struct kube_follower *follower = cookie;
    bool last = size * count <= 2 && (*line == '\r' || *line == '\n');
    if (last && status_of(follower) == HTTP_OK) {
        kube_watch_resource_heard(follower->state, clock_now_ns());
    }
    return size * count;
}

static void put_item(void *cookie, const struct node *object) {
    const struct kube_follower *follower = cookie;
    follower->sink.put(follower->sink.cookie, &follower->resource, object);
}

static bool take_page(struct kube_follower *follower, struct error *error) {
    CLEANUP(kube_list_page_clear) struct kube_list_page page = {0};
    const struct kube_watch_sink *sink = &follower->sink;
    if (!kube_list_page_read(buffer_text(&follower->body), follower->body.length, &follower->resource, &page,
                             error)) {
        return false;
    }
    buffer_clear(&follower->body);
    if (follower->first_page) {
        sink->list_begin(sink->cookie, &follower->resource);
    }
    kube_list_page_each(&page, &follower->resource, put_item, follower);
    if (kube_watch_resource_page(follower->state, clock_now_ns(), page.resource_version,
                                 page.continue_token)) {
        sink->list_end(sink->cookie, &follower->resource);
    }
    return true;
}

// ---- a request's life ----

static void end_request(struct kube_follower *follower, const struct kube_watch_outcome *outcome) {
    buffer_clear(&follower->body);
    kube_watch_stream_free(follower->stream);
    follower->stream = NULL;
    follower->runs = false;
    kube_prepared_clear(&follower->prepared);
    kube_watch_resource_ended(follower->state, clock_now_ns(), outcome);
}

static void fail_request(struct kube_follower *follower, enum kube_watch_end end, const struct error *error) {
    long status = follower->easy ? status_of(follower) : 0;
    end_request(follower,
                &(struct kube_watch_outcome){.end = end, .http_status = status, .problem = error->message});
}

static void append_number(struct buffer *path, const char *key, unsigned value) {
    buffer_printf(path, "&%s=%u", key, value);
}

static bool path_of(const struct kube_resource *resource, const struct kube_watch_query *query,
                    struct buffer *path, struct error *error) {
    if (!kube_path_append(path, resource, NULL, NULL, NULL, error)) {
        return false;
    }
    // A list names no resourceVersion: it is then as new as the server's store, never older than what was
    // seen, and the page limit counts.
    if (query->request == KUBE_WATCH_LIST) {
        buffer_printf(path, "?limit=%u", query->limit);
        kube_path_append_query(path, "continue", query->continue_token);
    } else {
        buffer_append_text(path, "?watch=true&allowWatchBookmarks=true");
        append_number(path, "timeoutSeconds", query->timeout_s);
        kube_path_append_query(path, "resourceVersion", query->resource_version);
    }
    return path->cut ? error_set(error, ERROR_LIMIT, "the path of a request is too long") : true;
}

static bool set_callbacks(struct kube_follower *follower, struct error *error) {
    CURL *easy = follower->easy;
    bool set = curl_easy_setopt(easy, CURLOPT_WRITEFUNCTION, take_bytes) == CURLE_OK &&
               curl_easy_setopt(easy, CURLOPT_WRITEDATA, follower) == CURLE_OK &&
               curl_easy_setopt(easy, CURLOPT_HEADERFUNCTION, take_header) == CURLE_OK &&
               curl_easy_setopt(easy, CURLOPT_HEADERDATA, follower) == CURLE_OK &&
               curl_easy_setopt(easy, CURLOPT_SUPPRESS_CONNECT_HEADERS, 1L) == CURLE_OK &&
               curl_easy_setopt(easy, CURLOPT_ERRORBUFFER, follower->curl_error) == CURLE_OK &&
               curl_easy_setopt(easy, CURLOPT_PRIVATE, follower) == CURLE_OK;
    return set ? true : error_set(error, ERROR_IO, "libcurl does not take our settings");
}

static bool begin_request(struct kube_follower *follower, const struct kube_watch_query *query,
                          struct kube_transport *transport, CURLM *multi, struct error *error) {
    CLEANUP(buffer_clear) struct buffer path;
    buffer_init(&path, KUBE_LONGEST_PATH_BYTES);
    if (!path_of(&follower->resource, query, &path, error)) {
        return false;
    }
    if (!follower->easy && !(follower->easy = curl_easy_init())) {
        return error_set(error, ERROR_IO, "libcurl gives no handle");
    }
    struct kube_exchange exchange = {.path = buffer_text(&path)};
    if (!kube_transport_prepare(transport, follower->easy, &exchange, &follower->prepared, error) ||
        !set_callbacks(follower, error)) {
        return false;
    }
    follower->curl_error[0] = '\0';
    CURLMcode code = curl_multi_add_handle(multi, follower->easy);
    return code == CURLM_OK ? true : error_set(error, ERROR_IO, "libcurl: %s", curl_multi_strerror(code));
}

void kube_follower_start(struct kube_follower *follower, struct kube_transport *transport, CURLM *multi) {
    struct error error = {0};
    struct kube_watch_query query = kube_watch_resource_start(follower->state, clock_now_ns());
    follower->request = query.request;
    follower->first_page = !query.continue_token;
    follower->failure = (struct error){0};
    if (query.request == KUBE_WATCH_STREAM) {
        follower->stream = kube_watch_stream_new(take_event, follower);
    }
    follower->runs = begin_request(follower, &query, transport, multi, &error);
    if (!follower->runs) {
        fail_request(follower, KUBE_WATCH_BROKEN, &error);
    }
}

static void is_refused(struct kube_follower *follower, long status, struct kube_transport *transport) {
    struct error error = {0};
    curl_off_t retry_after_s = 0;
    if (status == HTTP_UNAUTHORIZED) {
        kube_transport_refused(transport, follower->prepared.credential);
    }
    if (status >= 400) {
        kube_status_error(status, buffer_text(&follower->body), follower->body.length, &error);
    } else {
        error_set(&error, ERROR_IO, "the API server answered %ld", status);
    }
    curl_easy_getinfo(follower->easy, CURLINFO_RETRY_AFTER, &retry_after_s);
    end_request(follower, &(struct kube_watch_outcome){
                              .end = KUBE_WATCH_REFUSED,
                              .http_status = status,
                              .retry_after_s = retry_after_s > 0 ? (uint64_t)retry_after_s : 0,
                              .problem = error.message,
                          });
}

static void is_answered(struct kube_follower *follower) {
    struct error error = {0};
    if (follower->request == KUBE_WATCH_STREAM && !kube_watch_stream_end(follower->stream, &error)) {
        fail_request(follower, KUBE_WATCH_BROKEN, &error);
    } else if (follower->request == KUBE_WATCH_LIST && !take_page(follower, &error)) {
        fail_request(follower, error.kind == ERROR_LIMIT ? KUBE_WATCH_TOO_LARGE : KUBE_WATCH_WRONG, &error);
    } else {
        end_request(follower, &(struct kube_watch_outcome){.end = KUBE_WATCH_WHOLE, .problem = ""});
    }
}

void kube_follower_finish(CURL *easy, CURLcode result, struct kube_transport *transport, CURLM *multi) {
    char *private = NULL;
    struct error error = {0};
    curl_easy_getinfo(easy, CURLINFO_PRIVATE, &private);
    struct kube_follower *follower = (struct kube_follower *)(void *)private;
    curl_multi_remove_handle(multi, easy);
    long status = status_of(follower);
    if (follower->failure.kind != ERROR_NONE) {
        error = follower->failure;
        fail_request(follower, error.kind == ERROR_LIMIT ? KUBE_WATCH_TOO_LARGE : KUBE_WATCH_WRONG, &error);
    } else if (status != 0 && status != HTTP_OK) {
        is_refused(follower, status, transport);
    } else if (result != CURLE_OK) {
        kube_transport_error(transport, result, follower->curl_error, &error);
        fail_request(follower, KUBE_WATCH_BROKEN, &error);
    } else {
        is_answered(follower);
    }
}

// ---- from outside ----

void kube_follower_hurry(struct kube_follower *follower, uint64_t heard_ns) {
    kube_watch_resource_hurry(follower->state, heard_ns, clock_now_ns());
}

static void stop_request(struct kube_follower *follower, CURLM *multi) {
    if (follower->runs) {
        curl_multi_remove_handle(multi, follower->easy);
    }
}

void kube_follower_give_up(struct kube_follower *follower, CURLM *multi) {
    struct error error = {0};
    bool watches = follower->request == KUBE_WATCH_STREAM;
    error_set(&error, ERROR_LIMIT, "%s",
              watches ? "the watch said nothing for too long, not even a bookmark"
                      : "a page of a list did not come in time");
    stop_request(follower, multi);
    fail_request(follower, KUBE_WATCH_QUIET, &error);
}

void kube_follower_relist(struct kube_follower *follower, CURLM *multi) {
    if (kube_watch_resource_relist(follower->state, clock_now_ns())) {
        stop_request(follower, multi);
        fail_request(follower, KUBE_WATCH_BROKEN, &(struct error){0});
    }
}

void kube_follower_leave(struct kube_follower *follower, CURLM *multi, bool forget) {
    const struct kube_watch_sink *sink = &follower->sink;
    stop_request(follower, multi);
    follower->runs = false;
    if (forget) {
        sink->list_begin(sink->cookie, &follower->resource);
        sink->list_end(sink->cookie, &follower->resource);
    }
}
