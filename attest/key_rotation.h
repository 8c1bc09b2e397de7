// The steps of a rotation, on a key file: a new key is believed everywhere before it signs, and the old one
// is dropped once nothing stands that it has signed.
#pragma once

#include "attest/key_ring.h"

enum key_step {
    KEY_STEP_ADD,  // a new key, behind the others
    KEY_STEP_USE,  // from now on this one signs
    KEY_STEP_DROP, // any but the one that signs
};

// Makes a file with one key. id NULL: today's date. Fails with CONFLICT when there is one already, INVALID
// (id) or IO. ret_id may be NULL.
MUST_CHECK bool key_rotation_begin(const char *path, const char *id, char ret_id[KEY_ID_BYTES],
                                   struct error *error);
// id NULL, for KEY_STEP_ADD: today's date, or the first of DATE-2, DATE-3 … that is free. Fails with
// NOT_FOUND (file or key), CONFLICT (it is there, or it signs), INVALID or IO; the file stays as it was then.
MUST_CHECK bool key_rotation_step(const char *path, enum key_step step, const char *id,
                                  char ret_id[KEY_ID_BYTES], struct error *error);
