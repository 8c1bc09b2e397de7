// ${VAR} in manifests as Flux and clusterctl fill it in (drone/envsubst), and what no one filled in.
#pragma once

#include "base/buffer.h"

#include <stdbool.h>
#include <stddef.h>

// Where variables come from. lookup gives NULL for a variable that is not set; the value is borrowed until
// the next call. A NULL lookup knows no variable: only defaults resolve.
struct substitution {
    const char *(*lookup)(void *cookie, const char *name);
    void *cookie;
};

enum substitution_result {
    SUBSTITUTION_UNCHANGED, // nothing to fill in; the output is empty
    SUBSTITUTION_EXPANDED,  // the output holds the new text
    SUBSTITUTION_UNKNOWN,   // a variable without value or default, or an operator that is not known here
};

// Fills in ${X}, ${X:=d}, ${X:-d}, ${X=d} and ${X-d}, also inside a default; $$ is a dollar; $1 and $(x)
// stay. in_quotes: the text stood in quotes, so a default in double quotes loses them. Output over the
// buffer's maximum is UNKNOWN. https://github.com/drone/envsubst
enum substitution_result substitution_expand(const struct substitution *substitution, const char *text,
                                             size_t length, bool in_quotes, struct buffer *ret_text);

// Does it hold a {{ … }} of Helm, Go templates or Jinja?
bool substitution_has_template(const char *text, size_t length);
