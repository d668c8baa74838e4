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
    enum { STEP = 2 * WIDE };
    const REGISTER offset = EVERY8(63);
    // Steps of all vectors side by side: a power of two apart they would share the sets of a cache.
    _Alignas(64) int8_t woven[VECTORS * STRIP];
    for (size_t start = 0; start < n; start += STRIP) {
        const size_t end = n - start < STRIP ? n : start + STRIP;
        const size_t last = start + (end - start) / STEP * STEP;
        for (size_t j = start; j < last; j += STEP)
            for (size_t v = 0; v < VECTORS; v++)
                memcpy(woven + (j - start) * VECTORS + v * STEP, vectors + v * n + j, STEP);
        for (size_t row = 0; row < rows; row++) {
            const int8_t *source = band + row * n;
            REGISTER sum[VECTORS];
            UNROLLED for (int v = 0; v < VECTORS; v++) sum[v] = ZERO;
            const int8_t *with = woven;
            for (size_t j = start; j < last; j += STEP, with += VECTORS * STEP) {
                const REGISTER left = ADD8(LOAD(source + j), offset);
                const REGISTER right = ADD8(LOAD(source + j + WIDE), offset);
                UNROLLED for (int v = 0; v < VECTORS; v++)
                    sum[v] = TWICE(
                        sum[v], left, LOAD(with + v * STEP), right, LOAD(with + v * STEP + WIDE));
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

enum { NAME(QUADS) = 8 };

/// A register's width of columns of thirty-two rows, interleaved so that a lane holds four rows of a
/// column.
TARGET static inline void NAME(weave)(
    const int8_t *band, size_t n, REGISTER quads[NAME(QUADS)][4]) {
    const REGISTER offset = EVERY8(63);
    UNROLLED for (int quad = 0; quad < NAME(QUADS); quad++) {
        const int8_t *from = band + (size_t)(4 * quad) * n;
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
}

/// Thirty-two rows at a time. Whole cache lines of them, because rows that lie a power of two apart
/// share the sets of a cache, and what is left of a line would be fetched again.
TARGET static void NAME(columns)(
    const int8_t *band, size_t n, const int8_t *weights, size_t weight_stride, int32_t *sums) {
    enum { SIDE = 64 / WIDE };
    int32_t factors[VECTORS][NAME(QUADS)], excess[VECTORS];
    for (size_t v = 0; v < VECTORS; v++) {
        memcpy(factors[v], weights + v * weight_stride, 4 * NAME(QUADS));
        excess[v] = -63 * sum_of_bytes(weights + v * weight_stride, 4 * NAME(QUADS));
    }
    for (size_t j = 0; j < n; j += SIDE * WIDE) {
        // A multiple of 32 columns may leave half a line.
        const size_t sides = n - j < SIDE * WIDE ? (n - j) / WIDE : SIDE;
        REGISTER quads[SIDE][NAME(QUADS)][4];
        for (size_t side = 0; side < sides; side++)
            NAME(weave)(band + j + side * WIDE, n, quads[side]);
        for (int v = 0; v < VECTORS; v++)
            for (size_t side = 0; side < sides; side++) {
                REGISTER sum[4];
                UNROLLED for (int part = 0; part < 4; part++) sum[part] = EVERY32(excess[v]);
                UNROLLED for (int quad = 0; quad < NAME(QUADS); quad += 2) {
                    const REGISTER first = EVERY32(factors[v][quad]);
                    const REGISTER second = EVERY32(factors[v][quad + 1]);
                    UNROLLED for (int part = 0; part < 4; part++)
                        sum[part] = TWICE(
                            sum[part], quads[side][quad][part], first,
                            quads[side][quad + 1][part], second);
                }
                NAME(scatter)(sum, sums + (size_t)v * n + j + side * WIDE);
            }
    }
}
