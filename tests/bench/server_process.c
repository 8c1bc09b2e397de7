#include "tests/bench/server_process.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <signal.h>
#include <spawn.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

uint16_t free_port(void) {
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t size = sizeof(address);
    bool bound = bind(fd, (struct sockaddr *)&address, sizeof(address)) == 0 &&
                 getsockname(fd, (struct sockaddr *)&address, &size) == 0;
    close(fd);
    return bound ? ntohs(address.sin_port) : 0;
}

bool server_process_start(struct server_process *process, const char *log_path, struct error *error) {
    posix_spawn_file_actions_t actions;
    posix_spawn_file_actions_init(&actions);
    posix_spawn_file_actions_addopen(&actions, STDERR_FILENO, log_path, O_WRONLY | O_CREAT | O_APPEND, 0600);
    int status =
        posix_spawn(&process->pid, process->arguments[0], &actions, NULL, process->arguments, environ);
    posix_spawn_file_actions_destroy(&actions);
    return status == 0 ? true
                       : error_set(error, ERROR_IO, "%s: can't be started: %s", process->arguments[0],
                                   strerror(status));
}

int server_process_stop(struct server_process *process) {
    int status = 0;
    if (process->pid <= 0) {
        return -1;
    }
    kill(process->pid, SIGTERM);
    while (waitpid(process->pid, &status, 0) < 0 && errno == EINTR) {
    }
    process->pid = 0;
    return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

static void fclose_cleanup(FILE **file) {
    if (*file) {
        fclose(*file);
    }
}

// The first number of schedstat is nanoseconds on a processor; stat has only hundredths of a second.
static uint64_t thread_cpu_ns(pid_t pid, const char *thread) {
    char path[320];
    unsigned long long nanoseconds = 0;
    snprintf(path, sizeof(path), "/proc/%d/task/%s/schedstat", (int)pid, thread);
    CLEANUP(fclose) FILE *file = fopen(path, "re");
    return file && fscanf(file, "%llu", &nanoseconds) == 1 ? nanoseconds : 0;
}

uint64_t server_process_cpu_ns(const struct server_process *process) {
    char path[64];
    uint64_t total = 0;
    snprintf(path, sizeof(path), "/proc/%d/task", (int)process->pid);
    DIR *threads = opendir(path);
    for (const struct dirent *entry; threads && (entry = readdir(threads));) {
        total += entry->d_name[0] == '.' ? 0 : thread_cpu_ns(process->pid, entry->d_name);
    }
    if (threads) {
        closedir(threads);
    }
    return total;
}

uint64_t server_process_memory_kb(const struct server_process *process, const char *field) {
    char path[64];
    char line[256];
    size_t length = strlen(field);
    snprintf(path, sizeof(path), "/proc/%d/status", (int)process->pid);
    CLEANUP(fclose) FILE *file = fopen(path, "re");
    while (file && fgets(line, sizeof(line), file)) {
        if (strncmp(line, field, length) == 0 && line[length] == ':') {
            return strtoull(line + length + 1, NULL, 10);
        }
    }
    return 0;
}
