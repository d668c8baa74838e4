#pragma once
// What a training segment changed, quantised, and how many such changes become one outer step.
//
// A quantised delta is a row of blocks. A block covers 256 values: a little-endian float scale,
// then 256 signed values of 8 bits, or 256 of 4 bits, low half first. A value is its integer times
// the scale. The last block is filled up with zeros.
#include <stddef.h>
#include <stdint.h>

/// How many bytes `count` values take with `bits` (4 or 8) a value.
size_t althing_delta_bytes(size_t count, int bits);

/// Quantises `from - to`. Returns 0, or -1 when a scale is not finite or reaches 2^40.
int althing_delta_quantise(
    const float *from, const float *to, size_t count, int bits, uint8_t *bytes);

/// Whether `bytes` is what quantising could have made: scales below 2^40 and not negative, no value
/// at the unused end of its range (-128, -8), zeros past the end. Returns 0, or -1.
int althing_delta_check(const uint8_t *bytes, size_t count, int bits);

/// Writes the values that checked `bytes` stand for.
void althing_delta_expand(const uint8_t *bytes, size_t count, int bits, float *values);

/// The Euclidean length of a checked delta.
float althing_delta_norm(const uint8_t *bytes, size_t count, int bits);

/// The most deltas that one aggregation takes.
enum { ALTHING_DELTA_LIMIT = 64 };

/// The trimmed mean of `deltas` checked deltas, each scaled by its factor: per value, the `trim`
/// smallest and the `trim` largest are dropped and the rest averaged in rising order, so that the
/// order of the deltas does not matter. Demands 1 <= deltas <= ALTHING_DELTA_LIMIT and
/// 2 * trim < deltas.
void althing_delta_aggregate(
    const uint8_t *const *bytes, const float *factors, int deltas, int trim, size_t count, int bits,
    float *mean);

/// One outer step with Nesterov momentum:
/// momentum = decay * momentum + mean, parameters -= rate * (mean + decay * momentum).
/// Returns 0, or -1 when a parameter is no longer finite.
int althing_outer_step(
    float *parameters, float *momentum, const float *mean, size_t count, float rate, float decay);
