// One lock: readers copy out under it, the watch goes first.
#include "fleet/inventory_internal.h"

#include <assert.h>

// Accounts that are settled under one hold of the lock: about a millisecond.
enum { SETTLE_STEP = 16 };

void inventory_read(struct store *store) {
    int result = pthread_rwlock_rdlock(&store->lock);
    assert(result == 0);
    (void)result;
}

void inventory_write(struct store *store) {
    int result = pthread_rwlock_wrlock(&store->lock);
    assert(result == 0);
    (void)result;
}

void inventory_unlock(struct store *store) {
    int result = pthread_rwlock_unlock(&store->lock);
    assert(result == 0);
    (void)result;
}

void inventory_read_settled(struct store *store) {
    inventory_read(store);
    if (store->dirty_count == 0) {
        return;
    }
    inventory_unlock(store);
    bool is_settled = false;
    while (!is_settled) {
        inventory_write(store);
        is_settled = inventory_settle(store, SETTLE_STEP);
        if (!is_settled) {
            inventory_unlock(store);
        }
    }
    // Still the write lock: nobody can come between.
}
