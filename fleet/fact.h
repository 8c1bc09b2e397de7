// One value of a cluster view that remembers the object and field it came from.
#pragma once

#include "fleet/object_change.h"

#include <stdint.h>

// Unknown is a value of its own: it exists or may exist, but can't be read here.
enum fact_state { FACT_ABSENT, FACT_KNOWN, FACT_UNKNOWN };

enum fact_type { FACT_TEXT, FACT_INTEGER, FACT_BOOLEAN };

struct origin {
    struct object_key object; // kind NULL: nothing to point at
    const char
        *path; // "spec.region"; where the field would be, if it is absent. Same syntax as base/field_path.h
    const struct node *root; // the object that path starts from, NULL when only its facts are held
};

struct fact {
    enum fact_state state;
    enum fact_type type;
    union {
        const char *text;
        int64_t integer;
        bool boolean;
    } value;
    struct origin origin; // set for absent and unknown facts too, where that makes sense
    const char *why; // of an unknown: "${REGION} is not resolved", "AWSCluster prod/eu-7 has not been seen"
    bool unseen;     // of an unknown: true when an object that was not seen holds it, false for a placeholder
};

struct fact_list {
    const struct fact *items;
    size_t count;
    // FACT_UNKNOWN when the list as a whole, or one of the places that it comes from, can't be read (there
    // may be items from the others); FACT_ABSENT when there is none. Single items may be FACT_UNKNOWN too.
    struct fact whole;
};
