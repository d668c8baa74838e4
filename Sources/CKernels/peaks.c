// Loops that no kernel can beat, for the benchmarks: multiply-adds on registers, and a plain triad.
#include "include/peaks.h"
#include "challenge_dispatch.h"
#include "include/isa.h"
#include <string.h>
#ifdef CHALLENGE_X86
#include <immintrin.h>
#endif

#define UNROLLED _Pragma("clang loop unroll(full)")
/// Keeps a register's value from being known to the compiler.
#define OPAQUE(x) __asm__ volatile("" : "+v"(x))

#ifdef CHALLENGE_X86
enum { SIDE = 12 };

__attribute__((target("avx2,fma"))) static double float_avx2(uint64_t steps, float *sink) {
    __m256 sum[SIDE], a = _mm256_set1_ps(0.999f), b = _mm256_set1_ps(1e-6f);
    UNROLLED for (int i = 0; i < SIDE; i++) sum[i] = _mm256_set1_ps((float)i);
    for (uint64_t step = 0; step < steps; step++)
        UNROLLED for (int i = 0; i < SIDE; i++) sum[i] = _mm256_fmadd_ps(sum[i], a, b);
    UNROLLED for (int i = 1; i < SIDE; i++) sum[0] = _mm256_add_ps(sum[0], sum[i]);
    *sink = sum[0][0];
    return (double)steps * SIDE * 16;
}

__attribute__((target("avx512f"))) static double float_avx512(uint64_t steps, float *sink) {
    __m512 sum[SIDE], a = _mm512_set1_ps(0.999f), b = _mm512_set1_ps(1e-6f);
    UNROLLED for (int i = 0; i < SIDE; i++) sum[i] = _mm512_set1_ps((float)i);
    for (uint64_t step = 0; step < steps; step++)
        UNROLLED for (int i = 0; i < SIDE; i++) sum[i] = _mm512_fmadd_ps(sum[i], a, b);
    UNROLLED for (int i = 1; i < SIDE; i++) sum[0] = _mm512_add_ps(sum[0], sum[i]);
    *sink = sum[0][0];
    return (double)steps * SIDE * 32;
}

/// Per sum and step: two products of bytes, one addition, one widening, one addition.
__attribute__((target("avx2"))) static double int8_avx2(uint64_t steps, float *sink) {
    enum { SUMS = 8 };
    __m256i sum[SUMS], a = _mm256_set1_epi8(3), b = _mm256_set1_epi8(5);
    const __m256i ones = _mm256_set1_epi16(1);
    UNROLLED for (int i = 0; i < SUMS; i++) sum[i] = _mm256_set1_epi32(i);
    for (uint64_t step = 0; step < steps; step++)
        UNROLLED for (int i = 0; i < SUMS; i++) {
            __m256i first = a, second = b;
            OPAQUE(first);
            OPAQUE(second);
            const __m256i pairs = _mm256_add_epi16(
                _mm256_maddubs_epi16(first, b), _mm256_maddubs_epi16(second, a));
            sum[i] = _mm256_add_epi32(sum[i], _mm256_madd_epi16(pairs, ones));
        }
    UNROLLED for (int i = 1; i < SUMS; i++) sum[0] = _mm256_add_epi32(sum[0], sum[i]);
    *sink = (float)_mm256_extract_epi32(sum[0], 0);
    return (double)steps * SUMS * 128;
}

__attribute__((target("avx512f,avx512bw"))) static double int8_avx512(uint64_t steps, float *sink) {
    __m512i sum[SIDE], a = _mm512_set1_epi8(3), b = _mm512_set1_epi8(5);
    const __m512i ones = _mm512_set1_epi16(1);
    UNROLLED for (int i = 0; i < SIDE; i++) sum[i] = _mm512_set1_epi32(i);
    for (uint64_t step = 0; step < steps; step++)
        UNROLLED for (int i = 0; i < SIDE; i++) {
            __m512i first = a, second = b;
            OPAQUE(first);
            OPAQUE(second);
            const __m512i pairs = _mm512_add_epi16(
                _mm512_maddubs_epi16(first, b), _mm512_maddubs_epi16(second, a));
            sum[i] = _mm512_add_epi32(sum[i], _mm512_madd_epi16(pairs, ones));
        }
    UNROLLED for (int i = 1; i < SIDE; i++) sum[0] = _mm512_add_epi32(sum[0], sum[i]);
    *sink = (float)_mm512_reduce_add_epi32(sum[0]);
    return (double)steps * SIDE * 256;
}

__attribute__((target("avx512f,avx512vnni"))) static double int8_vnni(uint64_t steps, float *sink) {
    __m512i sum[SIDE], a = _mm512_set1_epi8(3), b = _mm512_set1_epi8(5);
    UNROLLED for (int i = 0; i < SIDE; i++) sum[i] = _mm512_set1_epi32(i);
    for (uint64_t step = 0; step < steps; step++)
        UNROLLED for (int i = 0; i < SIDE; i++) sum[i] = _mm512_dpbusd_epi32(sum[i], a, b);
    UNROLLED for (int i = 1; i < SIDE; i++) sum[0] = _mm512_add_epi32(sum[0], sum[i]);
    *sink = (float)_mm512_reduce_add_epi32(sum[0]);
    return (double)steps * SIDE * 128;
}

__attribute__((target("avx512f,avx512bf16"))) static double bfloat16_native(
    uint64_t steps, float *sink) {
    __m512 sum[SIDE];
    const __m512bh a = (__m512bh)_mm512_set1_epi16(0x3f80), b = (__m512bh)_mm512_set1_epi16(0x3400);
    UNROLLED for (int i = 0; i < SIDE; i++) sum[i] = _mm512_set1_ps((float)i);
    for (uint64_t step = 0; step < steps; step++)
        UNROLLED for (int i = 0; i < SIDE; i++) sum[i] = _mm512_dpbf16_ps(sum[i], a, b);
    UNROLLED for (int i = 1; i < SIDE; i++) sum[0] = _mm512_add_ps(sum[0], sum[i]);
    *sink = sum[0][0];
    return (double)steps * SIDE * 64;
}
#endif

double althing_peak_float(uint64_t steps, float *sink) {
    *sink = 0;
#ifdef CHALLENGE_X86
    if (CHALLENGE_HAS_AVX512) return float_avx512(steps, sink);
    if (CHALLENGE_HAS_AVX2) return float_avx2(steps, sink);
#endif
    (void)steps;
    return 0;
}

double althing_peak_int8(uint64_t steps, float *sink) {
    *sink = 0;
#ifdef CHALLENGE_X86
    if (althing_kernels_extensions() & ALTHING_EXTENSION_VNNI) return int8_vnni(steps, sink);
    if (CHALLENGE_HAS_AVX512) return int8_avx512(steps, sink);
    if (CHALLENGE_HAS_AVX2) return int8_avx2(steps, sink);
#endif
    (void)steps;
    return 0;
}

double althing_peak_bfloat16(uint64_t steps, float *sink) {
#ifdef CHALLENGE_X86
    if (althing_kernels_extensions() & ALTHING_EXTENSION_BF16) return bfloat16_native(steps, sink);
#endif
    // Without the instruction the product is one of floats, and so is what bounds it.
    return althing_peak_float(steps, sink);
}

typedef double Doubles8 __attribute__((vector_size(64)));

#define TRIAD_BODY(STORE) \
    for (size_t i = 0; i < count; i += 8) { \
        Doubles8 left, right; \
        memcpy(&left, b + i, 64); \
        memcpy(&right, c + i, 64); \
        left = left + right * scale; \
        STORE(left, a + i); \
    }
#define CACHED(value, to) memcpy(to, &value, 64)
#define STREAMING(value, to) __builtin_nontemporal_store(value, (Doubles8 *)(to))

#ifdef CHALLENGE_X86
CHALLENGE_AVX2 static void triad_avx2(
    double *a, const double *b, const double *c, double scale, size_t count) {
    TRIAD_BODY(STREAMING)
}
CHALLENGE_AVX512 static void triad_avx512(
    double *a, const double *b, const double *c, double scale, size_t count) {
    TRIAD_BODY(STREAMING)
}
#endif

void althing_triad(double *a, const double *b, const double *c, double scale, size_t count) {
#ifdef CHALLENGE_X86
    if (CHALLENGE_HAS_AVX512)
        triad_avx512(a, b, c, scale, count);
    else if (CHALLENGE_HAS_AVX2)
        triad_avx2(a, b, c, scale, count);
    else
        TRIAD_BODY(CACHED)
    __builtin_ia32_sfence();
#else
    TRIAD_BODY(CACHED)
#endif
}
