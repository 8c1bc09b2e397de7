// What 'get' and 'describe' print, as tables for people or as JSON with a versioned envelope.
#pragma once

#include "cli/cluster_facts.h"

#include <stdio.h>

enum view_format { VIEW_TABLE, VIEW_WIDE, VIEW_JSON };

// namespace NULL: all.
void clusters_print(const struct stored_fleet *fleet, const char *namespace, enum view_format format,
                    int64_t now_s, FILE *out);

struct decision_view {
    const char *namespace; // NULL: all
    bool denied_only;
    size_t most; // 0: all
    enum view_format format;
    int64_t now_s;
};
// The newest first. Fails with IO.
MUST_CHECK bool decisions_print(const struct stored_fleet *fleet, const struct decision_view *view, FILE *out,
                                struct error *error);

// One cluster as a tree: its infrastructure, control plane and pools; then what waits for approval, the last
// decisions and events. Fails with IO.
MUST_CHECK bool cluster_tree_print(const struct stored_fleet *fleet, const struct object_key *key,
                                   int64_t now_s, FILE *out, struct error *error);
MUST_CHECK bool cluster_tree_print_json(const struct stored_fleet *fleet, const struct object_key *key,
                                        FILE *out, struct error *error);
