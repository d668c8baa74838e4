// The register tiles of the product of bytes.
#include "product_blocks.h"
#include "product_int8.h"
#include <string.h>
#if defined(__x86_64__)
#include <immintrin.h>
#endif

#define UNROLLED _Pragma("clang loop unroll(full)")

/// Defines a tile of ROWS rows and two registers of LANES sums, for blocks of DEPTH x WIDTH, with
///   ZERO, LOAD(address), STORE(address, x), EVERY(four bytes), ADD(x, y) for its registers, and
///   TWICE(sum, a0, b0, a1, b1), which adds two groups of products to 32-bit sums.
#define DEFINE_TILE(                                                                               \
    name, attributes, DEPTH, WIDTH, ROWS, LANES, REGISTER, ZERO, LOAD, STORE, EVERY, ADD, TWICE)   \
    attributes static void name##_run(                                                             \
        ptrdiff_t groups, const uint8_t *sliver, const int8_t *panel, const int32_t *offsets,      \
        int32_t *c, ptrdiff_t c_row, int accumulate) {                                             \
        REGISTER sum[ROWS][2];                                                                     \
        /* What C holds comes from far away, and is wanted at the end. */                          \
        UNROLLED for (int row = 0; row < ROWS; row++) {                                            \
            __builtin_prefetch(c + row * c_row, 1);                                                \
            __builtin_prefetch(c + row * c_row + 2 * LANES - 1, 1);                                \
        }                                                                                          \
        UNROLLED for (int row = 0; row < ROWS; row++) {                                            \
            sum[row][0] = LOAD(offsets);                                                           \
            sum[row][1] = LOAD(offsets + LANES);                                                   \
        }                                                                                          \
        const ptrdiff_t stride = 8 * LANES;                                                        \
        for (ptrdiff_t group = 0; group < groups; group += 2) {                                    \
            const REGISTER left0 = LOAD(panel), right0 = LOAD(panel + 4 * LANES);                  \
            const REGISTER left1 = LOAD(panel + stride);                                           \
            const REGISTER right1 = LOAD(panel + stride + 4 * LANES);                              \
            /* Six groups hide the way from the second-level cache. */                             \
            UNROLLED for (int line = 0; line < 2 * 8 * LANES; line += 64)                          \
                __builtin_prefetch(panel + 6 * stride + line);                                     \
            UNROLLED for (int row = 0; row < ROWS; row++) {                                        \
                const REGISTER factor0 = EVERY(sliver + 4 * row);                                  \
                const REGISTER factor1 = EVERY(sliver + 4 * (ROWS + row));                         \
                sum[row][0] = TWICE(sum[row][0], factor0, left0, factor1, left1);                  \
                sum[row][1] = TWICE(sum[row][1], factor0, right0, factor1, right1);                \
            }                                                                                      \
            sliver += 8 * ROWS;                                                                    \
            panel += 2 * stride;                                                                   \
        }                                                                                          \
        UNROLLED for (int row = 0; row < ROWS; row++) {                                            \
            int32_t *to = c + row * c_row;                                                         \
            if (accumulate) {                                                                      \
                sum[row][0] = ADD(sum[row][0], LOAD(to));                                          \
                sum[row][1] = ADD(sum[row][1], LOAD(to + LANES));                                  \
            }                                                                                      \
            STORE(to, sum[row][0]);                                                                \
            STORE(to + LANES, sum[row][1]);                                                        \
        }                                                                                          \
    }                                                                                              \
    const struct int8_tile name = {ROWS, 2 * LANES, DEPTH, WIDTH, name##_run};

#if defined(__x86_64__)

#define LOAD256(from) _mm256_loadu_si256((const __m256i *)(from))
#define STORE256(to, x) _mm256_storeu_si256((__m256i *)(to), x)
#define EVERY256(from) _mm256_set1_epi32(four_bytes(from))
#define TWICE256(sum, a0, b0, a1, b1)                                                         \
    _mm256_add_epi32(                                                                         \
        sum, _mm256_madd_epi16(                                                               \
                 _mm256_add_epi16(_mm256_maddubs_epi16(a0, b0), _mm256_maddubs_epi16(a1, b1)), \
                 _mm256_set1_epi16(1)))

#define LOAD512(from) _mm512_loadu_si512(from)
#define STORE512(to, x) _mm512_storeu_si512(to, x)
#define EVERY512(from) _mm512_set1_epi32(four_bytes(from))
#define TWICE512(sum, a0, b0, a1, b1)                                                         \
    _mm512_add_epi32(                                                                         \
        sum, _mm512_madd_epi16(                                                               \
                 _mm512_add_epi16(_mm512_maddubs_epi16(a0, b0), _mm512_maddubs_epi16(a1, b1)), \
                 _mm512_set1_epi16(1)))
#define TWICE_VNNI(sum, a0, b0, a1, b1) \
    _mm512_dpbusd_epi32(_mm512_dpbusd_epi32(sum, a0, b0), a1, b1)

static inline int32_t four_bytes(const uint8_t *from) {
    int32_t bytes;
    memcpy(&bytes, from, sizeof bytes);
    return bytes;
}

DEFINE_TILE(
    int8_tile_avx2, __attribute__((target("avx2"))), INT8_NARROW_DEPTH_BLOCK,
    INT8_NARROW_COLUMN_BLOCK, 4, 8, __m256i, _mm256_setzero_si256(), LOAD256,
    STORE256, EVERY256, _mm256_add_epi32, TWICE256)
DEFINE_TILE(
    int8_tile_avx512, __attribute__((target("avx512f,avx512bw"))), INT8_DEPTH_BLOCK,
    INT8_COLUMN_BLOCK, 12, 16, __m512i, _mm512_setzero_si512(), LOAD512,
    STORE512, EVERY512, _mm512_add_epi32, TWICE512)
DEFINE_TILE(
    int8_tile_vnni, __attribute__((target("avx512f,avx512bw,avx512vnni"))), INT8_DEPTH_BLOCK,
    INT8_COLUMN_BLOCK, 12, 16, __m512i, _mm512_setzero_si512(), LOAD512,
    STORE512, EVERY512, _mm512_add_epi32, TWICE_VNNI)
#endif

/// Widening multiply-adds, which the compiler knows for NEON and SSE2.
static void plain_run(
    ptrdiff_t groups, const uint8_t *sliver, const int8_t *panel, const int32_t *offsets,
    int32_t *c, ptrdiff_t c_row, int accumulate) {
    int32_t sum[4][8];
    for (int row = 0; row < 4; row++)
        for (int j = 0; j < 8; j++)
            sum[row][j] = offsets[j] + (accumulate ? c[row * c_row + j] : 0);
    for (ptrdiff_t group = 0; group < groups; group++, sliver += 16, panel += 32)
        UNROLLED for (int step = 0; step < INT8_GROUP; step++) {
            int16_t wide[8];
            for (int j = 0; j < 8; j++) wide[j] = panel[j * INT8_GROUP + step];
            UNROLLED for (int row = 0; row < 4; row++) {
                const int16_t factor = sliver[row * INT8_GROUP + step];
                for (int j = 0; j < 8; j++)
                    sum[row][j] += (int32_t)factor * (int32_t)wide[j];
            }
        }
    for (int row = 0; row < 4; row++) memcpy(c + row * c_row, sum[row], sizeof sum[row]);
}

const struct int8_tile int8_tile_plain = {4, 8, INT8_DEPTH_BLOCK, INT8_COLUMN_BLOCK, plain_run};
