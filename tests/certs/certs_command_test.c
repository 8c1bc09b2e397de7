#include "cli/commands.h"

#include "base/buffer.h"

#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

enum { MOST_WORDS = 16 };

// Runs "fleetgate certs WORDS", where @ stands for the folder; what it writes to both outputs goes to
// *ret_text.
static int run(const char *folder, const char *words, struct buffer *ret_text) {
    char line[512] = "";
    size_t length = 0;
    for (const char *at = words; *at; at++) {
        length += (size_t)snprintf(line + length, sizeof(line) - length, "%.*s",
                                   *at == '@' ? (int)strlen(folder) : 1, *at == '@' ? folder : at);
    }
    char name[] = "certs";
    char *argv[MOST_WORDS + 2] = {name};
    int argc = 1;
    for (char *word = strtok(line, " "); word && argc <= MOST_WORDS; word = strtok(NULL, " ")) {
        argv[argc++] = word;
    }
    char path[] = "/tmp/fleetgate-output-XXXXXX";
    int file = mkstemp(path);
    fflush(stdout);
    int saved[] = {dup(STDOUT_FILENO), dup(STDERR_FILENO)};
    dup2(file, STDOUT_FILENO);
    dup2(file, STDERR_FILENO);
    int code = certs_main(argc, argv);
    fflush(stdout);
    dup2(saved[0], STDOUT_FILENO);
    dup2(saved[1], STDERR_FILENO);
    close(saved[0]), close(saved[1]);
    char chunk[4096];
    lseek(file, 0, SEEK_SET);
    for (ssize_t got; (got = read(file, chunk, sizeof(chunk))) > 0;) {
        buffer_append(ret_text, chunk, (size_t)got);
    }
    close(file);
    unlink(path);
    return code;
}

// One after the other in the same folder.
static const struct {
    const char *words;
    int code;
    const char *text;
} steps[] = {
    {"init", EXIT_USAGE, "--dir is missing"},
    {"init --dir @/c", EXIT_USAGE, "what is the server called?"},
    {"init --dir @/c --dns a..b", EXIT_USAGE, "\"a..b\" is not a DNS name"},
    {"init --dir @/c --dns a --days 0", EXIT_USAGE, "--days: want 1 to 3650, got 0"},
    {"init --dir @/c --dns a --renew --force", EXIT_USAGE, "choose one"},
    {"init --dir @/c --dns a extra", EXIT_USAGE, "unexpected extra"},
    {"init --dir @/c --renew", EXIT_USAGE, "no authority to renew from"},
    {"show @/c", EXIT_USAGE, "No such file or directory"},
    {"init --dir @/c --dns localhost --dns x.svc --ip 127.0.0.1 --ip ::1", EXIT_CLEAN,
     "names    localhost, x.svc, 127.0.0.1, ::1\n"},
    {"init --dir @/c --dns localhost", EXIT_USAGE, "--renew issues a new serving certificate"},
    {"show @/c", EXIT_CLEAN, "certificate authority\n  subject  CN=fleetgate webhook CA,O=fleetgate\n"},
    {"show @/c", EXIT_CLEAN, " days left"},
    {"show --warn-days 30 @/c", EXIT_CLEAN, "days left"},
    {"show --warn-days 400 @/c", EXIT_DENIED, "days left"},
    {"init --dir @/c --renew --days 5", EXIT_CLEAN, "localhost, x.svc, 127.0.0.1, ::1"},
    {"show --warn-days 30 @/c/tls.crt", EXIT_DENIED, " days left"},
    {"show --warn-days 30 @/c/ca.crt", EXIT_CLEAN, " days left"},
    {"show @/c/tls.key", EXIT_USAGE, "not a certificate in PEM"},
    {"show", EXIT_USAGE, "no file or folder given"},
    {"show --warn-days x @/c", EXIT_USAGE, "--warn-days: want 0 to 3650, got x"},
    {"init --dir @/d --dns other", EXIT_CLEAN, "other"},
    {"init --help", EXIT_CLEAN, "--renew"},
    {"make", EXIT_USAGE, "unknown command make"},
};

static void goes_through_the_life_of_a_certificate(void **state) {
    (void)state;
    char folder[] = "/tmp/fleetgate-certs-XXXXXX";
    assert_non_null(mkdtemp(folder));
    for (size_t i = 0; i < sizeof(steps) / sizeof(steps[0]); i++) {
        CLEANUP(buffer_clear) struct buffer text;
        buffer_init(&text, 65536);
        int code = run(folder, steps[i].words, &text);
        if (code != steps[i].code || !strstr(buffer_text(&text), steps[i].text)) {
            fail_msg("certs %s: exit code %d, and:\n%s", steps[i].words, code, buffer_text(&text));
        }
    }
    // A key and an authority from elsewhere are told.
    char command[256];
    snprintf(command, sizeof(command), "cd %s && cp d/ca.crt x && rm c/ca.crt && mv x c/ca.crt", folder);
    assert_int_equal(system(command), 0);
    CLEANUP(buffer_clear) struct buffer text;
    buffer_init(&text, 65536);
    assert_int_equal(run(folder, "show @/c", &text), EXIT_DENIED);
    assert_non_null(strstr(buffer_text(&text), "/c/ca.key does not belong to the certificate"));
    assert_non_null(strstr(buffer_text(&text), "/c/tls.crt is not good under"));
    snprintf(command, sizeof(command), "rm -rf %s", folder);
    assert_int_equal(system(command), 0);
}

int main(void) {
    const struct CMUnitTest tests[] = {cmocka_unit_test(goes_through_the_life_of_a_certificate)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
