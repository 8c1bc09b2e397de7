#include "kube/kube_exec.h"

#include "base/buffer.h"
#include "base/clock.h"
#include "base/json_reader.h"
#include "base/memory.h"
#include "kube/kube_exec_info.h"
#include "kube/kube_file.h"
#include "kube/kube_time.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

enum { LONGEST_RUN_S = 60, MOST_OUTPUT_BYTES = 1024 * 1024, WAIT_STEP_MS = 5 };

struct plugin {
    const char *command; // for messages
    pid_t pid;
    int output; // our end of its stdout; -1: none
    uint64_t deadline_ms;
};

void kube_exec_result_clear(struct kube_exec_result *result) {
    kube_secret_free(result->token);
    kube_secret_free(result->key);
    free(result->certificate);
    *result = (struct kube_exec_result){0};
}

static uint64_t now_ms(void) {
    return clock_now_ns() / 1000000;
}

// Its own process group, so that what it starts can be ended with it; default signals; no descriptor of ours.
static int spawn(const struct kube_exec *exec, char *const *environment, int output, pid_t *ret_pid) {
    size_t count = 0;
    while (exec->arguments && exec->arguments[count]) {
        count++;
    }
    CLEANUP(free) char *memory = memory_calloc(count + 2, sizeof(char *));
    char **arguments = (char **)(void *)memory;
    arguments[0] = (char *)(uintptr_t)exec->command;
    for (size_t i = 0; i < count; i++) {
        arguments[i + 1] = (char *)(uintptr_t)exec->arguments[i];
    }
    posix_spawn_file_actions_t actions;
    posix_spawnattr_t attributes;
    posix_spawn_file_actions_init(&actions);
    posix_spawnattr_init(&attributes);
    posix_spawn_file_actions_addopen(&actions, STDIN_FILENO, "/dev/null", O_RDONLY, 0);
    posix_spawn_file_actions_adddup2(&actions, output, STDOUT_FILENO);
    posix_spawn_file_actions_addclosefrom_np(&actions, STDERR_FILENO + 1);
    sigset_t none, all;
    sigemptyset(&none);
    sigfillset(&all);
    posix_spawnattr_setsigmask(&attributes, &none);
    posix_spawnattr_setsigdefault(&attributes, &all);
    posix_spawnattr_setpgroup(&attributes, 0);
    posix_spawnattr_setflags(&attributes,
                             POSIX_SPAWN_SETPGROUP | POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF);
    int failure = posix_spawnp(ret_pid, exec->command, &actions, &attributes, arguments, environment);
    posix_spawnattr_destroy(&attributes);
    posix_spawn_file_actions_destroy(&actions);
    return failure;
}

static bool plugin_start(const struct kube_config *config, struct plugin *ret_plugin, struct error *error) {
    int ends[2];
    if (pipe2(ends, O_CLOEXEC) != 0) {
        return error_set(error, ERROR_IO, "can't run %s: %s", config->exec.command, strerror(errno));
    }
    char **environment = kube_exec_environment(config);
    pid_t pid = 0;
    int failure = spawn(&config->exec, environment, ends[1], &pid);
    kube_exec_environment_free(environment);
    close(ends[1]);
    if (failure != 0) {
        close(ends[0]);
        const char *hint = config->exec.install_hint;
        return error_set(error, failure == ENOENT ? ERROR_NOT_FOUND : ERROR_IO,
                         "credential plugin %s: %s%s%s", config->exec.command, strerror(failure),
                         hint ? "; " : "", hint ? hint : "");
    }
    *ret_plugin = (struct plugin){config->exec.command, pid, ends[0], now_ms() + LONGEST_RUN_S * 1000};
    return true;
}

static bool too_slow(const struct plugin *plugin, struct error *error) {
    return error_set(error, ERROR_LIMIT, "credential plugin %s: not done after %d s, ended", plugin->command,
                     LONGEST_RUN_S);
}

static bool plugin_read(const struct plugin *plugin, struct buffer *output, struct error *error) {
    for (;;) {
        uint64_t now = now_ms();
        if (now >= plugin->deadline_ms) {
            return too_slow(plugin, error);
        }
        struct pollfd wait = {.fd = plugin->output, .events = POLLIN};
        if (poll(&wait, 1, (int)(plugin->deadline_ms - now)) <= 0) {
            continue;
        }
        char chunk[4096];
        ssize_t length = read(plugin->output, chunk, sizeof(chunk));
        if (length > 0) {
            buffer_append(output, chunk, (size_t)length);
        }
        explicit_bzero(chunk, sizeof(chunk));
        if (output->cut) {
            return error_set(error, ERROR_LIMIT, "credential plugin %s: prints more than 1 MiB, ended",
                             plugin->command);
        }
        if (length == 0) {
            return true;
        }
        if (length < 0 && errno != EINTR) {
            return error_set(error, ERROR_IO, "credential plugin %s: %s", plugin->command, strerror(errno));
        }
    }
}

static bool plugin_wait(struct plugin *plugin, struct error *error) {
    int status = 0;
    pid_t ended;
    while ((ended = waitpid(plugin->pid, &status, WNOHANG)) == 0 || (ended < 0 && errno == EINTR)) {
        if (now_ms() >= plugin->deadline_ms) {
            return too_slow(plugin, error);
        }
        poll(NULL, 0, WAIT_STEP_MS);
    }
    plugin->pid = 0;
    if (ended > 0 && WIFSIGNALED(status)) {
        return error_set(error, ERROR_IO, "credential plugin %s: ended by signal %d", plugin->command,
                         WTERMSIG(status));
    }
    if (ended < 0 || WEXITSTATUS(status) != 0) {
        return error_set(error, ERROR_IO, "credential plugin %s: exit status %d (see its words above)",
                         plugin->command, ended < 0 ? -1 : WEXITSTATUS(status));
    }
    return true;
}

static void plugin_end(struct plugin *plugin) {
    close(plugin->output);
    if (plugin->pid > 0) {
        kill(-plugin->pid, SIGKILL);
        while (waitpid(plugin->pid, NULL, 0) < 0 && errno == EINTR) {
        }
    }
}

static char *copy_of(const struct node *status, const char *key) {
    const char *text = node_string(node_get(status, key));
    return text && *text ? memory_strdup(text) : NULL;
}

static bool read_credential(const struct kube_exec *exec, const struct node *root,
                            struct kube_exec_result *ret_result, struct error *error) {
    const char *kind = node_string(node_get(root, "kind"));
    const char *version = node_string(node_get(root, "apiVersion"));
    if (!kind || strcmp(kind, "ExecCredential") != 0 || !version || strcmp(version, exec->api_version) != 0) {
        return error_set(error, ERROR_IO, "credential plugin %s: its output must be an ExecCredential of %s",
                         exec->command, exec->api_version);
    }
    const struct node *status = node_get(root, "status");
    CLEANUP(kube_exec_result_clear)
    struct kube_exec_result result = {
        .token = copy_of(status, "token"),
        .certificate = copy_of(status, "clientCertificateData"),
        .key = copy_of(status, "clientKeyData"),
        .expires_at = INT64_MAX,
    };
    if ((result.certificate != NULL) != (result.key != NULL)) {
        return error_set(error, ERROR_IO,
                         "credential plugin %s: status must have both clientCertificateData "
                         "and clientKeyData, or none",
                         exec->command);
    }
    if (!result.token && !result.certificate) {
        return error_set(error, ERROR_IO,
                         "credential plugin %s: status has neither token nor "
                         "clientCertificateData",
                         exec->command);
    }
    const char *expires = node_string(node_get(status, "expirationTimestamp"));
    if (expires && !kube_time_parse(expires, &result.expires_at)) {
        return error_set(error, ERROR_IO, "credential plugin %s: status.expirationTimestamp is no time",
                         exec->command);
    }
    *ret_result = kube_exec_result_take(&result);
    return true;
}

static bool read_output(const struct kube_exec *exec, const struct buffer *output,
                        struct kube_exec_result *ret_result, struct error *error) {
    CLEANUP(document_free) struct document *document = NULL;
    struct error problem;
    if (!json_read_copy(buffer_text(output), output->length, &document_default_limits, &document, &problem)) {
        return error_set(error, ERROR_IO, "credential plugin %s: its output is no JSON: %s", exec->command,
                         problem.message);
    }
    return read_credential(exec, document_root(document), ret_result, error);
}

bool kube_exec_run(const struct kube_config *config, struct kube_exec_result *ret_result,
                   struct error *error) {
    struct plugin plugin = {0};
    if (!plugin_start(config, &plugin, error)) {
        return false;
    }
    CLEANUP(buffer_clear) struct buffer output;
    buffer_init(&output, MOST_OUTPUT_BYTES);
    bool ran = plugin_read(&plugin, &output, error) && plugin_wait(&plugin, error);
    plugin_end(&plugin);
    bool read = ran && read_output(&config->exec, &output, ret_result, error);
    if (output.data) {
        explicit_bzero(output.data, output.length);
    }
    return read;
}
