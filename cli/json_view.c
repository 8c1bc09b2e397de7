#include "cli/json_view.h"

#include <time.h>

struct json_object *json_view_new(const char *kind) {
    struct json_object *root = json_object_new_object();
    json_view_text(root, "apiVersion", JSON_VIEW_VERSION);
    json_view_text(root, "kind", kind);
    return root;
}

void json_view_text(struct json_object *object, const char *name, const char *text) {
    if (text && *text) {
        json_object_object_add(object, name, json_object_new_string(text));
    }
}

void json_view_integer(struct json_object *object, const char *name, int64_t value) {
    if (value >= 0) {
        json_object_object_add(object, name, json_object_new_int64(value));
    }
}

void json_view_time(struct json_object *object, const char *name, int64_t seconds) {
    char text[32];
    struct tm utc;
    time_t time = (time_t)seconds;
    if (seconds >= 0 && gmtime_r(&time, &utc) && strftime(text, sizeof(text), "%Y-%m-%dT%H:%M:%SZ", &utc)) {
        json_view_text(object, name, text);
    }
}

void json_view_print(struct json_object *root, FILE *out) {
    fprintf(out, "%s\n",
            json_object_to_json_string_ext(root, JSON_C_TO_STRING_PRETTY | JSON_C_TO_STRING_SPACED |
                                                     JSON_C_TO_STRING_NOSLASHESCAPE));
    json_object_put(root);
}
