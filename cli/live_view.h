// What 'fleetgate run' shows: on a terminal one line for each cluster, redrawn in place below the messages;
// elsewhere a plain line for each thing that happens.
#pragma once

#include "cli/terminal_text.h"
#include "loop/event_loop.h"
#include "reconciler/reconciler.h"

struct live_view;

struct live_view_options {
    struct event_loop *loop;  // borrowed until live_view_free
    int descriptor;           // where it goes
    struct terminal terminal; // of the descriptor
    const char *title;        // "examples/fleet"; borrowed
    bool quiet;               // only what went wrong
};

struct live_view *live_view_new(const struct live_view_options *options); // caller owns
// Leaves the last picture on the terminal.
void live_view_free(struct live_view *view);
DEFINE_CLEANUP(live_view_free, struct live_view *)

// False: that was known already.
bool live_view_cluster(struct live_view *view, const struct cluster_progress *progress);

enum live_tone { TONE_PLAIN, TONE_GOOD, TONE_WARNING, TONE_BAD };
// One message of one or more lines; the tone is that of the first.
void live_view_say(struct live_view *view, enum live_tone tone, const char *text);
// The size of the terminal has changed.
void live_view_resized(struct live_view *view);
