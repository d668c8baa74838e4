// The number-theoretic transform modulo 15 * 2^27 + 1: a fast Fourier transform whose every result is
// exact, so that what it measures is its access to memory and its integer arithmetic.
//
// Twiddle factors are kept in Montgomery's form (Montgomery, "Modular multiplication without trial
// division", 1985), values are not: a product of one of each is a plain residue.
#include "challenge_dispatch.h"
#include "include/suite.h"

#define PRIME NTT_PRIME
/// -1 / PRIME modulo 2^32.
#define NEGATIVE_INVERSE 2013265919u
/// The smallest generator of the multiplicative group.
#define GENERATOR 31u

static uint32_t multiply(uint32_t a, uint32_t b) { return (uint32_t)((uint64_t)a * b % PRIME); }

static uint32_t power(uint32_t base, uint32_t exponent) {
    uint32_t result = 1;
    for (; exponent > 0; exponent >>= 1) {
        if (exponent & 1) result = multiply(result, base);
        base = multiply(base, base);
    }
    return result;
}

uint32_t ntt_root(unsigned log2) { return power(GENERATOR, (PRIME - 1) >> log2); }

void ntt_prepare(unsigned log2, uint32_t *twiddles) {
    // The factors of the pass over spans of 2 h values lie at h ..< 2 h.
    twiddles[0] = 0;
    for (unsigned level = 0; level < log2; level++) {
        uint32_t half = 1u << level, step = ntt_root(level + 1);
        uint32_t factor = (uint32_t)((1ull << 32) % PRIME);
        for (uint32_t i = 0; i < half; i++) {
            twiddles[half + i] = factor;
            factor = multiply(factor, step);
        }
    }
}

/// a * b / 2^32 modulo PRIME, in [0, PRIME).
CHALLENGE_BODY uint32_t montgomery(uint32_t a, uint32_t b) {
    uint64_t product = (uint64_t)a * b;
    uint32_t quotient = (uint32_t)product * NEGATIVE_INVERSE;
    uint32_t result = (uint32_t)((product + (uint64_t)quotient * PRIME) >> 32);
    return result >= PRIME ? result - PRIME : result;
}

/// One pass of butterflies over one span.
CHALLENGE_BODY void butterflies_body(
    uint32_t half, const uint32_t *restrict twiddles, uint32_t *restrict low,
    uint32_t *restrict high) {
    for (uint32_t i = 0; i < half; i++) {
        uint32_t a = low[i], b = high[i], sum = a + b, difference = a + PRIME - b;
        low[i] = sum >= PRIME ? sum - PRIME : sum;
        high[i] = montgomery(difference, twiddles[i]);
    }
}

CHALLENGE_VARIANTS(
    ntt_butterflies, butterflies_body,
    (uint32_t half, const uint32_t *restrict twiddles, uint32_t *restrict low,
     uint32_t *restrict high),
    (half, twiddles, low, high))

/// The last three passes, over spans of eight, in registers.
CHALLENGE_BODY void eights_body(const uint32_t *twiddles, uint32_t *values, size_t count) {
    for (size_t start = 0; start < count; start += 8) {
        uint32_t *x = values + start;
        for (unsigned half = 4; half > 0; half /= 2)
            for (unsigned span = 0; span < 8; span += 2 * half)
                for (unsigned i = 0; i < half; i++) {
                    uint32_t a = x[span + i], b = x[span + half + i];
                    uint32_t sum = a + b, difference = a + PRIME - b;
                    x[span + i] = sum >= PRIME ? sum - PRIME : sum;
                    x[span + half + i] = montgomery(difference, twiddles[half + i]);
                }
    }
}

CHALLENGE_VARIANTS(
    ntt_eights, eights_body, (const uint32_t *twiddles, uint32_t *values, size_t count),
    (twiddles, values, count))

/// Depth first: a span that fits in a cache is finished while it is there.
static void transform(uint32_t size, const uint32_t *twiddles, uint32_t *values) {
    enum { CACHED = 4096 };
    for (; size > CACHED; size /= 2) {
        uint32_t half = size / 2;
        ntt_butterflies(half, twiddles + half, values, values + half);
        transform(half, twiddles, values + half);
    }
    uint32_t half = size / 2;
    for (; half > 4; half /= 2)
        for (uint32_t start = 0; start < size; start += 2 * half)
            ntt_butterflies(half, twiddles + half, values + start, values + start + half);
    if (size >= 8) {
        ntt_eights(twiddles, values, size);
        return;
    }
    for (; half > 0; half /= 2)
        for (uint32_t start = 0; start < size; start += 2 * half)
            ntt_butterflies(half, twiddles + half, values + start, values + start + half);
}

void ntt_forward(unsigned log2, const uint32_t *twiddles, uint32_t *values) {
    transform(1u << log2, twiddles, values);
}

uint32_t ntt_dot(const uint32_t *a, const uint32_t *b, size_t count) {
    uint64_t sum = 0;
    for (size_t i = 0; i < count; i++) sum += (uint64_t)a[i] * b[i] % PRIME;
    return (uint32_t)(sum % PRIME);
}
