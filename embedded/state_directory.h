// Where 'fleetgate run' keeps what must outlive it: a folder for nobody else's eyes.
#pragma once

#include "attest/key_ring.h"
#include "base/error.h"

// The objects, and what commands change beside a 'run' that works (embedded/shared_documents.h).
#define STATE_OBJECTS_FILE "objects.db"
#define STATE_SHARED_FILE "shared.db"

// Makes the folder and those above it, where they are missing (mode 0700). Fails with IO, or INVALID when it
// is no folder.
MUST_CHECK bool state_directory_make(const char *path, struct error *error);
// The keys in the file "keys" of the folder; made on first use. path NULL: new ones, kept nowhere. Fails as
// key_ring_load does.
MUST_CHECK bool state_directory_keys(const char *path, struct key_ring **ret_ring, struct error *error);
