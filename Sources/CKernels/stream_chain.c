// The stream chain: a triad whose factor in each pass depends on every block of the pass before, and
// whose step is not linear, so that neither blocking in time nor a closed form can skip the memory.

#include "challenge_dispatch.h"
#include "verification.h"

#include <string.h>

#define BLOCK STREAM_CHAIN_BLOCK
#define LANES 16
#define GOLDEN 0x9e3779b97f4a7c15ull

typedef unsigned long long Lanes8 __attribute__((vector_size(64)));

CHALLENGE_BODY uint64_t rotate(uint64_t value, int by) { return value << by | value >> (64 - by); }

CHALLENGE_BODY void fill_body(
    const uint64_t *base, uint64_t array, uint64_t block, uint64_t *out) {
    const uint64_t label = (3 * block + array + 1) * GOLDEN;
    const uint64_t factor = rotate(label, 32) | 1;
    for (size_t i = 0; i < BLOCK; i++) out[i] = (base[i] ^ label) * factor;
}

CHALLENGE_VARIANTS(
    stream_chain_fill, fill_body,
    (const uint64_t *base, uint64_t array, uint64_t block, uint64_t *out),
    (base, array, block, out))

#define UNROLLED _Pragma("clang loop unroll(full)")
#define ROTATE(x, r) ((x) << (r) | (x) >> (64 - (r)))

/// Defines one pass with a given way to ask early for what is read, and to store eight elements.
#define PASS_FUNCTION(name, attributes, FETCH, STORE) \
    attributes static void name( \
        uint64_t *out, const uint64_t *b, const uint64_t *c, uint64_t factor, size_t blocks, \
        uint8_t *digests) { \
        for (size_t block = 0; block < blocks; block++) { \
            const Lanes8 zero = {0}; \
            const unsigned long long scale = factor; \
            Lanes8 h0 = zero + scale, h1 = zero + (scale ^ GOLDEN); \
            for (size_t i = block * BLOCK; i < (block + 1) * BLOCK; i += LANES) { \
                Lanes8 b0, b1, c0, c1; \
                FETCH(b + i); \
                FETCH(c + i); \
                memcpy(&b0, b + i, 64); \
                memcpy(&b1, b + i + 8, 64); \
                memcpy(&c0, c + i, 64); \
                memcpy(&c1, c + i + 8, 64); \
                Lanes8 x0 = b0 + c0 * scale, x1 = b1 + c1 * scale; \
                x0 = ROTATE(x0, 23) ^ b0; \
                x1 = ROTATE(x1, 23) ^ b1; \
                STORE(x0, out + i); \
                STORE(x1, out + i + 8); \
                h0 ^= x0; \
                h1 ^= x1; \
                h0 = ROTATE(h0, 13) + x0; \
                h1 = ROTATE(h1, 13) + x1; \
            } \
            h0 = h0 * GOLDEN + h1; \
            memcpy(digests + block * STREAM_CHAIN_DIGEST, &h0, STREAM_CHAIN_DIGEST); \
        } \
    }

#define FETCH_NOTHING(from) (void)0
/// Sixteen elements, a KiB ahead: the arithmetic of an element fills so much of the processor's window
/// that it would not get to the loads in time.
#define FETCH_AHEAD(from) (__builtin_prefetch((from) + 128), __builtin_prefetch((from) + 136))
#define STORE_CACHED(value, to) memcpy(to, &value, 64)
#define STORE_STREAMING(value, to) __builtin_nontemporal_store(value, (Lanes8 *)(to))

#ifdef CHALLENGE_X86
PASS_FUNCTION(pass_avx512, CHALLENGE_AVX512, FETCH_NOTHING, STORE_CACHED)
PASS_FUNCTION(pass_avx2, CHALLENGE_AVX2, FETCH_NOTHING, STORE_CACHED)
PASS_FUNCTION(pass_streaming_avx512, CHALLENGE_AVX512, FETCH_AHEAD, STORE_STREAMING)

typedef unsigned long long Lanes4 __attribute__((vector_size(32)));
typedef unsigned int Halves __attribute__((vector_size(32)));

/// How many vectors of four elements a step takes: eight, so that four lines are read, then two
/// written. The fewer turns between the two, the more a memory bus carries.
enum { STEP = 8 };

/// A vector past the caches. Written out because the compiler would move each store up to where its
/// value is known, between the loads.
#define STORE_PAST_CACHES(value, to) \
    __asm__ volatile("vmovntdq %1, %0" : "=m"(*(to)) : "x"(value))

/// The same pass where products of 64-bit lanes are put together from those of halves: low by low,
/// and the low halves of what crosses.
CHALLENGE_AVX2 static void pass_streaming_avx2(
    uint64_t *out, const uint64_t *b, const uint64_t *c, uint64_t factor, size_t blocks,
    uint8_t *digests) {
    const Lanes4 zero = {0};
    const unsigned long long scale = factor;
    const Lanes4 low = zero + (scale & 0xffffffff);
    const Halves swapped = (Halves)(zero + ROTATE(scale, 32));
    for (size_t block = 0; block < blocks; block++) {
        const Lanes4 first = zero + scale, second = zero + (scale ^ GOLDEN);
        Lanes4 hash[4] = {first, first, second, second};
        for (size_t i = block * BLOCK; i < (block + 1) * BLOCK; i += 4 * STEP) {
            Lanes4 x[STEP];
            UNROLLED for (int line = 0; line < 4 * STEP; line += 8) {
                __builtin_prefetch(b + i + 128 + line);
                __builtin_prefetch(c + i + 128 + line);
            }
            UNROLLED for (int v = 0; v < STEP; v++) {
                Lanes4 of_b, of_c;
                memcpy(&of_b, b + i + 4 * v, 32);
                memcpy(&of_c, c + i + 4 * v, 32);
                const Lanes4 crossed = (Lanes4)((Halves)of_c * swapped);
                x[v] = of_b + (of_c & 0xffffffff) * low + (crossed << 32)
                    + (crossed & 0xffffffff00000000ull);
                x[v] = ROTATE(x[v], 23) ^ of_b;
            }
            UNROLLED for (int v = 0; v < STEP; v++)
                STORE_PAST_CACHES(x[v], (Lanes4 *)(out + i + 4 * v));
            UNROLLED for (int v = 0; v < STEP; v++) {
                hash[v & 3] ^= x[v];
                hash[v & 3] = ROTATE(hash[v & 3], 13) + x[v];
            }
        }
        for (int half = 0; half < 2; half++) {
            const Lanes4 sum = hash[half] * GOLDEN + hash[2 + half];
            memcpy(digests + block * STREAM_CHAIN_DIGEST + 32 * half, &sum, 32);
        }
    }
}
#endif
PASS_FUNCTION(pass_baseline, , FETCH_NOTHING, STORE_CACHED)

void stream_chain_pass(
    uint64_t *out, const uint64_t *b, const uint64_t *c, uint64_t factor, size_t blocks,
    uint8_t *digests, int streaming) {
#ifdef CHALLENGE_X86
    if (CHALLENGE_HAS_AVX512) {
        (streaming ? pass_streaming_avx512 : pass_avx512)(out, b, c, factor, blocks, digests);
    } else if (CHALLENGE_HAS_AVX2) {
        (streaming ? pass_streaming_avx2 : pass_avx2)(out, b, c, factor, blocks, digests);
    } else {
        pass_baseline(out, b, c, factor, blocks, digests);
    }
    // Streaming stores are weakly ordered; the next pass may read them from another thread.
    if (streaming) __builtin_ia32_sfence();
#else
    (void)streaming;
    pass_baseline(out, b, c, factor, blocks, digests);
#endif
}
