// Any bytes as a policy file: it loads, or is refused with words; nothing that it does while it loads goes on
// for ever.
#include "tests/fuzz/fuzz.h"

#include "base/memory.h"
#include "engine/policy_set.h"

#include <string.h>

static const char library[] = "return { most = 3, names = { 'a', 'b' }, same = function(x) return x end }\n";

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    // A copy of the exact size, so that a read past the end is seen.
    CLEANUP(free) char *text = memory_alloc(size ? size : 1);
    if (size > 0) {
        memcpy(text, data, size);
    }
    const struct policy_source sources[] = {
        {.name = "policies/fuzz.lua", .text = text, .length = size},
        {.name = "policies/lib/names.lua",
         .text = library,
         .length = sizeof(library) - 1,
         .is_library = true},
    };
    const struct policy_set_options options = {.sources = sources, .source_count = 2, .evaluators = 1};
    struct error error = {0};
    CLEANUP(policy_set_unref) struct policy_set *set = NULL;
    if (policy_set_load(&options, &set, &error)) {
        require(policy_set_count(set) == 1, "the library is no policy");
    } else {
        require(!set && error.kind == ERROR_INVALID && *error.message, "it is refused with words");
    }
    return 0;
}
