// One page of a list: objects one by one, each with its apiVersion and kind.
#pragma once

#include "base/document.h"
#include "kube/kube_client.h"

enum { KUBE_LARGEST_PAGE_BYTES = 64 * 1024 * 1024 };

struct kube_list_page {
    struct document *document;
    const struct node *items;     // a list, or NULL: there are none
    const char *resource_version; // never empty
    const char *continue_token;   // NULL: this is the last page
};

// Checks everything before the first object is told: what is no whole list of this resource fails with
// INVALID, more than a million values with LIMIT. Borrows text during the call. Caller clears.
MUST_CHECK bool kube_list_page_read(const char *text, size_t length, const struct kube_resource *resource,
                                    struct kube_list_page *ret_page, struct error *error);
void kube_list_page_clear(struct kube_list_page *page);
static inline void kube_list_page_clear_cleanup(struct kube_list_page *page) {
    kube_list_page_clear(page);
}

// object is borrowed during the call. Lists of built-in types leave apiVersion and kind out of their items:
// those come as a copy that has them.
typedef void (*kube_object_handler)(void *cookie, const struct node *object);
void kube_list_page_each(const struct kube_list_page *page, const struct kube_resource *resource,
                         kube_object_handler handler, void *cookie);

// Is what the object says about its apiVersion and kind right? Fails with INVALID.
MUST_CHECK bool kube_object_check(const struct node *object, const struct kube_resource *resource,
                                  struct error *error);
