#include "certs/certificate_names.h"

#include "certs/openssl_help.h"

#include <arpa/inet.h>
#include <ctype.h>
#include <stdio.h>
#include <string.h>

enum { MOST_NAMES = 100 };

// A label: letters, digits and inner hyphens (RFC 1123), at most 63.
static bool is_label(const char *label, size_t length) {
    if (length == 0 || length > 63 || label[0] == '-' || label[length - 1] == '-') {
        return false;
    }
    for (size_t i = 0; i < length; i++) {
        if (!isalnum((unsigned char)label[i]) && label[i] != '-') {
            return false;
        }
    }
    return true;
}

static bool is_dns_name(const char *name) {
    size_t length = strlen(name);
    if (length == 0 || length > 253) {
        return false;
    }
    const char *label = strncmp(name, "*.", 2) == 0 ? name + 2 : name;
    for (;;) {
        size_t size = strcspn(label, ".");
        if (!is_label(label, size)) {
            return false;
        }
        if (label[size] == '\0') {
            break;
        }
        label += size + 1;
    }
    // 10.0.0.1 passes as labels; a client looks for it among the addresses, so it must not stand here.
    struct in_addr address;
    return inet_pton(AF_INET, name, &address) != 1;
}

static bool add_name(GENERAL_NAMES *list, int type, const void *bytes, size_t length, struct error *error) {
    GENERAL_NAME *name = GENERAL_NAME_new();
    ASN1_STRING *value = type == GEN_DNS ? ASN1_IA5STRING_new() : ASN1_OCTET_STRING_new();
    if (!name || !value || !ASN1_STRING_set(value, bytes, (int)length)) {
        GENERAL_NAME_free(name);
        ASN1_STRING_free(value);
        return openssl_error(error, ERROR_IO, "can't make a certificate name");
    }
    GENERAL_NAME_set0_value(name, type, value);
    if (!sk_GENERAL_NAME_push(list, name)) {
        GENERAL_NAME_free(name);
        return openssl_error(error, ERROR_IO, "can't make a certificate name");
    }
    return true;
}

static bool add_address(GENERAL_NAMES *list, const char *text, struct error *error) {
    unsigned char bytes[16];
    if (inet_pton(AF_INET, text, bytes) == 1) {
        return add_name(list, GEN_IPADD, bytes, 4, error);
    }
    if (inet_pton(AF_INET6, text, bytes) == 1) {
        return add_name(list, GEN_IPADD, bytes, 16, error);
    }
    return error_set(error, ERROR_INVALID, "\"%s\" is not an IPv4 or IPv6 address", text);
}

static bool add_all(GENERAL_NAMES *list, const struct certificate_names *names, struct error *error) {
    for (size_t i = 0; i < names->dns_count; i++) {
        if (!is_dns_name(names->dns[i])) {
            return error_set(error, ERROR_INVALID, "\"%s\" is not a DNS name", names->dns[i]);
        }
        if (!add_name(list, GEN_DNS, names->dns[i], strlen(names->dns[i]), error)) {
            return false;
        }
    }
    for (size_t i = 0; i < names->address_count; i++) {
        if (!add_address(list, names->addresses[i], error)) {
            return false;
        }
    }
    return true;
}

bool certificate_names_make(const struct certificate_names *names, GENERAL_NAMES **ret_names,
                            struct error *error) {
    size_t count = names->dns_count + names->address_count;
    if (count == 0 || count > MOST_NAMES) {
        return error_set(error, ERROR_INVALID, "a serving certificate needs 1 to %d names, got %zu",
                         MOST_NAMES, count);
    }
    GENERAL_NAMES *list = sk_GENERAL_NAME_new_null();
    if (!list) {
        return openssl_error(error, ERROR_IO, "can't make certificate names");
    }
    if (!add_all(list, names, error)) {
        GENERAL_NAMES_free(list);
        return false;
    }
    *ret_names = list;
    return true;
}

bool general_name_text(const GENERAL_NAME *name, char *text, size_t size, bool *ret_is_address) {
    int type;
    const ASN1_STRING *value = GENERAL_NAME_get0_value(name, &type);
    const unsigned char *bytes = type == GEN_DNS || type == GEN_IPADD ? ASN1_STRING_get0_data(value) : NULL;
    if (!bytes) {
        return false;
    }
    int length = ASN1_STRING_length(value);
    if (type == GEN_DNS) {
        *ret_is_address = false;
        return !memchr(bytes, 0, (size_t)length) &&
               snprintf(text, size, "%.*s", length, (const char *)bytes) == length;
    }
    *ret_is_address = true;
    return (length == 4 || length == 16) &&
           inet_ntop(length == 4 ? AF_INET : AF_INET6, bytes, text, (socklen_t)size);
}
