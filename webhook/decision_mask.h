// What of an object must not get into a log: what is secret by its place, its name or its look.
#pragma once

#include "base/buffer.h"
#include "base/document.h"
#include "base/error.h"

enum { MOST_MASK_POINTERS = 64 };

struct decision_mask;

// Further places to mask, as JSON pointers into the object (RFC 6901): "/spec/users". A part that is * stands
// for every member or item. Copies them. Fails with INVALID or LIMIT. Caller owns.
MUST_CHECK bool decision_mask_new(const char *const *pointers, size_t count, struct decision_mask **ret_mask,
                                  struct error *error);
void decision_mask_free(struct decision_mask *mask);
DEFINE_CLEANUP(decision_mask_free, struct decision_mask *)

// Appends object as JSON with "***" in place of each masked value; maps and lists stay. name is how the
// places begin that are added to places, comma-separated JSON strings: "object" gives "/object/data".
// is_secret: a core/v1 Secret. mask may be NULL.
void decision_mask_append(const struct decision_mask *mask, const struct node *object, bool is_secret,
                          const char *name, struct buffer *text, struct buffer *places);
// Is the value secret that a patch puts at this JSON pointer?
bool decision_mask_covers(const struct decision_mask *mask, const char *pointer, bool is_secret);
