// JSON that the commands print: an envelope with apiVersion, kind and items.
#pragma once

#include <json-c/json.h>
#include <stdint.h>
#include <stdio.h>

#define JSON_VIEW_VERSION "fleetgate.dev/v1alpha1"

// {"apiVersion": …, "kind": kind}. Caller owns.
struct json_object *json_view_new(const char *kind);
void json_view_text(struct json_object *object, const char *name, const char *text); // NULL and "": left out
void json_view_integer(struct json_object *object, const char *name, int64_t value); // below 0: left out
// "2026-01-31T12:00:00Z"; below 0: left out.
void json_view_time(struct json_object *object, const char *name, int64_t seconds);
// Takes ownership.
void json_view_print(struct json_object *root, FILE *out);
