// Pseudorandom operands: ChaCha8 (Bernstein, "ChaCha, a variant of Salsa20", 2008), sixteen blocks at
// a time, the words of the sixteen blocks side by side.
//
// The nonce is the stream number, the counter the block number. Eight rounds are enough here: what
// must hold is that nobody can compute with the matrix without drawing it.

#include "challenge_dispatch.h"
#include "verification.h"

#include <string.h>

typedef uint32_t Words4 __attribute__((vector_size(16)));
typedef uint32_t Words8 __attribute__((vector_size(32)));
typedef uint32_t Words16 __attribute__((vector_size(64)));

#define ROTATE(x, r) ((x) << (r) | (x) >> (32 - (r)))
#define QUARTER(a, b, c, d) \
    a += b; d ^= a; d = ROTATE(d, 16); \
    c += d; b ^= c; b = ROTATE(b, 12); \
    a += b; d ^= a; d = ROTATE(d, 8); \
    c += d; b ^= c; b = ROTATE(b, 7);

/// Defines a function that makes one group of sixteen blocks with vectors of `lanes` blocks.
#define GROUP_FUNCTION(name, Words, lanes, attributes) \
    attributes static void name( \
        const uint32_t *key, uint64_t stream, uint64_t block, uint32_t *out) { \
        for (uint32_t lane = 0; lane < 16; lane += lanes) { \
            Words x[16], start[16], counter; \
            for (uint32_t i = 0; i < lanes; i++) counter[i] = (uint32_t)block + lane + i; \
            const Words zero = {0}; \
            start[0] = zero + 0x61707865u; \
            start[1] = zero + 0x3320646eu; \
            start[2] = zero + 0x79622d32u; \
            start[3] = zero + 0x6b206574u; \
            for (int i = 0; i < 8; i++) start[4 + i] = zero + key[i]; \
            start[12] = counter; \
            start[13] = zero + (uint32_t)(block >> 32); \
            start[14] = zero + (uint32_t)stream; \
            start[15] = zero + (uint32_t)(stream >> 32); \
            for (int i = 0; i < 16; i++) x[i] = start[i]; \
            for (int round = 0; round < 8; round += 2) { \
                QUARTER(x[0], x[4], x[8], x[12]) \
                QUARTER(x[1], x[5], x[9], x[13]) \
                QUARTER(x[2], x[6], x[10], x[14]) \
                QUARTER(x[3], x[7], x[11], x[15]) \
                QUARTER(x[0], x[5], x[10], x[15]) \
                QUARTER(x[1], x[6], x[11], x[12]) \
                QUARTER(x[2], x[7], x[8], x[13]) \
                QUARTER(x[3], x[4], x[9], x[14]) \
            } \
            for (int i = 0; i < 16; i++) { \
                x[i] += start[i]; \
                memcpy(out + 16 * i + lane, &x[i], sizeof(Words)); \
            } \
        } \
    }

#ifdef CHALLENGE_X86
GROUP_FUNCTION(group_avx512, Words16, 16, CHALLENGE_AVX512)
GROUP_FUNCTION(group_avx2, Words8, 8, CHALLENGE_AVX2)
#endif
GROUP_FUNCTION(group_baseline, Words4, 4, )

typedef void (*GroupFunction)(const uint32_t *, uint64_t, uint64_t, uint32_t *);

static GroupFunction best_group(void) {
#ifdef CHALLENGE_X86
    if (CHALLENGE_HAS_AVX512) return group_avx512;
    if (CHALLENGE_HAS_AVX2) return group_avx2;
#endif
    return group_baseline;
}

static void load_key(const uint8_t *bytes, uint32_t key[8]) { memcpy(key, bytes, 32); }

void challenge_random_bytes(const uint8_t *key_bytes, uint64_t stream, uint8_t *out, size_t count) {
    uint32_t key[8], words[CHALLENGE_GROUP / 4];
    const GroupFunction group = best_group();
    load_key(key_bytes, key);
    for (size_t done = 0; done < count; done += CHALLENGE_GROUP) {
        group(key, stream, done / 64, words);
        memcpy(out + done, words, CHALLENGE_GROUP);
    }
}

CHALLENGE_BODY void balance_body(const uint8_t *bytes, int8_t *out) {
    for (int i = 0; i < CHALLENGE_GROUP; i++) {
        out[i] = (int8_t)((uint16_t)(bytes[i] * 127u) >> 8) - 63;
    }
}

CHALLENGE_BODY void balance_float_body(const uint8_t *bytes, float *out) {
    for (int i = 0; i < CHALLENGE_GROUP; i++) {
        out[i] = (float)((int)((bytes[i] * 127u) >> 8) - 63);
    }
}

CHALLENGE_VARIANTS(
    challenge_balance, balance_body, (const uint8_t *bytes, int8_t *out), (bytes, out))
CHALLENGE_VARIANTS(
    challenge_balance_float, balance_float_body, (const uint8_t *bytes, float *out), (bytes, out))

void challenge_operands(const uint8_t *key_bytes, uint64_t stream, int8_t *out, size_t count) {
    uint32_t key[8], words[CHALLENGE_GROUP / 4];
    const GroupFunction group = best_group();
    load_key(key_bytes, key);
    for (size_t done = 0; done < count; done += CHALLENGE_GROUP) {
        group(key, stream, done / 64, words);
        challenge_balance((const uint8_t *)words, out + done);
    }
}

void challenge_operands_float(const uint8_t *key_bytes, uint64_t stream, float *out, size_t count) {
    uint32_t key[8], words[CHALLENGE_GROUP / 4];
    const GroupFunction group = best_group();
    load_key(key_bytes, key);
    for (size_t done = 0; done < count; done += CHALLENGE_GROUP) {
        group(key, stream, done / 64, words);
        challenge_balance_float((const uint8_t *)words, out + done);
    }
}
