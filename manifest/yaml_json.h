// JSON in a manifest: json_read says what it means, this says where it stands.
#pragma once

#include "manifest/yaml_tree.h"

// Does the text begin with { or [? *ret_likely: it is more likely JSON than a flow map or list of YAML.
bool yaml_json_may_be(const char *text, size_t length, bool *ret_likely);

// Reads one JSON text whose first character is base of the whole text. On failure *ret_problem is set.
MUST_CHECK bool yaml_json_parse(const char *text, size_t length, uint32_t base, struct yaml_tree *tree,
                                struct yaml_problem *ret_problem);
