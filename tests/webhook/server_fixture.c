#include "tests/webhook/server_fixture.h"

#include "certs/certificate_files.h"
#include "tests/webhook/client_certificates.h"
#include "tests/webhook/gate_fixture.h"
#include "webhook/listen_socket.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

void served_make_certificates(struct served *served) {
    static const char *const names[] = {
        [SERVER_AUTHORITY] = "ca.crt",
        [SERVER_CERTIFICATE] = "tls.crt",
        [SERVER_KEY] = "tls.key",
        [CLIENT_AUTHORITY] = "client-ca.crt",
        [CLIENT_CERTIFICATE] = "client.crt",
        [CLIENT_KEY] = "client.key",
        [NAMED_CERTIFICATE] = "named.crt",
        [NAMED_KEY] = "named.key",
        [EXPIRED_CERTIFICATE] = "expired.crt",
        [EXPIRED_KEY] = "expired.key",
        [STRANGE_AUTHORITY] = "strange-ca.crt",
        [STRANGE_CERTIFICATE] = "strange.crt",
        [STRANGE_KEY] = "strange.key",
    };
    strcpy(served->folder, "/tmp/fleetgate-webhook-XXXXXX");
    assert_non_null(mkdtemp(served->folder));
    for (size_t i = 0; i < SERVED_FILE_COUNT; i++) {
        snprintf(served->files[i], sizeof(served->files[i]), "%s/%s", served->folder, names[i]);
    }
    const char *const dns[] = {"localhost"};
    const char *const addresses[] = {"127.0.0.1"};
    const struct certificates_request request = {
        .names = {.dns = dns, .dns_count = 1, .addresses = addresses, .address_count = 1}};
    struct error error = {0};
    if (!certificate_files_write(served->folder, &request, &error)) {
        fail_msg("%s", error.message);
    }
    const struct client_certificate good[] = {
        {.path = served->files[CLIENT_CERTIFICATE],
         .key_path = served->files[CLIENT_KEY],
         .common_name = "kube-apiserver"},
        {.path = served->files[NAMED_CERTIFICATE],
         .key_path = served->files[NAMED_KEY],
         .common_name = "somebody",
         .dns = "apiserver.example.org"},
        {.path = served->files[EXPIRED_CERTIFICATE],
         .key_path = served->files[EXPIRED_KEY],
         .common_name = "kube-apiserver",
         .expired = true},
    };
    const struct client_certificate strange = {.path = served->files[STRANGE_CERTIFICATE],
                                               .key_path = served->files[STRANGE_KEY],
                                               .common_name = "kube-apiserver"};
    client_certificates_make(served->files[CLIENT_AUTHORITY], good, 3);
    client_certificates_make(served->files[STRANGE_AUTHORITY], &strange, 1);
}

void served_remove_certificates(struct served *served) {
    char command[128];
    snprintf(command, sizeof(command), "rm -rf %s", served->folder);
    assert_int_equal(system(command), 0);
}

struct tls_credentials *served_credentials(const struct served *served, int client_authority) {
    const struct tls_files files = {
        .certificate = served->files[SERVER_CERTIFICATE],
        .key = served->files[SERVER_KEY],
        .client_authorities = client_authority < 0 ? NULL : served->files[client_authority],
    };
    struct tls_credentials *credentials = NULL;
    struct error error = {0};
    if (!tls_credentials_load(&files, &credentials, &error)) {
        fail_msg("%s", error.message);
    }
    return credentials;
}

void served_start(struct served *served, struct webhook_server_options options, bool with_client_authority) {
    *served = (struct served){0};
    served_make_certificates(served);
    served->metrics = gate_metrics_new("test");
    struct error error = {0};
    options.threads = options.threads ? options.threads : 2;
    served->webhook = webhook_new(gate_policies(options.threads), 1000000000, served->metrics);
    options.webhook = served->webhook;
    options.metrics = served->metrics;
    options.credentials = served_credentials(served, with_client_authority ? CLIENT_AUTHORITY : -1);
    if (!listen_socket_open("127.0.0.1:0", &options.listen_socket, &served->port, &error) ||
        !webhook_server_start(&options, &served->server, &error)) {
        fail_msg("%s", error.message);
    }
}

void served_stop(struct served *served) {
    webhook_server_free(served->server);
    webhook_free(served->webhook);
    gate_metrics_free(served->metrics);
    served_remove_certificates(served);
}

static struct tls_client *open_client(const struct tls_client_options *options) {
    struct tls_client *client = NULL;
    struct error error = {0};
    if (!tls_client_open(options, &client, &error)) {
        fail_msg("%s", error.message);
    }
    return client;
}

struct tls_client *served_connect(const struct served *served) {
    return open_client(
        &(struct tls_client_options){.port = served->port, .authority = served->files[SERVER_AUTHORITY]});
}

struct tls_client *served_connect_as(const struct served *served, enum served_file certificate) {
    return open_client(&(struct tls_client_options){.port = served->port,
                                                    .authority = served->files[SERVER_AUTHORITY],
                                                    .certificate = served->files[certificate],
                                                    .key = served->files[certificate + 1]});
}
