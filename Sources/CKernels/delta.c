// The public face of quantised deltas and of the outer step.
#include "include/delta.h"
#include <string.h>
#include "kernel_table.h"

enum { BLOCK_VALUES = 256 };

static size_t bytes_per_block(int bits) {
    return sizeof(float) + (size_t)(BLOCK_VALUES * bits / 8);
}

size_t althing_delta_bytes(size_t count, int bits) {
    return (count + BLOCK_VALUES - 1) / BLOCK_VALUES * bytes_per_block(bits);
}

int althing_delta_quantise(
    const float *from, const float *to, size_t count, int bits, uint8_t *bytes) {
    return althing_kernels()->quantise(from, to, count, bits, bytes);
}

/// The integer at `index` of a block's payload.
static int integer_at(const uint8_t *payload, size_t index, int bits) {
    if (bits == 8) return (int8_t)payload[index];
    int half = payload[index / 2] >> (index % 2 * 4) & 15;
    return (half ^ 8) - 8;
}

int althing_delta_check(const uint8_t *bytes, size_t count, int bits) {
    int least = bits == 8 ? -128 : -8;
    for (size_t first = 0; first < count; first += BLOCK_VALUES, bytes += bytes_per_block(bits)) {
        uint32_t scale;
        memcpy(&scale, bytes, sizeof scale);
        // Below 2^40 and the sign bit clear: no sum of squares can overflow.
        if (scale >= 0x53800000) return -1;
        size_t filled = count - first < BLOCK_VALUES ? count - first : BLOCK_VALUES;
        for (size_t i = 0; i < BLOCK_VALUES; i++) {
            int value = integer_at(bytes + sizeof scale, i, bits);
            if (value == least || (value != 0 && (scale == 0 || i >= filled))) return -1;
        }
    }
    return 0;
}

void althing_delta_expand(const uint8_t *bytes, size_t count, int bits, float *values) {
    althing_kernels()->expand(bytes, count, bits, values);
}

float althing_delta_norm(const uint8_t *bytes, size_t count, int bits) {
    return althing_kernels()->delta_norm(bytes, count, bits);
}

void althing_delta_aggregate(
    const uint8_t *const *bytes, const float *factors, int deltas, int trim, size_t count, int bits,
    float *mean) {
    althing_kernels()->aggregate(bytes, factors, deltas, trim, count, bits, mean);
}

int althing_outer_step(
    float *parameters, float *momentum, const float *mean, size_t count, float rate, float decay) {
    const struct kernel_table *kernels = althing_kernels();
    kernels->outer_step(parameters, momentum, mean, count, rate, decay);
    for (size_t i = 0; i < count; i++) {
        uint32_t bits;
        memcpy(&bits, parameters + i, sizeof bits);
        if ((bits & 0x7f800000) == 0x7f800000) return -1;
    }
    return 0;
}
