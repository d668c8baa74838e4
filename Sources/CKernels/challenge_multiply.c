// The portable product: four rows by one block of columns at a time, kept in cache, vectorised by the
// compiler. Exact for the operands of a challenge, so any other product gives the same bits.

#include "challenge_dispatch.h"
#include "verification.h"

#define COLUMN_BLOCK 256
#define DEPTH_BLOCK 128

CHALLENGE_BODY void rows_body(
    size_t count, size_t columns, size_t depth, const float *a, size_t a_stride, const float *b,
    size_t b_stride, float *c, size_t c_stride) {
    for (size_t row = 0; row < count; row++) {
        for (size_t k = 0; k + 4 <= depth; k += 4) {
            const float a0 = a[row * a_stride + k], a1 = a[row * a_stride + k + 1];
            const float a2 = a[row * a_stride + k + 2], a3 = a[row * a_stride + k + 3];
            const float *b0 = b + k * b_stride, *b1 = b0 + b_stride;
            const float *b2 = b1 + b_stride, *b3 = b2 + b_stride;
            float *out = c + row * c_stride;
            for (size_t j = 0; j < columns; j++) {
                out[j] += a0 * b0[j] + a1 * b1[j] + (a2 * b2[j] + a3 * b3[j]);
            }
        }
        for (size_t k = depth / 4 * 4; k < depth; k++) {
            for (size_t j = 0; j < columns; j++) {
                c[row * c_stride + j] += a[row * a_stride + k] * b[k * b_stride + j];
            }
        }
    }
}

CHALLENGE_BODY void multiply_body(
    size_t rows, size_t columns, size_t depth, const float *a, size_t a_stride, const float *b,
    size_t b_stride, float *c, size_t c_stride) {
    for (size_t i = 0; i < rows; i++) {
        for (size_t j = 0; j < columns; j++) c[i * c_stride + j] = 0;
    }
    for (size_t j = 0; j < columns; j += COLUMN_BLOCK) {
        const size_t width = columns - j < COLUMN_BLOCK ? columns - j : COLUMN_BLOCK;
        for (size_t k = 0; k < depth; k += DEPTH_BLOCK) {
            const size_t length = depth - k < DEPTH_BLOCK ? depth - k : DEPTH_BLOCK;
            rows_body(
                rows, width, length, a + k, a_stride, b + k * b_stride + j, b_stride, c + j,
                c_stride);
        }
    }
}

CHALLENGE_VARIANTS(
    challenge_multiply, multiply_body,
    (size_t rows, size_t columns, size_t depth, const float *a, size_t a_stride, const float *b,
     size_t b_stride, float *c, size_t c_stride),
    (rows, columns, depth, a, a_stride, b, b_stride, c, c_stride))
