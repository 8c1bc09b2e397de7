// Names as an API server takes them.
#pragma once

#include "base/error.h"
#include "fleet/object_change.h"

// Kind, namespace and name. Fails with INVALID, saying which character of what is wrong.
MUST_CHECK bool object_name_check(const struct object_key *key, struct error *error);
