// libyaml's events as trees, one per document.
#pragma once

#include "manifest/yaml_tree.h"

struct yaml_source;

enum yaml_source_status { YAML_SOURCE_DOCUMENT, YAML_SOURCE_END, YAML_SOURCE_FAILED };

// text is borrowed until yaml_source_free; its first character is base of the whole text. templates: mark
// flow maps that are {{ templates }}.
struct yaml_source *yaml_source_new(const char *text, size_t length, uint32_t base, bool templates);
void yaml_source_free(struct yaml_source *source);
DEFINE_CLEANUP(yaml_source_free, struct yaml_source *)

// Fills an empty tree, whose builder and limits are set. After FAILED nothing more can be read.
enum yaml_source_status yaml_source_next(struct yaml_source *source, struct yaml_tree *tree,
                                         struct yaml_problem *ret_problem);
