// An API server for tests, on loopback without TLS: lists in pages and watches over a fake_store, with faults
// on demand.
#pragma once

#include "tests/kube/fake_store.h"

#include "base/attributes.h"

struct fake_api;

struct fake_api *fake_api_new(uint64_t seed); // caller owns
void fake_api_free(struct fake_api *api);
DEFINE_CLEANUP(fake_api_free, struct fake_api *)

const char *fake_api_url(const struct fake_api *api); // borrowed
struct fake_store *fake_api_store(struct fake_api *api);

// With faults, about every tenth thing that it does goes wrong in some way.
void fake_api_set_faults(struct fake_api *api, bool faults);
// Every request for this resource is answered with this status (0: as it should be).
void fake_api_answer(struct fake_api *api, unsigned resource, unsigned status);
// Breaks all connections off.
void fake_api_disconnect(struct fake_api *api);
// Watches go on without a word, as if the network swallowed it all.
void fake_api_set_silent(struct fake_api *api, bool silent);

struct fake_api_counts {
    unsigned lists, pages, watches, most_lists_at_once;
};
struct fake_api_counts fake_api_counts(struct fake_api *api);
