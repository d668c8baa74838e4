// The prover's side of the matrix chain beside the product itself: bring sums back into range.

#include "challenge_dispatch.h"
#include "verification.h"

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

CHALLENGE_BODY void reduce_body(float *values, int8_t *bytes, size_t count) {
    for (size_t i = 0; i < count; i++) {
        const int rest = residue(values[i]);
        bytes[i] = (int8_t)rest;
        values[i] = (float)rest;
    }
}

CHALLENGE_VARIANTS(
    challenge_reduce, reduce_body, (float *values, int8_t *bytes, size_t count),
    (values, bytes, count))

CHALLENGE_BODY void outside_body(const int8_t *bytes, size_t count, int *outside) {
    // Adding 63 brings [-63, 63], and nothing else, to an unsigned byte below 127.
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
