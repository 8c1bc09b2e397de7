#include "tests/cli/program.h"

#include "base/buffer.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

enum { MOST_OUTPUT = 64 * 1024 * 1024 };

static char *read_all(FILE *file) {
    struct buffer text;
    buffer_init(&text, MOST_OUTPUT);
    char chunk[4096];
    rewind(file);
    for (size_t size; (size = fread(chunk, 1, sizeof(chunk), file)) > 0;) {
        buffer_append(&text, chunk, size);
    }
    fclose(file);
    return buffer_take(&text);
}

static _Noreturn void become(const char *command, FILE *out, FILE *err) {
    int nothing = open("/dev/null", O_RDONLY);
    dup2(nothing, STDIN_FILENO);
    dup2(fileno(out), STDOUT_FILENO);
    dup2(fileno(err), STDERR_FILENO);
    execl("/bin/sh", "sh", "-c", command, (char *)NULL);
    _exit(127);
}

void program_run(const char *arguments, struct program_result *ret_result) {
    CLEANUP(buffer_clear) struct buffer command;
    buffer_init(&command, 64 * 1024);
    buffer_printf(&command, "%s %s", FLEETGATE_PROGRAM, arguments);
    FILE *out = tmpfile();
    FILE *err = tmpfile();
    if (!out || !err) {
        abort();
    }
    pid_t child = fork();
    if (child == 0) {
        become(buffer_text(&command), out, err);
    }
    int status = 0;
    waitpid(child, &status, 0);
    ret_result->code = WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
    ret_result->out = read_all(out);
    ret_result->err = read_all(err);
}

void program_result_clear(struct program_result *result) {
    free(result->out);
    free(result->err);
}
