// Lines for the operator on stderr: JSON or plain text. Libraries below cli/ and webhook/ never log.
#pragma once

#include "base/attributes.h"

#include <stdbool.h>

enum log_level { LOG_DEBUG, LOG_INFO, LOG_WARN, LOG_ERROR };
enum log_format { LOG_TEXT, LOG_JSON };

// Call once before other threads start.
void log_configure(enum log_level least, enum log_format format);

// One line: a message and pairs of key, value (both const char *, a NULL value is left out), ended by NULL.
// log_write(LOG_INFO, "policies loaded", "count", "5", NULL). Thread-safe; control characters are escaped,
// bad UTF-8 becomes U+FFFD, and a line ends with "..." after 16 KiB but stays valid JSON.
void log_write(enum log_level level, const char *message, ...) __attribute__((sentinel));
