#include "tests/bench/reviews.h"

#include "base/buffer.h"

enum { LARGEST_REVIEW = 1024 * 1024 };

static void append_pool(struct buffer *text, unsigned number, bool with_details) {
    buffer_printf(text, "%s{\"class\":\"default-worker\",\"name\":\"md-%u\",\"replicas\":%u",
                  number ? "," : "", number, 3 + number);
    if (with_details) {
        buffer_printf(
            text,
            ",\"failureDomain\":\"eu-west-1%c\",\"metadata\":{\"labels\":{\"node.example.org/"
            "pool\":\"md-%u\","
            "\"node.example.org/kind\":\"general\"},\"annotations\":{\"fleet.example.org/"
            "cost-centre\":\"4%u\"}},"
            "\"nodeDrainTimeout\":\"5m0s\",\"strategy\":{\"type\":\"RollingUpdate\",\"rollingUpdate\":"
            "{\"maxSurge\":1,\"maxUnavailable\":0}}",
            'a' + (char)(number % 3), number, number);
    }
    buffer_append_char(text, '}');
}

// What a server-side apply leaves behind: one entry for each manager, a key for each field.
static void append_managed_fields(struct buffer *text, unsigned pools) {
    static const char *const managers[] = {"kustomize-controller", "capi-topology-controller", "manager"};
    buffer_append_text(text, ",\"managedFields\":[");
    for (unsigned i = 0; i < 3; i++) {
        buffer_printf(
            text,
            "%s{\"manager\":\"%s\",\"operation\":\"Apply\",\"apiVersion\":\"cluster.x-k8s.io/v1beta1\","
            "\"time\":\"2026-08-2%uT10:00:00Z\",\"fieldsType\":\"FieldsV1\",\"fieldsV1\":{\"f:metadata\":"
            "{\"f:labels\":{\"f:environment\":{},\"f:team\":{},\"f:fleet.example.org/region\":{}},"
            "\"f:annotations\":{\"f:fleet.example.org/"
            "owner\":{}}},\"f:spec\":{\"f:clusterNetwork\":{\"f:pods\":"
            "{\"f:cidrBlocks\":{}},\"f:services\":{\"f:cidrBlocks\":{}}},\"f:topology\":{\"f:class\":{},"
            "\"f:version\":{},\"f:controlPlane\":{\"f:replicas\":{}},\"f:workers\":{\"f:machineDeployments\":"
            "{",
            i ? "," : "", managers[i], i);
        for (unsigned pool = 0; pool < pools; pool++) {
            buffer_printf(text,
                          "%s\"k:{\\\"name\\\":\\\"md-%u\\\"}\":{\".\":{},\"f:class\":{},\"f:name\":{},\"f:"
                          "replicas\":{},"
                          "\"f:failureDomain\":{},\"f:metadata\":{\"f:labels\":{}}}",
                          pool ? "," : "", pool);
        }
        buffer_append_text(text, "}}}}}}");
    }
    buffer_append_char(text, ']');
}

struct shape {
    unsigned pools, minor, serial;
    bool managed, denied;
};

static void append_cluster(struct buffer *text, const struct shape *shape) {
    const char *region = shape->denied ? "ap-south-1" : "eu-west-1";
    buffer_printf(
        text,
        "{\"apiVersion\":\"cluster.x-k8s.io/v1beta1\",\"kind\":\"Cluster\",\"metadata\":{\"name\":\"eu-%u\","
        "\"namespace\":\"prod\",\"labels\":{\"environment\":\"production\",\"team\":\"payments\","
        "\"fleet.example.org/region\":\"%s\",\"fleet.example.org/cost-centre\":\"4711\"},\"annotations\":"
        "{\"fleet.example.org/contact\":\"https://chat.example.org/payments\",\"fleet.example.org/owner\":"
        "\"payments@example.org\"}",
        shape->serial, region);
    if (shape->managed) {
        append_managed_fields(text, shape->pools);
    }
    buffer_printf(
        text,
        "},\"spec\":{\"clusterNetwork\":{\"pods\":{\"cidrBlocks\":[\"192.168.0.0/16\"]},\"services\":"
        "{\"cidrBlocks\":[\"10.128.0.0/"
        "12\"]}},\"topology\":{\"class\":\"aws-default\",\"version\":\"v1.%u.2\","
        "\"controlPlane\":{\"replicas\":3},\"variables\":[{\"name\":\"region\",\"value\":\"%s\"}],"
        "\"workers\":{\"machineDeployments\":[",
        shape->minor, region);
    for (unsigned pool = 0; pool < shape->pools; pool++) {
        append_pool(text, pool, shape->managed);
    }
    buffer_append_text(text, "]}}}}");
}

char *review_make(enum review_body body, unsigned serial, size_t *ret_length) {
    struct buffer text;
    buffer_init(&text, LARGEST_REVIEW);
    bool large = body == REVIEW_LARGE;
    const struct shape now = {.pools = large ? 4 : 1,
                              .minor = 31,
                              .serial = serial,
                              .managed = large,
                              .denied = body == REVIEW_DENIED};
    struct shape before = now;
    before.minor = 30;
    buffer_printf(
        &text,
        "{\"apiVersion\":\"admission.k8s.io/v1\",\"kind\":\"AdmissionReview\",\"request\":{\"uid\":"
        "\"705ab4f5-6393-11e8-b7cc-%012u\",\"kind\":{\"group\":\"cluster.x-k8s.io\",\"version\":\"v1beta1\","
        "\"kind\":\"Cluster\"},\"resource\":{\"group\":\"cluster.x-k8s.io\",\"version\":\"v1beta1\","
        "\"resource\":\"clusters\"},\"name\":\"eu-%u\",\"namespace\":\"prod\",\"operation\":\"%s\","
        "\"userInfo\":{\"username\":\"system:serviceaccount:flux-system:kustomize-controller\",\"groups\":"
        "[\"system:serviceaccounts\",\"system:authenticated\"]},\"object\":",
        serial, serial,
        large                   ? "UPDATE"
        : body == REVIEW_DELETE ? "DELETE"
                                : "CREATE");
    if (body == REVIEW_DELETE) {
        buffer_append_text(&text, "null");
    } else {
        append_cluster(&text, &now);
    }
    buffer_append_text(&text, ",\"oldObject\":");
    if (large || body == REVIEW_DELETE) {
        append_cluster(&text, &before);
    } else {
        buffer_append_text(&text, "null");
    }
    buffer_append_text(&text, ",\"dryRun\":false,\"options\":{\"fieldManager\":\"kustomize-controller\"}}}");
    *ret_length = text.length;
    return buffer_take(&text);
}
