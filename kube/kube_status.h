// What an API server says when it refuses: Status objects as errors of ours.
#pragma once

#include "base/document.h"
#include "base/error.h"

// Sets the error for an answer with this HTTP status (400 and up), whose body was a Status or anything else:
// "404 "NotFound": clusters.cluster.x-k8s.io "a" not found". Returns false.
bool kube_status_error(long http_status, const char *body, size_t length, struct error *error);
// NOT_FOUND for 404 and 410, CONFLICT 409 and 412, DENIED 401 and 403, INVALID for other 4xx, LIMIT 429 and
// 413, IO else.
enum error_kind kube_status_kind(long http_status);
