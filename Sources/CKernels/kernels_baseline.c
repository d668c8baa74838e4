// The kernels for every processor of the architecture: SSE2 with a software multiply-add on x86-64
// (exact, and slow: a machine of last resort), NEON on arm64.
#if defined(__aarch64__)
#define SOFTWARE_FMA 0
#else
#define SOFTWARE_FMA 1
#endif
#define NATIVE_LANES 8
#define TILE_ROWS 6
#define TABLE althing_kernels_baseline
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include "kernel_table.h"
#include "vector.h"
#include "kernel_body.h"
