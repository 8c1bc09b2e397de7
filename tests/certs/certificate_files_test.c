#include "certs/certificate_files.h"

#include "certs/certificate_info.h"

#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

static const char *const names[] = {"localhost"};
static const char *const addresses[] = {"127.0.0.1"};
static const struct certificates_request request_new = {
    .names = {.dns = names, .dns_count = 1, .addresses = addresses, .address_count = 1}};

struct folder {
    char root[64];
    char path[96];
    char authority[128], certificate[128], key[128], authority_key[128];
};

static void make_folder(struct folder *folder) {
    strcpy(folder->root, "/tmp/fleetgate-certs-XXXXXX");
    assert_non_null(mkdtemp(folder->root));
    snprintf(folder->path, sizeof(folder->path), "%s/a/b", folder->root);
    snprintf(folder->authority, sizeof(folder->authority), "%s/ca.crt", folder->path);
    snprintf(folder->authority_key, sizeof(folder->authority_key), "%s/ca.key", folder->path);
    snprintf(folder->certificate, sizeof(folder->certificate), "%s/tls.crt", folder->path);
    snprintf(folder->key, sizeof(folder->key), "%s/tls.key", folder->path);
}

static void remove_folder(const struct folder *folder) {
    char command[128];
    snprintf(command, sizeof(command), "rm -rf %s", folder->root);
    assert_int_equal(system(command), 0);
}

static void assert_whole(const struct folder *folder) {
    struct error error = {0};
    if (!certificate_pair_check(folder->certificate, folder->key, &error) ||
        !certificate_pair_check(folder->authority, folder->authority_key, &error) ||
        !certificate_chain_check(folder->authority, folder->certificate, &error)) {
        fail_msg("%s", error.message);
    }
}

static unsigned mode_of(const char *path) {
    struct stat status;
    assert_int_equal(stat(path, &status), 0);
    return status.st_mode & 0777;
}

static void makes_four_files_with_safe_modes(void **state) {
    (void)state;
    struct folder folder;
    struct error error;
    make_folder(&folder);
    mode_t before = umask(0);
    assert_true(certificate_files_write(folder.path, &request_new, &error));
    umask(before);
    assert_whole(&folder);
    assert_int_equal(mode_of(folder.key), 0600);
    assert_int_equal(mode_of(folder.authority_key), 0600);
    assert_int_equal(mode_of(folder.certificate), 0644);
    remove_folder(&folder);
}

static void refuses_to_overwrite(void **state) {
    (void)state;
    struct folder folder;
    struct error error;
    make_folder(&folder);
    assert_true(certificate_files_write(folder.path, &request_new, &error));
    CLEANUP(certificate_info_clear) struct certificate_info first = {0};
    assert_true(certificate_info_read(folder.certificate, &first, &error));
    struct stat before, after;
    assert_int_equal(stat(folder.certificate, &before), 0);
    assert_false(certificate_files_write(folder.path, &request_new, &error));
    assert_int_equal(error.kind, ERROR_CONFLICT);
    assert_non_null(strstr(error.message, "--renew"));
    assert_int_equal(stat(folder.certificate, &after), 0);
    assert_int_equal(before.st_ino, after.st_ino);
    remove_folder(&folder);
}

static void renews_under_the_same_authority(void **state) {
    (void)state;
    struct folder folder;
    struct error error;
    make_folder(&folder);
    struct certificates_request renew = {.mode = CERTIFICATES_RENEW, .days = 30};
    assert_false(certificate_files_write(folder.path, &renew, &error));
    assert_int_equal(error.kind, ERROR_NOT_FOUND);
    assert_true(certificate_files_write(folder.path, &request_new, &error));
    char kept[128];
    snprintf(kept, sizeof(kept), "%s/ca-before.crt", folder.root);
    char command[300];
    snprintf(command, sizeof(command), "cp %s %s", folder.authority, kept);
    assert_int_equal(system(command), 0);

    assert_true(certificate_files_write(folder.path, &renew, &error));
    assert_whole(&folder);
    assert_true(certificate_chain_check(kept, folder.certificate, &error));
    CLEANUP(certificate_info_clear) struct certificate_info info = {0};
    assert_true(certificate_info_read(folder.certificate, &info, &error));
    assert_string_equal(info.dns[0], "localhost");
    assert_string_equal(info.addresses[0], "127.0.0.1");

    struct certificates_request replace = request_new;
    replace.mode = CERTIFICATES_REPLACE;
    assert_true(certificate_files_write(folder.path, &replace, &error));
    assert_whole(&folder);
    assert_false(certificate_chain_check(kept, folder.certificate, &error));
    remove_folder(&folder);
}

// Files that another tool made become links on the first renewal.
static void takes_over_plain_files(void **state) {
    (void)state;
    struct folder folder;
    struct error error;
    make_folder(&folder);
    assert_true(certificate_files_write(folder.path, &request_new, &error));
    char command[300];
    snprintf(command, sizeof(command), "cd %s && mkdir ../c && cp *.* ../c && mv ../b ../old && mv ../c ../b",
             folder.path);
    assert_int_equal(system(command), 0);
    struct certificates_request renew = {.mode = CERTIFICATES_RENEW};
    assert_true(certificate_files_write(folder.path, &renew, &error));
    assert_whole(&folder);
    assert_int_equal(mode_of(folder.key), 0600);
    remove_folder(&folder);
}

// Whenever the writer dies, what stands there is one whole generation, and the next run works.
static void a_kill_leaves_a_whole_set(void **state) {
    (void)state;
    struct folder folder;
    struct error error;
    make_folder(&folder);
    assert_true(certificate_files_write(folder.path, &request_new, &error));
    struct certificates_request replace = request_new;
    replace.mode = CERTIFICATES_REPLACE;
    for (unsigned round = 0; round < 40; round++) {
        pid_t child = fork();
        assert_true(child >= 0);
        if (child == 0) {
            for (;;) {
                if (!certificate_files_write(folder.path, &replace, &error)) {
                    _exit(1);
                }
            }
        }
        usleep(5000 + round * 700);
        kill(child, SIGKILL);
        int status;
        assert_int_equal(waitpid(child, &status, 0), child);
        assert_true(WIFSIGNALED(status));
        assert_whole(&folder);
    }
    assert_true(certificate_files_write(folder.path, &replace, &error));
    char command[300];
    snprintf(command, sizeof(command), "test $(ls -A %s | grep -cE '^[.]{2}[0-9a-f]{16}$') = 1", folder.path);
    assert_int_equal(system(command), 0);
    remove_folder(&folder);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(makes_four_files_with_safe_modes), cmocka_unit_test(refuses_to_overwrite),
        cmocka_unit_test(renews_under_the_same_authority),  cmocka_unit_test(takes_over_plain_files),
        cmocka_unit_test(a_kill_leaves_a_whole_set),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
