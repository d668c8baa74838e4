// The prover's side of the matrix chain beside the product itself: reduce, transpose, widen.

#include "challenge_dispatch.h"
#include "verification.h"

#include <string.h>

#define BAND CHALLENGE_BAND_ROWS

/// The balanced residue modulo 127 of an exact integer below 2^24 in magnitude.
///
/// Adding and taking away 3 * 2^22 rounds the quotient to a whole number without an instruction for
/// rounding; it can be off by one near a half, which the two corrections undo.
CHALLENGE_BODY int residue(float value) {
    const float magic = 12582912.0f;
    const float quotient = (value * (1.0f / 127.0f) + magic) - magic;
    int rest = (int)(value - quotient * 127.0f);
    rest -= rest > 63 ? 127 : 0;
    rest += rest < -63 ? 127 : 0;
    return rest;
}

/// Transposes an 8 x 8 block of bytes held in eight words, by swapping ever larger squares.
CHALLENGE_BODY void transpose8(uint64_t rows[8]) {
    for (int distance = 1; distance < 8; distance *= 2) {
        const uint64_t mask = distance == 1 ? 0x00FF00FF00FF00FFull
            : distance == 2                 ? 0x0000FFFF0000FFFFull
                                            : 0x00000000FFFFFFFFull;
        for (int i = 0; i < 8; i++) {
            if (i & distance) continue;
            const uint64_t low = rows[i], high = rows[i + distance];
            rows[i] = (low & mask) | (high & mask) << (8 * distance);
            rows[i + distance] = (low >> (8 * distance) & mask) | (high & ~mask);
        }
    }
}

CHALLENGE_BODY void reduce_transposed_body(
    const float *product, size_t n, size_t column, int8_t *bytes, float *operand) {
    for (size_t row = 0; row < n; row += BAND) {
        int8_t square[BAND][BAND];
        for (size_t i = 0; i < BAND; i++) {
            const float *source = product + (row + i) * n + column;
            for (size_t j = 0; j < BAND; j++) square[i][j] = (int8_t)residue(source[j]);
        }
        for (size_t i = 0; i < BAND; i += 8) {
            for (size_t j = 0; j < BAND; j += 8) {
                uint64_t words[8];
                for (size_t k = 0; k < 8; k++) memcpy(&words[k], &square[i + k][j], 8);
                transpose8(words);
                for (size_t k = 0; k < 8; k++) {
                    memcpy(bytes + (j + k) * n + row + i, &words[k], 8);
                }
            }
        }
    }
    for (size_t i = 0; i < BAND * n; i++) operand[i] = (float)bytes[i];
}

CHALLENGE_VARIANTS(
    challenge_reduce_transposed, reduce_transposed_body,
    (const float *product, size_t n, size_t column, int8_t *bytes, float *operand),
    (product, n, column, bytes, operand))

CHALLENGE_BODY void widen_body(const int8_t *bytes, float *out, size_t count) {
    for (size_t i = 0; i < count; i++) out[i] = (float)bytes[i];
}

CHALLENGE_VARIANTS(
    challenge_widen, widen_body, (const int8_t *bytes, float *out, size_t count),
    (bytes, out, count))

CHALLENGE_BODY void outside_body(const int8_t *bytes, size_t count, int *outside) {
    // [-63, 63] is what is left of [-128, 127] when adding 63 gives an unsigned byte below 127.
    uint8_t bad = 0;
    for (size_t i = 0; i < count; i++) bad |= (uint8_t)(bytes[i] + 63) > 126 ? 1 : 0;
    *outside = bad;
}

CHALLENGE_VARIANTS(
    challenge_outside, outside_body, (const int8_t *bytes, size_t count, int *outside),
    (bytes, count, outside))

int challenge_in_range(const int8_t *bytes, size_t count) {
    int outside = 0;
    challenge_outside(bytes, count, &outside);
    return !outside;
}
