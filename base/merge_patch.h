// JSON merge patches (RFC 7386).
#pragma once

#include "base/document.h"
#include "base/error.h"

// target with the patch applied: null takes a member away, maps are merged, all else is replaced. target may
// be NULL. Neither is changed; caller owns the document, which stands alone. Fails with LIMIT.
MUST_CHECK bool merge_patch_apply(const struct node *target, const struct node *patch,
                                  struct document **ret_document, struct error *error);
