#include "engine/review.h"

const char *door_name(enum door door) {
    static const char *const names[] = {"admission", "check", "reconcile"};
    return names[door];
}
