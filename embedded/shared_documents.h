// The documents that replicas share on Kubernetes (manager/shared_store.h), in one SQLite file: for
// 'fleetgate run', its next life, and the commands that look at them or change them meanwhile.
#pragma once

#include "base/memory.h"
#include "manager/shared_store.h"

struct shared_documents;

// path is copied; the file is made at the first write. Caller owns.
struct shared_documents *shared_documents_new(const char *path);
void shared_documents_free(struct shared_documents *documents);
DEFINE_CLEANUP(shared_documents_free, struct shared_documents *)
// Borrowed until shared_documents_free. Any thread, any number of processes. Errors name the path.
const struct shared_store *shared_documents_store(struct shared_documents *documents);
