// A set of authorities as one PEM text: what caBundle of a webhook holds.
#pragma once

#include "base/attributes.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

// More are not kept: a bundle that somebody blows up stays small.
enum { BUNDLE_MOST_CERTIFICATES = 16 };

struct certificate_bundle;

struct certificate_bundle *certificate_bundle_new(void); // caller owns
void certificate_bundle_free(struct certificate_bundle *bundle);
DEFINE_CLEANUP(certificate_bundle_free, struct certificate_bundle *)

// Adds every certificate of a PEM text (NULL: none) that is not there yet. now (seconds since 1970): those
// that have expired are left out; 0: none is. What is no certificate is passed over.
void certificate_bundle_add(struct certificate_bundle *bundle, const char *text, int64_t now);
size_t certificate_bundle_count(const struct certificate_bundle *bundle);
bool certificate_bundle_holds(const struct certificate_bundle *bundle, const char *certificate);
// All of part are in whole.
bool certificate_bundle_within(const struct certificate_bundle *part, const struct certificate_bundle *whole);
// A text that was added had a block that can't be read.
bool certificate_bundle_is_damaged(const struct certificate_bundle *bundle);
// PEM of one, or of all in the order in which they came; "" when there is none. Caller owns (free).
char *certificate_bundle_item(const struct certificate_bundle *bundle, size_t index);
char *certificate_bundle_text(const struct certificate_bundle *bundle);
