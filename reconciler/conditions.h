// Conditions of an object's status, in both forms that Cluster API has had.
#pragma once

#include "reconciler/json_node.h"

enum condition_form {
    CONDITION_V1BETA1 = 1, // with severity; reason and message only where there is something to say
    CONDITION_METAV1 = 2,  // reason always, observedGeneration
};

enum condition_status { CONDITION_FALSE, CONDITION_TRUE, CONDITION_UNKNOWN };

// Texts are borrowed.
struct condition {
    const char *type;
    unsigned forms; // of enum condition_form: where it is written
    enum condition_status status;
    const char *reason;   // CamelCase
    const char *severity; // of FALSE, in the v1beta1 form: "Info", "Warning", "Error"; NULL: "Info"
    const char *message;  // may be NULL
    bool stays;           // what an object says already stands: nothing newer is known
};

struct condition_times {
    int64_t generation; // of the object; -1: it has none
    int64_t now_s;
};

// The list in this form after these conditions were set: others stay where they are, new ones come last, and
// lastTransitionTime changes only with the status. have: the list as it is, or NULL. Caller owns.
struct json_object *conditions_set(const struct node *have, const struct condition *conditions, size_t count,
                                   enum condition_form form, const struct condition_times *times);
// The item of this type, or NULL. Borrowed.
const struct node *condition_find(const struct node *list, const char *type);
const char *condition_status_name(enum condition_status status); // "True", …
