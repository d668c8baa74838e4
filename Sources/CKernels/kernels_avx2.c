// The kernels for AVX2 with FMA3: 12 accumulators of 8 floats in the product's tile.
#if defined(__x86_64__)
#define SOFTWARE_FMA 0
#define NATIVE_LANES 8
#define TILE_ROWS 6
#define TABLE althing_kernels_avx2
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include "kernel_table.h"
#pragma clang attribute push(__attribute__((target("avx2,fma"))), apply_to = function)
#include "vector.h"
#include "kernel_body.h"
#pragma clang attribute pop
#endif
