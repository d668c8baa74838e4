// Large pages, where the system has them.
#define _DEFAULT_SOURCE
#include "include/pages.h"
#include <sys/mman.h>

void althing_prefer_large_pages(void *start, size_t bytes) {
#ifdef MADV_HUGEPAGE
    madvise(start, bytes, MADV_HUGEPAGE);
#else
    (void)start;
    (void)bytes;
#endif
}
