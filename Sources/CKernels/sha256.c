// SHA-256 of many messages at once: in the lanes of a vector unit, or two at a time with the
// processor's own instructions.
#include "challenge_dispatch.h"
#include "include/suite.h"
#include "sha256_constants.h"
#include "sha256_lanes.h"
#include <string.h>

typedef uint32_t Words4 __attribute__((vector_size(16)));
typedef uint32_t Words8 __attribute__((vector_size(32)));
typedef uint32_t Words16 __attribute__((vector_size(64)));

#define RIGHT(x, r) ((x) >> (r) | (x) << (32 - (r)))
#define BIG0(x) (RIGHT(x, 2) ^ RIGHT(x, 13) ^ RIGHT(x, 22))
#define BIG1(x) (RIGHT(x, 6) ^ RIGHT(x, 11) ^ RIGHT(x, 25))
#define SMALL0(x) (RIGHT(x, 7) ^ RIGHT(x, 18) ^ (x) >> 3)
#define SMALL1(x) (RIGHT(x, 17) ^ RIGHT(x, 19) ^ (x) >> 10)

/// Defines one compression of a vector of messages: w is the block's sixteen words, and is used up.
#define COMPRESS_FUNCTION(name, Words, attributes) \
    static inline __attribute__((always_inline)) attributes void name(Words *state, Words *w) { \
        Words a = state[0], b = state[1], c = state[2], d = state[3]; \
        Words e = state[4], f = state[5], g = state[6], h = state[7]; \
        _Pragma("clang loop unroll_count(16)") \
        for (int i = 0; i < 64; i++) { \
            if (i >= 16) \
                w[i & 15] += SMALL1(w[(i + 14) & 15]) + w[(i + 9) & 15] \
                    + SMALL0(w[(i + 1) & 15]); \
            Words t = h + BIG1(e) + (g ^ (e & (f ^ g))) + sha256_round[i] + w[i & 15]; \
            Words u = BIG0(a) + ((a & b) | (c & (a | b))); \
            h = g, g = f, f = e, e = d + t, d = c, c = b, b = a, a = t + u; \
        } \
        state[0] += a, state[1] += b, state[2] += c, state[3] += d; \
        state[4] += e, state[5] += f, state[6] += g, state[7] += h; \
    }

/// Defines a function that hashes `lanes` digests `steps` times: a digest and its padding are one
/// block.
#define CHAIN_FUNCTION(name, compress, Words, lanes, attributes) \
    COMPRESS_FUNCTION(compress, Words, attributes) \
    attributes static void name(uint8_t *digests, uint64_t steps) { \
        uint32_t words[8][lanes]; \
        Words digest[8]; \
        for (int lane = 0; lane < lanes; lane++) \
            for (int i = 0; i < 8; i++) { \
                uint32_t word; \
                memcpy(&word, digests + 32 * lane + 4 * i, sizeof word); \
                words[i][lane] = __builtin_bswap32(word); \
            } \
        memcpy(digest, words, sizeof digest); \
        for (uint64_t step = 0; step < steps; step++) { \
            Words w[16], state[8]; \
            const Words zero = {0}; \
            for (int i = 0; i < 8; i++) w[i] = digest[i], state[i] = zero + sha256_start[i]; \
            w[8] = zero + 0x80000000u; \
            for (int i = 9; i < 15; i++) w[i] = zero; \
            w[15] = zero + 256u; \
            compress(state, w); \
            memcpy(digest, state, sizeof digest); \
        } \
        memcpy(words, digest, sizeof words); \
        for (int lane = 0; lane < lanes; lane++) \
            for (int i = 0; i < 8; i++) { \
                uint32_t word = __builtin_bswap32(words[i][lane]); \
                memcpy(digests + 32 * lane + 4 * i, &word, sizeof word); \
            } \
    }

CHAIN_FUNCTION(chain_baseline, compress_baseline, Words4, 4, )
#ifdef CHALLENGE_X86
CHAIN_FUNCTION(chain_avx2, compress_avx2, Words8, 8, __attribute__((target("avx2"))))
CHAIN_FUNCTION(
    chain_avx512, compress_avx512, Words16, 16,
    __attribute__((target("avx512f,avx512bw,avx512dq,avx512vl"))))

static void store_digest(const uint32_t *state, uint8_t *out) {
    for (int i = 0; i < 8; i++) {
        uint32_t word = __builtin_bswap32(state[i]);
        memcpy(out + 4 * i, &word, sizeof word);
    }
}

static void chain_native(uint8_t *digests, uint64_t steps) {
    uint8_t block[2][64] = {{0}};
    for (int lane = 0; lane < 2; lane++) {
        memcpy(block[lane], digests + 32 * lane, 32);
        block[lane][32] = 0x80;
        block[lane][62] = 1;
    }
    for (uint64_t step = 0; step < steps; step++) {
        uint32_t state[2][8];
        memcpy(state[0], sha256_start, sizeof sha256_start);
        memcpy(state[1], sha256_start, sizeof sha256_start);
        sha256_compress_two(state[0], block[0], state[1], block[1], 1);
        store_digest(state[0], block[0]);
        store_digest(state[1], block[1]);
    }
    for (int lane = 0; lane < 2; lane++) memcpy(digests + 32 * lane, block[lane], 32);
}
#endif

void sha256_chain(uint8_t *digests, size_t lanes, uint64_t steps) {
    void (*chain)(uint8_t *, uint64_t) = chain_baseline;
    size_t width = 4;
#ifdef CHALLENGE_X86
    if (CHALLENGE_HAS_AVX512)
        chain = chain_avx512, width = 16;
    else if (althing_kernels_extensions() & ALTHING_EXTENSION_SHA)
        chain = chain_native, width = 2;
    else if (CHALLENGE_HAS_AVX2)
        chain = chain_avx2, width = 8;
#endif
    for (; lanes >= width; lanes -= width, digests += 32 * width) chain(digests, steps);
    if (lanes > 0) {
        uint8_t rest[16 * 32] = {0};
        memcpy(rest, digests, 32 * lanes);
        chain(rest, steps);
        memcpy(digests, rest, 32 * lanes);
    }
}

/// Compresses blocks of two messages.
static void compress_two(
    uint32_t state[2][8], const uint8_t *first, const uint8_t *second, size_t blocks) {
#ifdef CHALLENGE_X86
    if (althing_kernels_extensions() & ALTHING_EXTENSION_SHA) {
        sha256_compress_two(state[0], first, state[1], second, blocks);
        return;
    }
#endif
    const uint8_t *from[2] = {first, second};
    for (; blocks > 0; blocks--, from[0] += 64, from[1] += 64) {
        Words4 w[16] = {{0}}, lanes[8] = {{0}};
        for (int lane = 0; lane < 2; lane++) {
            for (int i = 0; i < 16; i++) {
                uint32_t word;
                memcpy(&word, from[lane] + 4 * i, sizeof word);
                w[i][lane] = __builtin_bswap32(word);
            }
            for (int i = 0; i < 8; i++) lanes[i][lane] = state[lane][i];
        }
        compress_baseline(lanes, w);
        for (int lane = 0; lane < 2; lane++)
            for (int i = 0; i < 8; i++) state[lane][i] = lanes[i][lane];
    }
}

void sha256_pair(
    uint8_t prefix, const uint8_t *first, const uint8_t *second, size_t count, uint8_t *first_out,
    uint8_t *second_out) {
    const uint8_t *message[2] = {first, second};
    uint8_t *out[2] = {first_out, second_out};
    uint32_t state[2][8];
    uint8_t block[2][128] = {{0}};
    for (int lane = 0; lane < 2; lane++) memcpy(state[lane], sha256_start, sizeof sha256_start);
    // The prefix moves everything by one byte: the first block is put together, those that lie whole
    // in the message are read where they are.
    size_t used = 0;
    if (count >= 63) {
        for (int lane = 0; lane < 2; lane++) {
            block[lane][0] = prefix;
            memcpy(block[lane] + 1, message[lane], 63);
        }
        compress_two(state, block[0], block[1], 1);
        const size_t whole = (count - 63) / 64;
        compress_two(state, first + 63, second + 63, whole);
        used = 63 + 64 * whole;
    }
    const size_t lead = used == 0 ? 1 : 0, rest = count - used;
    const size_t blocks = lead + rest + 9 <= 64 ? 1 : 2;
    const uint64_t bits = __builtin_bswap64((uint64_t)(count + 1) * 8);
    for (int lane = 0; lane < 2; lane++) {
        memset(block[lane], 0, sizeof block[lane]);
        if (lead) block[lane][0] = prefix;
        memcpy(block[lane] + lead, message[lane] + used, rest);
        block[lane][lead + rest] = 0x80;
        memcpy(block[lane] + 64 * blocks - 8, &bits, sizeof bits);
    }
    compress_two(state, block[0], block[1], blocks);
    for (int lane = 0; lane < 2; lane++)
        for (int i = 0; i < 8; i++) {
            uint32_t word = __builtin_bswap32(state[lane][i]);
            memcpy(out[lane] + 4 * i, &word, sizeof word);
        }
}
