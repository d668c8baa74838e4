#pragma once
// Large pages: the kernels walk over matrices whose rows lie pages apart, and translating addresses
// then costs as much as reading.
#include <stddef.h>

/// The alignment at which memory can lie in large pages.
#define ALTHING_LARGE_PAGE 2097152

/// Asks the system to hold untouched memory in large pages, where it has them; a hint, never an error.
void althing_prefer_large_pages(void *start, size_t bytes);
