// Freivalds' check of a product over GF(127) (Freivalds, "Probabilistic machines can use less running
// time", IFIP 1977): compare two matrices by what they do to random vectors, never multiplying them.
//
// Sums stay exact without a reduction inside the loops: 4096 products of entries in [-63, 63] fit in
// 32 bits, and four of them, one factor shifted to [0, 126], in 16.

#include "challenge_dispatch.h"
#include "include/verification.h"

#include <string.h>
#ifdef CHALLENGE_X86
#include <immintrin.h>
#endif

#define VECTORS FREIVALDS_VECTORS
/// Columns worked on at a time: all vectors' parts of that width stay in the first-level cache.
#define STRIP 2048
#define UNROLLED _Pragma("clang loop unroll(full)")

#ifdef CHALLENGE_X86

static inline int32_t sum_of_bytes(const int8_t *bytes, size_t count) {
    int32_t sum = 0;
    for (size_t i = 0; i < count; i++) sum += bytes[i];
    return sum;
}

#define AVX2_TARGET __attribute__((target("avx2")))

AVX2_TARGET static inline int32_t sum_256(__m256i x) {
    __m128i half = _mm_add_epi32(_mm256_castsi256_si128(x), _mm256_extracti128_si256(x, 1));
    half = _mm_add_epi32(half, _mm_shuffle_epi32(half, 0x4e));
    half = _mm_add_epi32(half, _mm_shuffle_epi32(half, 0xb1));
    return _mm_cvtsi128_si32(half);
}

/// Adds to 32 sums in order: interleaving left each register the columns 4 part .. 4 part + 3 of
/// both halves.
AVX2_TARGET static inline void scatter_256(const __m256i *sum, int32_t *to) {
    const __m256i in_order[4] = {
        _mm256_permute2x128_si256(sum[0], sum[1], 0x20),
        _mm256_permute2x128_si256(sum[2], sum[3], 0x20),
        _mm256_permute2x128_si256(sum[0], sum[1], 0x31),
        _mm256_permute2x128_si256(sum[2], sum[3], 0x31)};
    UNROLLED for (int part = 0; part < 4; part++) {
        __m256i *at = (__m256i *)(to + 8 * part);
        _mm256_storeu_si256(at, _mm256_add_epi32(_mm256_loadu_si256(at), in_order[part]));
    }
}

#define NAME(x) x##_256
#define TARGET AVX2_TARGET
#define WIDE 32
#define REGISTER __m256i
#define LOAD(from) _mm256_loadu_si256((const __m256i *)(from))
#define ZERO _mm256_setzero_si256()
#define EVERY8(x) _mm256_set1_epi8(x)
#define EVERY32(x) _mm256_set1_epi32(x)
#define ADD8(x, y) _mm256_add_epi8(x, y)
#define SUM(x) sum_256(x)
#define BYTES_LOW(x, y) _mm256_unpacklo_epi8(x, y)
#define BYTES_HIGH(x, y) _mm256_unpackhi_epi8(x, y)
#define WORDS_LOW(x, y) _mm256_unpacklo_epi16(x, y)
#define WORDS_HIGH(x, y) _mm256_unpackhi_epi16(x, y)
#define TWICE(sum, a0, b0, a1, b1)                                                            \
    _mm256_add_epi32(                                                                         \
        sum, _mm256_madd_epi16(                                                               \
                 _mm256_add_epi16(_mm256_maddubs_epi16(a0, b0), _mm256_maddubs_epi16(a1, b1)), \
                 _mm256_set1_epi16(1)))
#include "freivalds_body.h"
#undef NAME
#undef TARGET
#undef WIDE
#undef REGISTER
#undef LOAD
#undef ZERO
#undef EVERY8
#undef EVERY32
#undef ADD8
#undef SUM
#undef BYTES_LOW
#undef BYTES_HIGH
#undef WORDS_LOW
#undef WORDS_HIGH
#undef TWICE
#endif

static void rows_plain(
    const int8_t *band, size_t rows, size_t n, const int8_t *vectors, int32_t *out,
    size_t out_stride) {
    for (size_t vector = 0; vector < VECTORS; vector++)
        for (size_t row = 0; row < rows; row++) out[vector * out_stride + row] = 0;
    for (size_t start = 0; start < n; start += STRIP) {
        const size_t width = n - start < STRIP ? n - start : STRIP;
        for (size_t row = 0; row < rows; row++) {
            const int8_t *source = band + row * n + start;
            for (size_t vector = 0; vector < VECTORS; vector++) {
                const int8_t *with = vectors + vector * n + start;
                int32_t sum = 0;
                for (size_t j = 0; j < width; j++)
                    sum += (int16_t)((int16_t)source[j] * (int16_t)with[j]);
                out[vector * out_stride + row] += sum;
            }
        }
    }
}

static void columns_plain(
    const int8_t *band, size_t rows, size_t n, const int8_t *weights, size_t weight_stride,
    int32_t *sums) {
    for (size_t row = 0; row < rows; row += 8)
        for (size_t vector = 0; vector < VECTORS; vector++) {
            const int8_t *weight = weights + vector * weight_stride + row;
            int32_t *sum = sums + vector * n;
            for (size_t j = 0; j < n; j++) {
                int16_t part = 0;
                for (size_t i = 0; i < 8; i++)
                    part += (int16_t)((int16_t)band[(row + i) * n + j] * (int16_t)weight[i]);
                sum[j] += part;
            }
        }
}

void freivalds_rows(
    const int8_t *band, size_t rows, size_t n, const int8_t *vectors, int32_t *out,
    size_t out_stride) {
#ifdef CHALLENGE_X86
    if (CHALLENGE_HAS_AVX2) {
        rows_256(band, rows, n, vectors, out, out_stride);
        return;
    }
#endif
    rows_plain(band, rows, n, vectors, out, out_stride);
}

void freivalds_columns(
    const int8_t *band, size_t rows, size_t n, const int8_t *weights, size_t weight_stride,
    int32_t *sums) {
    size_t row = 0;
#ifdef CHALLENGE_X86
    if (CHALLENGE_HAS_AVX2)
        for (; row + 32 <= rows; row += 32)
            columns_256(band + row * n, n, weights + row, weight_stride, sums);
#endif
    if (row < rows)
        columns_plain(band + row * n, rows - row, n, weights + row, weight_stride, sums);
}

void freivalds_reduce(const int32_t *values, int8_t *out, size_t count) {
    for (size_t i = 0; i < count; i++) {
        int32_t rest = values[i] % 127;
        rest -= rest > 63 ? 127 : 0;
        rest += rest < -63 ? 127 : 0;
        out[i] = (int8_t)rest;
    }
}
