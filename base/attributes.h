// Marks for functions and variables: cleanup at scope end, must-check results, printf checking.
#pragma once

#include <stdlib.h>

#define CLEANUP(function) __attribute__((cleanup(function##_cleanup)))
#define MUST_CHECK __attribute__((warn_unused_result))
#define PRINTF_LIKE(format_index, first_argument)                                                            \
    __attribute__((format(printf, format_index, first_argument)))

// Makes CLEANUP(free_function) work for pointers to type; the free function must accept NULL.
#define DEFINE_CLEANUP(free_function, type)                                                                  \
    static inline void free_function##_cleanup(type *pointer) {                                              \
        free_function(*pointer);                                                                             \
    }                                                                                                        \
    __attribute__((unused)) static inline type free_function##_take(type *pointer) {                         \
        type taken = *pointer;                                                                               \
        *pointer = NULL;                                                                                     \
        return taken;                                                                                        \
    }

DEFINE_CLEANUP(free, char *)
