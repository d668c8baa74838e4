// Freivalds' products with vectors of bytes, once for each register width. The file that includes
// this one has set
//   NAME(x), TARGET   the name of `x` for this width, and its target attribute
//   WIDE              bytes in a register
// and, for registers of that many bytes:
//   REGISTER, LOAD(from), STORE(to, x), EVERY8(x), EVERY32(x), ADD8(x, y), ADD32(x, y), ZERO, SUM(x)
//   TWICE(sum, a0, b0, a1, b1)   adds two groups of products of unsigned and signed bytes
//   BYTES_LOW(x, y) ... WORDS_HIGH(x, y)   interleaving within 16 bytes
//
// As in product_int8.c the matrix is taken as x + 63, unsigned, and 63 times the sums of the vectors
// are taken away again.

TARGET static void NAME(rows)(
    const int8_t *band, size_t rows, size_t n, const int8_t *vectors, int32_t *out,
    size_t out_stride) {
    const REGISTER offset = EVERY8(63);
    for (size_t start = 0; start < n; start += STRIP) {
        const size_t end = n - start < STRIP ? n : start + STRIP;
        const size_t last = start + (end - start) / (2 * WIDE) * (2 * WIDE);
        for (size_t row = 0; row < rows; row++) {
            const int8_t *source = band + row * n;
            REGISTER sum[VECTORS];
            UNROLLED for (int v = 0; v < VECTORS; v++) sum[v] = ZERO;
            for (size_t j = start; j < last; j += 2 * WIDE) {
                const REGISTER left = ADD8(LOAD(source + j), offset);
                const REGISTER right = ADD8(LOAD(source + j + WIDE), offset);
                UNROLLED for (int v = 0; v < VECTORS; v++) {
                    const int8_t *with = vectors + (size_t)v * n + j;
                    sum[v] = TWICE(sum[v], left, LOAD(with), right, LOAD(with + WIDE));
                }
            }
            UNROLLED for (int v = 0; v < VECTORS; v++) {
                int32_t total = SUM(sum[v]);
                for (size_t j = last; j < end; j++)
                    total += (source[j] + 63) * vectors[(size_t)v * n + j];
                int32_t *to = out + (size_t)v * out_stride + row;
                *to = start == 0 ? total : *to + total;
            }
        }
    }
    for (size_t v = 0; v < VECTORS; v++) {
        const int32_t excess = 63 * sum_of_bytes(vectors + v * n, n);
        for (size_t row = 0; row < rows; row++) out[v * out_stride + row] -= excess;
    }
}

/// Thirty-two rows at a time: eight quads of them, interleaved so that a lane holds four rows of a
/// column, fill the first-level cache.
TARGET static void NAME(columns)(
    const int8_t *band, size_t n, const int8_t *weights, size_t weight_stride, int32_t *sums) {
    enum { QUADS = 8 };
    const REGISTER offset = EVERY8(63);
    int32_t factors[VECTORS][QUADS], excess[VECTORS];
    for (size_t v = 0; v < VECTORS; v++) {
        memcpy(factors[v], weights + v * weight_stride, 4 * QUADS);
        excess[v] = -63 * sum_of_bytes(weights + v * weight_stride, 4 * QUADS);
    }
    for (size_t j = 0; j < n; j += WIDE) {
        REGISTER quads[QUADS][4];
        UNROLLED for (int quad = 0; quad < QUADS; quad++) {
            const int8_t *from = band + (size_t)(4 * quad) * n + j;
            const REGISTER a = ADD8(LOAD(from), offset), b = ADD8(LOAD(from + n), offset);
            const REGISTER c = ADD8(LOAD(from + 2 * n), offset);
            const REGISTER d = ADD8(LOAD(from + 3 * n), offset);
            const REGISTER low0 = BYTES_LOW(a, b), high0 = BYTES_HIGH(a, b);
            const REGISTER low1 = BYTES_LOW(c, d), high1 = BYTES_HIGH(c, d);
            quads[quad][0] = WORDS_LOW(low0, low1);
            quads[quad][1] = WORDS_HIGH(low0, low1);
            quads[quad][2] = WORDS_LOW(high0, high1);
            quads[quad][3] = WORDS_HIGH(high0, high1);
        }
        for (int v = 0; v < VECTORS; v++) {
            REGISTER sum[4];
            UNROLLED for (int part = 0; part < 4; part++) sum[part] = EVERY32(excess[v]);
            UNROLLED for (int quad = 0; quad < QUADS; quad += 2) {
                const REGISTER first = EVERY32(factors[v][quad]);
                const REGISTER second = EVERY32(factors[v][quad + 1]);
                UNROLLED for (int part = 0; part < 4; part++)
                    sum[part] = TWICE(
                        sum[part], quads[quad][part], first, quads[quad + 1][part], second);
            }
            NAME(scatter)(sum, sums + (size_t)v * n + j);
        }
    }
}
