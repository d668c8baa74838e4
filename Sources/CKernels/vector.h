#pragma once
// Sixteen lanes, whatever the hardware's width, and the few functions that are not in IEEE 754.
//
// Equal bits on every instruction set rest on four rules, kept by every kernel here:
//   1. vectorise over outputs, never over a reduction;
//   2. where a reduction cannot be avoided, sixteen lanes (index modulo 16) and one fixed tree;
//   3. fused multiply-adds are written out, and the compiler may not make its own;
//   4. no mathematical library: exp and log are the polynomials below; division and square root are
//      exactly rounded everywhere.
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#pragma STDC FP_CONTRACT OFF
// Vectors wider than the baseline's registers are passed to functions that are always inlined, so
// the calling convention that the warning is about is never used.
#pragma clang diagnostic ignored "-Wpsabi"

#define INLINE static inline __attribute__((always_inline, unused))
#define UNROLLED _Pragma("clang loop unroll(full)")

enum { LANES = 16 };

typedef float lanes __attribute__((vector_size(64), may_alias));
typedef float unaligned_lanes __attribute__((vector_size(64), aligned(4), may_alias));
typedef int32_t integer_lanes __attribute__((vector_size(64), may_alias));

INLINE lanes load(const float *from) { return *(const unaligned_lanes *)from; }
INLINE void store(float *to, lanes value) { *(unaligned_lanes *)to = value; }
/// One value in every lane. Taking zero away changes nothing, minus zero included, so it compiles
/// to a broadcast; adding zero would not.
INLINE lanes every(float value) { return value - (lanes){}; }

/// `yes` where the mask is all ones, `no` where it is zero.
INLINE lanes choose(integer_lanes mask, lanes yes, lanes no) {
    return (lanes)((mask & (integer_lanes)yes) | (~mask & (integer_lanes)no));
}
INLINE lanes larger(lanes a, lanes b) { return choose(a > b, a, b); }
INLINE lanes smaller(lanes a, lanes b) { return choose(a < b, a, b); }
INLINE lanes magnitude(lanes value) {
    return (lanes)((integer_lanes)value & 0x7fffffff);
}

#if SOFTWARE_FMA
/// a * b + c rounded once, on a processor without such an instruction. The product is exact in
/// double precision; the sum is rounded to odd, so that rounding it again to a float cannot round
/// twice (Boldo and Melquiond, "Emulation of FMA and correctly rounded sums", 2008).
INLINE float fused(float a, float b, float c) {
    double product = (double)a * (double)b;
    double sum = product + (double)c;
    double part = sum - product;
    double error = (product - (sum - part)) + ((double)c - part);
    if (error > 0 || error < 0) {
        int64_t bits;
        memcpy(&bits, &sum, sizeof bits);
        if ((bits & 1) == 0) bits += (error > 0) == (sum > 0) ? 1 : -1;
        memcpy(&sum, &bits, sizeof sum);
    }
    return (float)sum;
}
INLINE lanes fused_lanes(lanes a, lanes b, lanes c) {
    for (int lane = 0; lane < LANES; lane++) c[lane] = fused(a[lane], b[lane], c[lane]);
    return c;
}
#else
INLINE lanes fused_lanes(lanes a, lanes b, lanes c) { return __builtin_elementwise_fma(a, b, c); }
#endif

/// The sum of the lanes: halves added to halves.
INLINE float sum_of_lanes(lanes value) {
    float part[LANES];
    memcpy(part, &value, sizeof part);
    UNROLLED
    for (int width = LANES / 2; width > 0; width /= 2) {
        UNROLLED
        for (int lane = 0; lane < width; lane++) part[lane] = part[lane] + part[lane + width];
    }
    return part[0];
}

/// The largest lane.
INLINE float largest_of_lanes(lanes value) {
    float largest = value[0];
    for (int lane = 1; lane < LANES; lane++)
        largest = value[lane] > largest ? value[lane] : largest;
    return largest;
}

/// Adding and taking away 1.5 * 2^23 rounds to the nearest integer, ties to even.
#define ROUNDER 12582912.0f

/// e^x within two units in the last place, for x cut to [-87, 87] (Cephes' expf).
INLINE lanes exponential(lanes x) {
    x = smaller(larger(x, every(-87.0f)), every(87.0f));
    lanes power = fused_lanes(x, every(1.44269504f), every(ROUNDER)) - ROUNDER;
    lanes rest = fused_lanes(power, every(-0.693359375f), x);
    rest = fused_lanes(power, every(2.12194440e-4f), rest);
    lanes series = every(1.9875691500e-4f);
    series = fused_lanes(series, rest, every(1.3981999507e-3f));
    series = fused_lanes(series, rest, every(8.3334519073e-3f));
    series = fused_lanes(series, rest, every(4.1665795894e-2f));
    series = fused_lanes(series, rest, every(1.6666665459e-1f));
    series = fused_lanes(series, rest, every(5.0000001201e-1f));
    series = fused_lanes(series, rest * rest, rest) + 1.0f;
    integer_lanes exponent = (__builtin_convertvector(power, integer_lanes) + 127) << 23;
    return series * (lanes)exponent;
}

INLINE lanes sigmoid(lanes x) { return 1.0f / (1.0f + exponential(-x)); }

/// The natural logarithm of a positive normal number: atanh's series on a mantissa near one.
INLINE float logarithm(float x) {
    uint32_t bits;
    memcpy(&bits, &x, sizeof bits);
    int exponent = (int)(bits >> 23) - 127;
    bits = (bits & 0x7fffff) | 0x3f800000;
    float mantissa;
    memcpy(&mantissa, &bits, sizeof mantissa);
    if (mantissa > 1.41421356f) {
        mantissa *= 0.5f;
        exponent += 1;
    }
    float t = (mantissa - 1.0f) / (mantissa + 1.0f);
    float square = t * t;
    float series = 0.28571429f + square * 0.22222222f;
    series = 0.4f + square * series;
    series = 0.66666667f + square * series;
    series = 2.0f + square * series;
    return t * series + (float)exponent * 0.69314718f;
}
