// What the files that read a configuration share.
#pragma once

#include "engine/configuration.h"
#include "engine/setting_reader.h"

// Each reads the node at the reader's path. Texts and lists are the reader's arena's or the document's.
MUST_CHECK bool policy_settings_read(struct setting_reader *reader, const struct node *node,
                                     struct policy_settings *ret_settings);
MUST_CHECK bool scope_read(struct setting_reader *reader, const struct node *map, struct scope *ret_scope);
MUST_CHECK bool exceptions_read(struct setting_reader *reader, const struct node *list,
                                const struct exception **ret_exceptions, size_t *ret_count);

// "2026-12-31" (to the end of that day in UTC) or "2026-12-31T18:00:00Z" as seconds since 1970. NULL when it
// is good, else what is wrong.
MUST_CHECK const char *expiry_parse(const char *text, int64_t *ret_expires);
