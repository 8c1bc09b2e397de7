#include "webhook/decision_file.h"

#include "base/clock.h"
#include "base/log.h"
#include "base/memory.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

enum {
    MOST_WAITING = 4096,
    MOST_WAITING_BYTES = 16 * 1024 * 1024,
    // A pipe that poll calls writable takes that much at once (PIPE_BUF).
    PIPE_CHUNK = 4096,
    POLL_MS = 100,
    QUIET_SECONDS = 60,
};

struct line {
    struct line *next;
    char *text;
    size_t length;
};

struct decision_file {
    struct decision_file_options options;
    pthread_t thread;
    pthread_mutex_t lock; // of everything up to here:
    pthread_cond_t wake;
    struct line *first, **last;
    size_t count, bytes;
    bool ends;
    bool reopens;
    atomic_uint_fast64_t give_up_ns; // CLOCK_MONOTONIC; UINT64_MAX: never
    // Of the thread alone:
    int fd; // -1: it could not be opened
    bool is_regular;
    uint64_t size;
    time_t said; // when a failure was logged last
};

static bool is_stdout(const struct decision_file *file) {
    return strcmp(file->options.path, "-") == 0;
}

// --- the file ---

static bool open_it(struct decision_file *file, struct error *error) {
    const char *path = file->options.path;
    struct stat status = {0};
    // A FIFO that nobody reads must not hold up the start.
    int fd = is_stdout(file) ? STDOUT_FILENO
                             : open(path, O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC | O_NONBLOCK, 0600);
    if (fd < 0 || fstat(fd, &status) != 0) {
        return error_set(error, ERROR_IO, "decision log %s: %s", path, strerror(errno));
    }
    file->fd = fd;
    file->is_regular = S_ISREG(status.st_mode);
    file->size = file->is_regular ? (uint64_t)status.st_size : 0;
    return true;
}

static void close_it(struct decision_file *file) {
    if (file->fd >= 0 && !is_stdout(file)) {
        close(file->fd);
    }
    file->fd = -1;
}

// A full disk would say so thousands of times.
static void say(struct decision_file *file, const char *what, const char *why) {
    time_t now = time(NULL);
    if (file->said == 0 || now - file->said >= QUIET_SECONDS) {
        log_write(LOG_ERROR, what, "file", file->options.path, "error", why, NULL);
        file->said = now;
    }
}

static void open_again(struct decision_file *file) {
    struct error error = {0};
    close_it(file);
    if (!open_it(file, &error)) {
        say(file, "decision log not opened, decisions are not recorded", error.message);
    }
}

static void numbered(char name[PATH_MAX], const char *path, unsigned number) {
    snprintf(name, PATH_MAX, number > 0 ? "%s.%u" : "%s", path, number);
}

static void rotate(struct decision_file *file) {
    for (unsigned number = file->options.keep; number > 0; number--) {
        char from[PATH_MAX], to[PATH_MAX];
        numbered(from, file->options.path, number - 1);
        numbered(to, file->options.path, number);
        if (rename(from, to) != 0 && errno != ENOENT) {
            say(file, "decision log not rotated, it goes on in the same file", strerror(errno));
        }
    }
    open_again(file);
}

// Waits until fd takes bytes; false: it is time to give up.
static bool wait_writable(const struct decision_file *file) {
    struct pollfd poll_on = {.fd = file->fd, .events = POLLOUT};
    while (poll(&poll_on, 1, POLL_MS) <= 0) {
        if (clock_now_ns() >= atomic_load_explicit(&file->give_up_ns, memory_order_relaxed)) {
            errno = ETIMEDOUT;
            return false;
        }
    }
    return true;
}

static bool write_all(struct decision_file *file, const struct line *line, size_t *ret_written) {
    size_t written = 0;
    while (written < line->length) {
        size_t most = file->is_regular ? line->length : PIPE_CHUNK;
        size_t left = line->length - written;
        if (!file->is_regular && !wait_writable(file)) {
            break;
        }
        ssize_t size = write(file->fd, line->text + written, left < most ? left : most);
        if (size < 0 && errno != EINTR && errno != EAGAIN) {
            break;
        }
        written += size > 0 ? (size_t)size : 0;
    }
    *ret_written = written;
    return written == line->length;
}

static void write_line(struct decision_file *file, const struct line *line) {
    if (file->fd < 0) {
        open_again(file);
    }
    if (file->is_regular && file->size > 0 && file->size + line->length > file->options.most_bytes) {
        rotate(file);
    }
    size_t written = 0;
    bool whole = file->fd >= 0 && write_all(file, line, &written);
    gate_metrics_decision_record(file->options.metrics, whole ? "written" : "failed");
    if (whole) {
        file->size += line->length;
        return;
    }
    if (file->fd < 0) {
        return; // said when it was opened
    }
    int cause = errno;
    // Half a line would spoil the next one too.
    if (written > 0 && file->is_regular && ftruncate(file->fd, (off_t)file->size) != 0) {
        file->size += written;
    }
    say(file, "decision not recorded", strerror(cause));
}

// --- the thread ---

// What is waiting, or NULL at the end; *ret_reopens: before it is written.
static struct line *take_all(struct decision_file *file, bool *ret_reopens) {
    pthread_mutex_lock(&file->lock);
    while (!file->first && !file->ends && !file->reopens) {
        pthread_cond_wait(&file->wake, &file->lock);
    }
    struct line *lines = file->first;
    file->first = NULL;
    file->last = &file->first;
    *ret_reopens = file->reopens;
    file->reopens = false;
    pthread_mutex_unlock(&file->lock);
    return lines;
}

static void let_go(struct decision_file *file, struct line *line) {
    pthread_mutex_lock(&file->lock);
    file->count--;
    file->bytes -= line->length;
    pthread_mutex_unlock(&file->lock);
    free(line->text);
    free(line);
}

static void *run(void *data) {
    struct decision_file *file = data;
    for (;;) {
        bool reopens = false;
        struct line *lines = take_all(file, &reopens);
        if (reopens) {
            open_again(file);
        } else if (!lines) {
            return NULL;
        }
        while (lines) {
            struct line *next = lines->next;
            if (clock_now_ns() < atomic_load_explicit(&file->give_up_ns, memory_order_relaxed)) {
                write_line(file, lines);
            } else {
                gate_metrics_decision_record(file->options.metrics, "dropped");
            }
            let_go(file, lines);
            lines = next;
        }
    }
}

// --- for others ---

bool decision_file_open(const struct decision_file_options *options, struct decision_file **ret_file,
                        struct error *error) {
    struct decision_file *file = memory_calloc(1, sizeof(*file));
    file->options = *options;
    file->last = &file->first;
    file->fd = -1;
    atomic_init(&file->give_up_ns, UINT64_MAX);
    if (strlen(options->path) > PATH_MAX - 16) {
        free(file);
        return error_set(error, ERROR_INVALID, "decision log: the path is too long");
    }
    if (!open_it(file, error)) {
        free(file);
        return false;
    }
    pthread_mutex_init(&file->lock, NULL);
    pthread_cond_init(&file->wake, NULL);
    if (pthread_create(&file->thread, NULL, run, file) != 0) {
        close_it(file);
        pthread_cond_destroy(&file->wake);
        pthread_mutex_destroy(&file->lock);
        free(file);
        return error_set(error, ERROR_IO, "decision log: no thread can be started");
    }
    *ret_file = file;
    return true;
}

void decision_file_put(struct decision_file *file, char *text, size_t length) {
    struct line *line = memory_calloc(1, sizeof(*line));
    *line = (struct line){.text = text, .length = length};
    pthread_mutex_lock(&file->lock);
    bool fits = !file->ends && file->count < MOST_WAITING && file->bytes + length <= MOST_WAITING_BYTES;
    if (fits) {
        *file->last = line;
        file->last = &line->next;
        file->count++;
        file->bytes += length;
        pthread_cond_signal(&file->wake);
    }
    pthread_mutex_unlock(&file->lock);
    if (!fits) {
        gate_metrics_decision_record(file->options.metrics, "dropped");
        free(text);
        free(line);
    }
}

void decision_file_reopen(struct decision_file *file) {
    pthread_mutex_lock(&file->lock);
    file->reopens = true;
    pthread_cond_signal(&file->wake);
    pthread_mutex_unlock(&file->lock);
}

void decision_file_close(struct decision_file *file, uint64_t patience_ns) {
    if (!file) {
        return;
    }
    atomic_store(&file->give_up_ns, clock_now_ns() + patience_ns);
    pthread_mutex_lock(&file->lock);
    file->ends = true;
    pthread_cond_signal(&file->wake);
    pthread_mutex_unlock(&file->lock);
    pthread_join(file->thread, NULL);
    close_it(file);
    pthread_cond_destroy(&file->wake);
    pthread_mutex_destroy(&file->lock);
    free(file);
}
