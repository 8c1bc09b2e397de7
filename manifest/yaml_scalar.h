// What type a scalar has, as Kubernetes reads it: sigs.k8s.io/yaml over go-yaml v2, YAML 1.1.
#pragma once

#include "base/buffer.h"
#include "base/document.h"

#define YAML_TAG_PREFIX "tag:yaml.org,2002:"

// tag: as libyaml gives it, NULL for a plain scalar that shows its type by its look. A string's value points
// to text. On failure *ret_problem says what is wrong, in static words.
MUST_CHECK bool yaml_scalar_resolve(const char *tag, const char *text, uint32_t length, struct node *ret_node,
                                    const char **ret_problem);

// The key that a scalar of another type than string becomes: yes is "true", 010 is "8". False for null.
MUST_CHECK bool yaml_scalar_key(const struct node *node, struct buffer *ret_key);

// Decodes the base64 of a !!binary. False when it is not base64 or the bytes are not UTF-8 text.
MUST_CHECK bool yaml_scalar_decode_binary(const char *text, size_t length, struct buffer *ret_bytes);
