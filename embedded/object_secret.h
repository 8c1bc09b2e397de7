// Secrets are written as text (stringData) and kept as base64 (data).
#pragma once

#include "base/document.h"
#include "base/error.h"
#include "fleet/object_change.h"

bool object_is_secret(const struct object_key *key);
// The Secret with its stringData moved to data. *ret_document stays NULL where there is nothing to move;
// caller owns. Fails with INVALID, LIMIT.
MUST_CHECK bool object_secret_settle(const struct object_key *key, const struct node *object,
                                     struct document **ret_document, struct error *error);
