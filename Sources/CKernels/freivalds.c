// Freivalds' check of a product over GF(127) (Freivalds, "Probabilistic machines can use less running
// time", IFIP 1977): compare two matrices by what they do to random vectors, never multiplying them.
//
// Sums stay exact without a reduction inside the loops: eight products of entries in [-63, 63] fit in
// 16 bits, 4096 of them in 32.

#include "challenge_dispatch.h"
#include "verification.h"

#define VECTORS FREIVALDS_VECTORS
/// Columns worked on at a time: all vectors' parts of that width stay in the first-level cache.
#define STRIP 512

CHALLENGE_BODY int32_t dot(const int16_t *left, const int16_t *right, size_t count) {
    int32_t sum = 0;
    for (size_t i = 0; i < count; i++) sum += (int32_t)left[i] * (int32_t)right[i];
    return sum;
}

CHALLENGE_BODY void rows_body(
    const int8_t *band, size_t rows, size_t n, const int16_t *vectors, int32_t *out,
    size_t out_stride) {
    for (size_t vector = 0; vector < VECTORS; vector++) {
        for (size_t row = 0; row < rows; row++) out[vector * out_stride + row] = 0;
    }
    for (size_t start = 0; start < n; start += STRIP) {
        const size_t width = n - start < STRIP ? n - start : STRIP;
        for (size_t row = 0; row < rows; row++) {
            int16_t wide[STRIP];
            const int8_t *source = band + row * n + start;
            for (size_t j = 0; j < width; j++) wide[j] = source[j];
            for (size_t vector = 0; vector < VECTORS; vector++) {
                out[vector * out_stride + row] += dot(wide, vectors + vector * n + start, width);
            }
        }
    }
}

CHALLENGE_VARIANTS(
    freivalds_rows, rows_body,
    (const int8_t *band, size_t rows, size_t n, const int16_t *vectors, int32_t *out,
     size_t out_stride),
    (band, rows, n, vectors, out, out_stride))

/// Columns of the other side worked on at a time: eight rows of them, widened, fill sixteen lines.
#define PANEL 32

CHALLENGE_BODY void columns_body(
    const int8_t *band, size_t rows, size_t n, const int16_t *weights, size_t weight_stride,
    int32_t *sums) {
    for (size_t row = 0; row < rows; row += 8) {
        for (size_t start = 0; start < n; start += PANEL) {
            int16_t wide[8][PANEL];
            for (size_t i = 0; i < 8; i++) {
                const int8_t *source = band + (row + i) * n + start;
                for (size_t j = 0; j < PANEL; j++) wide[i][j] = source[j];
            }
            for (size_t vector = 0; vector < VECTORS; vector++) {
                const int16_t *weight = weights + vector * weight_stride + row;
                int32_t *sum = sums + vector * n + start;
                for (size_t j = 0; j < PANEL; j++) {
                    int16_t part = (int16_t)(wide[0][j] * weight[0]);
                    for (size_t i = 1; i < 8; i++) part += (int16_t)(wide[i][j] * weight[i]);
                    sum[j] += part;
                }
            }
        }
    }
}

CHALLENGE_VARIANTS(
    freivalds_columns, columns_body,
    (const int8_t *band, size_t rows, size_t n, const int16_t *weights, size_t weight_stride,
     int32_t *sums),
    (band, rows, n, weights, weight_stride, sums))

void freivalds_reduce(const int32_t *values, int16_t *out, size_t count) {
    for (size_t i = 0; i < count; i++) {
        int32_t rest = values[i] % 127;
        rest -= rest > 63 ? 127 : 0;
        rest += rest < -63 ? 127 : 0;
        out[i] = (int16_t)rest;
    }
}
