// The kernels for AVX-512: 24 accumulators of 16 floats in the product's tile.
#if defined(__x86_64__)
#define SOFTWARE_FMA 0
#define NATIVE_LANES 16
#define TILE_ROWS 12
#define TABLE althing_kernels_avx512
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include "kernel_table.h"
#pragma clang attribute push( \
    __attribute__((target("avx2,fma,avx512f,avx512bw,avx512dq,avx512vl"))), apply_to = function)
#include "vector.h"
#include "kernel_body.h"
#pragma clang attribute pop
#endif
