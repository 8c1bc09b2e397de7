#include "kube/kube_transport.h"

#include "base/buffer.h"
#include "base/memory.h"
#include "kube/kube_credentials.h"
#include "kube/kube_server.h"

#include <string.h>

enum {
    CONNECT_TIMEOUT_MS = 10 * 1000,
    KEEPALIVE_S = 15,
    AUTHORITY_CACHE_S = 60,
    LONGEST_TEXT_BYTES = 64 * 1024
};

struct kube_transport {
    const struct kube_config *config;
    struct kube_server server;
    struct kube_credentials *credentials;
    char *base; // "https://host:6443/path", with tls_server_name as the host if there is one
    char *user_agent;
    char *host_header;             // "host:6443" when the URL names another host; else NULL
    struct curl_slist *connect_to; // where that other host is found; NULL: what the URL says
};

static void append_host(struct buffer *text, const char *host) {
    buffer_printf(text, strchr(host, ':') ? "[%s]" : "%s", host);
}

// curl takes the name for SNI and for verification from the URL. With a tls-server-name the URL therefore has
// that name, and CURLOPT_CONNECT_TO says where the server really is.
static void set_address(struct kube_transport *transport) {
    const struct kube_server *server = &transport->server;
    const char *name = transport->config->tls_server_name;
    CLEANUP(buffer_clear) struct buffer base, place;
    buffer_init(&base, LONGEST_TEXT_BYTES);
    buffer_init(&place, LONGEST_TEXT_BYTES);
    buffer_append_text(&base, server->tls ? "https://" : "http://");
    append_host(&base, name ? name : server->host);
    buffer_printf(&base, ":%s%s", server->port, server->path);
    transport->base = buffer_take(&base);
    if (name) {
        buffer_append_text(&place, "::");
        append_host(&place, server->host);
        buffer_printf(&place, ":%s", server->port);
        transport->connect_to = curl_slist_append(NULL, buffer_text(&place));
        buffer_truncate(&place, 0);
        append_host(&place, server->host);
        buffer_printf(&place, ":%s", server->port);
        transport->host_header = buffer_take(&place);
    }
}

bool kube_transport_new(const struct kube_config *config, const char *user_agent,
                        struct kube_transport **ret_transport, struct error *error) {
    if (curl_global_init(CURL_GLOBAL_DEFAULT) != CURLE_OK) {
        return error_set(error, ERROR_IO, "libcurl can't be initialised");
    }
    struct kube_server server;
    if (!kube_server_parse(config->server, &server, error)) {
        curl_global_cleanup();
        return error_wrap(error, "%s", config->source);
    }
    struct kube_transport *transport = memory_calloc(1, sizeof(*transport));
    transport->config = config;
    transport->server = server;
    transport->credentials = kube_credentials_new(config);
    transport->user_agent = memory_strdup(user_agent);
    set_address(transport);
    *ret_transport = transport;
    return true;
}

void kube_transport_free(struct kube_transport *transport) {
    if (transport) {
        kube_server_clear(&transport->server);
        kube_credentials_free(transport->credentials);
        curl_slist_free_all(transport->connect_to);
        free(transport->base);
        free(transport->user_agent);
        free(transport->host_header);
        free(transport);
        curl_global_cleanup();
    }
}

void kube_prepared_clear(struct kube_prepared *prepared) {
    for (struct curl_slist *header = prepared->headers; header; header = header->next) {
        explicit_bzero(header->data, strlen(header->data)); // one of them is the token
    }
    curl_slist_free_all(prepared->headers);
    *prepared = (struct kube_prepared){0};
}

static struct kube_prepared prepared_take(struct kube_prepared *prepared) {
    struct kube_prepared taken = *prepared;
    *prepared = (struct kube_prepared){0};
    return taken;
}

static bool set_blob(CURL *easy, CURLoption option, const char *pem) {
    struct curl_blob blob = {(void *)(uintptr_t)pem, strlen(pem), CURL_BLOB_COPY};
    return curl_easy_setopt(easy, option, &blob) == CURLE_OK;
}

static bool set_authority(const struct kube_config *config, CURL *easy) {
    bool set = curl_easy_setopt(easy, CURLOPT_SSL_VERIFYPEER, config->insecure ? 0L : 1L) == CURLE_OK &&
               curl_easy_setopt(easy, CURLOPT_SSL_VERIFYHOST, config->insecure ? 0L : 2L) == CURLE_OK;
    if (!config->ca_file && !config->ca_data) {
        return set;
    }
    // Without this, the system's folder of authorities would be trusted too.
    set = set && curl_easy_setopt(easy, CURLOPT_CAPATH, NULL) == CURLE_OK;
    // libcurl keeps what it read of a file for a day; authorities rotate.
    set = set && curl_easy_setopt(easy, CURLOPT_CA_CACHE_TIMEOUT, (long)AUTHORITY_CACHE_S) == CURLE_OK;
    return set && (config->ca_data ? set_blob(easy, CURLOPT_CAINFO_BLOB, config->ca_data)
                                   : curl_easy_setopt(easy, CURLOPT_CAINFO, config->ca_file) == CURLE_OK);
}

static bool set_certificate(const struct kube_config *config, const struct kube_credential *credential,
                            CURL *easy) {
    const char *certificate = credential->certificate ? credential->certificate : config->client_cert_data;
    const char *key = credential->certificate ? credential->key : config->client_key_data;
    bool set = true;
    if (certificate) {
        set = set_blob(easy, CURLOPT_SSLCERT_BLOB, certificate);
    } else if (config->client_cert_file) {
        set = curl_easy_setopt(easy, CURLOPT_SSLCERT, config->client_cert_file) == CURLE_OK;
    }
    if (key) {
        set = set && set_blob(easy, CURLOPT_SSLKEY_BLOB, key);
    } else if (config->client_key_file) {
        set = set && curl_easy_setopt(easy, CURLOPT_SSLKEY, config->client_key_file) == CURLE_OK;
    }
    return set;
}

static bool set_connection(const struct kube_transport *transport, CURL *easy) {
    const struct kube_config *config = transport->config;
    bool set =
        curl_easy_setopt(easy, CURLOPT_NOSIGNAL, 1L) == CURLE_OK &&
        curl_easy_setopt(easy, CURLOPT_PROTOCOLS_STR, transport->server.tls ? "https" : "http") == CURLE_OK &&
        curl_easy_setopt(easy, CURLOPT_FOLLOWLOCATION, 0L) == CURLE_OK &&
        curl_easy_setopt(easy, CURLOPT_HTTP_VERSION, (long)CURL_HTTP_VERSION_2TLS) == CURLE_OK &&
        // One connection for all where TLS agrees on HTTP/2. Without TLS nothing tells libcurl that a
        // connection is not shared, and who waits for it may wait until the stream on it ends.
        curl_easy_setopt(easy, CURLOPT_PIPEWAIT, transport->server.tls ? 1L : 0L) == CURLE_OK &&
        curl_easy_setopt(easy, CURLOPT_SSLVERSION, (long)CURL_SSLVERSION_TLSv1_2) == CURLE_OK &&
        curl_easy_setopt(easy, CURLOPT_CONNECTTIMEOUT_MS, (long)CONNECT_TIMEOUT_MS) == CURLE_OK &&
        curl_easy_setopt(easy, CURLOPT_TCP_KEEPALIVE, 1L) == CURLE_OK &&
        curl_easy_setopt(easy, CURLOPT_TCP_KEEPIDLE, (long)KEEPALIVE_S) == CURLE_OK &&
        curl_easy_setopt(easy, CURLOPT_TCP_KEEPINTVL, (long)KEEPALIVE_S) == CURLE_OK &&
        curl_easy_setopt(easy, CURLOPT_USERAGENT, transport->user_agent) == CURLE_OK;
    if (transport->connect_to) {
        set = set && curl_easy_setopt(easy, CURLOPT_CONNECT_TO, transport->connect_to) == CURLE_OK;
    }
    if (config->proxy_url) { // named for this cluster: $NO_PROXY does not count, as in kubectl
        set = set && curl_easy_setopt(easy, CURLOPT_PROXY, config->proxy_url) == CURLE_OK &&
              curl_easy_setopt(easy, CURLOPT_NOPROXY, "") == CURLE_OK;
    } else if (transport->server.loopback) {
        set = set && curl_easy_setopt(easy, CURLOPT_PROXY, "") == CURLE_OK;
    }
    return set;
}

static void add_header(struct curl_slist **headers, const char *name, const char *value) {
    CLEANUP(buffer_clear) struct buffer line;
    buffer_init(&line, LONGEST_TEXT_BYTES);
    buffer_printf(&line, *value ? "%s: %s" : "%s:%s", name, value);
    struct curl_slist *grown = line.cut ? NULL : curl_slist_append(*headers, buffer_text(&line));
    if (line.data) {
        explicit_bzero(line.data, line.length);
    }
    if (!grown) {
        abort(); // out of memory: as base/memory.h; longer texts are refused before
    }
    *headers = grown;
}

static bool set_request(const struct kube_transport *transport, CURL *easy,
                        const struct kube_exchange *exchange) {
    CLEANUP(buffer_clear) struct buffer url;
    buffer_init(&url, LONGEST_TEXT_BYTES);
    buffer_append_text(&url, transport->base);
    buffer_append_text(&url, exchange->path);
    bool set = !url.cut && curl_easy_setopt(easy, CURLOPT_URL, buffer_text(&url)) == CURLE_OK &&
               curl_easy_setopt(easy, CURLOPT_PATH_AS_IS, 1L) == CURLE_OK;
    if (exchange->body) {
        set = set && curl_easy_setopt(easy, CURLOPT_POSTFIELDS, exchange->body) == CURLE_OK &&
              curl_easy_setopt(easy, CURLOPT_POSTFIELDSIZE_LARGE, (curl_off_t)exchange->body_length) ==
                  CURLE_OK;
    }
    if (exchange->method && strcmp(exchange->method, "GET") != 0) {
        set = set && curl_easy_setopt(easy, CURLOPT_CUSTOMREQUEST, exchange->method) == CURLE_OK;
    }
    return set;
}

static struct curl_slist *headers_of(const struct kube_transport *transport,
                                     const struct kube_exchange *exchange, const char *token) {
    struct curl_slist *headers = NULL;
    add_header(&headers, "Accept", exchange->accept ? exchange->accept : "application/json");
    if (exchange->body) {
        add_header(&headers, "Content-Type",
                   exchange->content_type ? exchange->content_type : "application/json");
        add_header(&headers, "Expect", ""); // no round trip to ask whether the body may come
    }
    if (token) {
        CLEANUP(buffer_clear) struct buffer value;
        buffer_init(&value, LONGEST_TEXT_BYTES);
        buffer_printf(&value, "Bearer %s", token);
        add_header(&headers, "Authorization", buffer_text(&value));
        explicit_bzero(value.data, value.length);
    }
    if (transport->config->impersonate) {
        add_header(&headers, "Impersonate-User", transport->config->impersonate);
    }
    if (transport->host_header) {
        add_header(&headers, "Host", transport->host_header);
    }
    return headers;
}

bool kube_transport_prepare(struct kube_transport *transport, CURL *easy,
                            const struct kube_exchange *exchange, struct kube_prepared *ret_prepared,
                            struct error *error) {
    CLEANUP(kube_credential_clear) struct kube_credential credential = {0};
    if (!kube_credentials_get(transport->credentials, &credential, error)) {
        return false;
    }
    curl_easy_reset(easy);
    CLEANUP(kube_prepared_clear)
    struct kube_prepared prepared = {
        .headers = headers_of(transport, exchange, credential.token),
        .credential = credential.generation,
    };
    if (!set_connection(transport, easy) || !set_authority(transport->config, easy) ||
        !set_certificate(transport->config, &credential, easy) || !set_request(transport, easy, exchange) ||
        curl_easy_setopt(easy, CURLOPT_HTTPHEADER, prepared.headers) != CURLE_OK) {
        return error_set(error, ERROR_INVALID,
                         "%s: libcurl does not take these settings (proxy, names, files)",
                         transport->config->source);
    }
    *ret_prepared = prepared_take(&prepared);
    return true;
}

void kube_transport_refused(struct kube_transport *transport, uint64_t credential) {
    kube_credentials_refused(transport->credentials, credential);
}

bool kube_transport_error(const struct kube_transport *transport, CURLcode code, const char *error_buffer,
                          struct error *error) {
    enum error_kind kind = code == CURLE_OPERATION_TIMEDOUT ? ERROR_LIMIT : ERROR_IO;
    return error_set(error, kind, "API server %s: %s", transport->config->server,
                     *error_buffer ? error_buffer : curl_easy_strerror(code));
}
