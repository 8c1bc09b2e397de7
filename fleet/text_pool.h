// Texts that repeat over the fleet (kinds, names, paths, label keys), each held once under a number.
// Any thread may read while none changes it.
#pragma once

#include "base/attributes.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct text_pool;

struct text_pool *text_pool_new(void); // caller owns
void text_pool_free(struct text_pool *pool);
DEFINE_CLEANUP(text_pool_free, struct text_pool *)

// Number of the text, never 0, with one reference for the caller.
uint32_t text_pool_add(struct text_pool *pool, const char *text, size_t length);
uint32_t text_pool_add_text(struct text_pool *pool, const char *text);
void text_pool_drop(struct text_pool *pool, uint32_t id); // 0 is nothing
// Keeps the text, and where it lies, until text_pool_free.
void text_pool_pin(struct text_pool *pool, const char *text);
// 0: nobody holds it. No reference.
uint32_t text_pool_find(const struct text_pool *pool, const char *text);

// Borrowed while a reference is held; NUL-terminated.
const char *text_pool_text(const struct text_pool *pool, uint32_t id);
size_t text_pool_length(const struct text_pool *pool, uint32_t id);
bool text_pool_is_pinned(const struct text_pool *pool, uint32_t id);
size_t text_pool_bytes(const struct text_pool *pool);
