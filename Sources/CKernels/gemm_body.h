// The matrix product: register tiles over packed panels of B.
//
// Blocking decides only where partial sums rest: a tile that continues in depth starts from what C
// holds, so each element stays one chain of multiply-adds in rising depth.

#include "product_blocks.h"

typedef float native __attribute__((vector_size(4 * NATIVE_LANES), may_alias));
typedef float unaligned_native
    __attribute__((vector_size(4 * NATIVE_LANES), aligned(4), may_alias));

enum {
    PANEL = 2 * NATIVE_LANES,
    DEPTH_BLOCK = SINGLE_DEEPEST,
    COLUMN_BLOCK = 384,
    // Where A is packed too: as deep as keeps a sliver of A in the first-level cache while the panels
    // of B pass by.
    SINGLE_DEPTH_BLOCK = NATIVE_LANES == 16 ? SINGLE_DEEPEST : 256,
    SINGLE_COLUMN_BLOCK = 384,
    // As high as the workspace allows, because B is packed anew for every block of rows.
    SINGLE_ROW_BLOCK = NATIVE_LANES == 16 ? 1536 : 2880,
};
_Static_assert(
    SINGLE_DEPTH_BLOCK * (SINGLE_ROW_BLOCK + SINGLE_COLUMN_BLOCK) <= SINGLE_PACKED,
    "the workspace is too small for these blocks");

INLINE native load_native(const float *from) { return *(const unaligned_native *)from; }
INLINE void store_native(float *to, native value) { *(unaligned_native *)to = value; }
INLINE native fused_native(native a, native b, native c) {
#if SOFTWARE_FMA
    for (int lane = 0; lane < NATIVE_LANES; lane++) c[lane] = fused(a[lane], b[lane], c[lane]);
    return c;
#else
    return __builtin_elementwise_fma(a, b, c);
#endif
}

/// One tile of ROWS x PANEL elements, its sums in registers for the whole depth.
#define DEFINE_TILE(ROWS)                                                                        \
    INLINE void tile_##ROWS(                                                                     \
        ptrdiff_t depth, const float *a, ptrdiff_t a_row, ptrdiff_t a_step, const float *panel,  \
        float *c, ptrdiff_t c_row, int accumulate) {                                             \
        native sum[ROWS][2];                                                                     \
        UNROLLED for (int row = 0; row < ROWS; row++) {                                          \
            sum[row][0] = accumulate ? load_native(c + row * c_row) : (native){};                \
            sum[row][1] = accumulate ? load_native(c + row * c_row + NATIVE_LANES) : (native){}; \
        }                                                                                        \
        for (ptrdiff_t p = 0; p < depth; p++) {                                                  \
            native left = *(const native *)(panel + p * PANEL);                                  \
            native right = *(const native *)(panel + p * PANEL + NATIVE_LANES);                  \
            UNROLLED for (int row = 0; row < ROWS; row++) {                                      \
                native factor = a[p * a_step + row * a_row] - (native){};                        \
                sum[row][0] = fused_native(factor, left, sum[row][0]);                           \
                sum[row][1] = fused_native(factor, right, sum[row][1]);                          \
            }                                                                                    \
        }                                                                                        \
        UNROLLED for (int row = 0; row < ROWS; row++) {                                          \
            store_native(c + row * c_row, sum[row][0]);                                          \
            store_native(c + row * c_row + NATIVE_LANES, sum[row][1]);                           \
        }                                                                                        \
    }

#if TILE_ROWS == 12
DEFINE_TILE(12)
#endif
DEFINE_TILE(6)
DEFINE_TILE(3)
DEFINE_TILE(1)

/// All rows of one panel, in the largest tiles that fit. Inlined where the strides are known.
INLINE void tiled_rows(
    ptrdiff_t rows, ptrdiff_t depth, const float *a, ptrdiff_t a_row, ptrdiff_t a_step,
    const float *panel, float *c, ptrdiff_t c_row, int accumulate) {
    ptrdiff_t row = 0;
#if TILE_ROWS == 12
    for (; row + 12 <= rows; row += 12)
        tile_12(depth, a + row * a_row, a_row, a_step, panel, c + row * c_row, c_row, accumulate);
#endif
    for (; row + 6 <= rows; row += 6)
        tile_6(depth, a + row * a_row, a_row, a_step, panel, c + row * c_row, c_row, accumulate);
    for (; row + 3 <= rows; row += 3)
        tile_3(depth, a + row * a_row, a_row, a_step, panel, c + row * c_row, c_row, accumulate);
    for (; row < rows; row++)
        tile_1(depth, a + row * a_row, a_row, a_step, panel, c + row * c_row, c_row, accumulate);
}

static void panel_rows(
    ptrdiff_t rows, ptrdiff_t depth, const float *a, ptrdiff_t a_row, ptrdiff_t a_step,
    const float *panel, float *c, ptrdiff_t c_row, int accumulate) {
    tiled_rows(rows, depth, a, a_row, a_step, panel, c, c_row, accumulate);
}

/// The rows of a panel that only partly lies in C: by way of a buffer as wide as the panel.
static void edge_rows(
    ptrdiff_t rows, ptrdiff_t width, ptrdiff_t depth, const float *a, ptrdiff_t a_row,
    ptrdiff_t a_step, const float *panel, float *c, ptrdiff_t c_row, int accumulate) {
    float buffer[TILE_ROWS * PANEL];
    for (ptrdiff_t first = 0; first < rows; first += TILE_ROWS) {
        ptrdiff_t count = rows - first < TILE_ROWS ? rows - first : TILE_ROWS;
        for (ptrdiff_t row = 0; row < count; row++)
            for (ptrdiff_t j = 0; j < PANEL; j++)
                buffer[row * PANEL + j] =
                    accumulate && j < width ? c[(first + row) * c_row + j] : 0.0f;
        panel_rows(count, depth, a + first * a_row, a_row, a_step, panel, buffer, PANEL, 1);
        for (ptrdiff_t row = 0; row < count; row++)
            memcpy(c + (first + row) * c_row, buffer + row * PANEL, (size_t)width * sizeof *c);
    }
}

/// Copies `width` columns of B, filled up to PANEL with zeros, so that the tile reads them in
/// order.
static void pack_panel(
    ptrdiff_t depth, ptrdiff_t width, const float *b, ptrdiff_t b_step, ptrdiff_t b_column,
    float *panel) {
    if (width == PANEL && b_column == 1) {
        for (ptrdiff_t p = 0; p < depth; p++) {
            *(native *)(panel + p * PANEL) = load_native(b + p * b_step);
            *(native *)(panel + p * PANEL + NATIVE_LANES) =
                load_native(b + p * b_step + NATIVE_LANES);
        }
        return;
    }
    for (ptrdiff_t first = 0; first < depth; first += 16) {
        ptrdiff_t last = first + 16 < depth ? first + 16 : depth;
        for (ptrdiff_t j = 0; j < PANEL; j++)
            for (ptrdiff_t p = first; p < last; p++)
                panel[p * PANEL + j] = j < width ? b[p * b_step + j * b_column] : 0.0f;
    }
}

/// A block of columns: tiles of rows against each packed panel.
static void column_block(
    const struct althing_product *product, ptrdiff_t columns, ptrdiff_t depth, const float *a,
    const float *panels, float *c, int accumulate) {
    for (ptrdiff_t j = 0; j < columns; j += PANEL) {
        const float *panel = panels + j * depth;
        if (columns - j >= PANEL)
            panel_rows(
                product->rows, depth, a, product->a_row, product->a_step, panel, c + j,
                product->c_row, accumulate);
        else
            edge_rows(
                product->rows, columns - j, depth, a, product->a_row, product->a_step, panel, c + j,
                product->c_row, accumulate);
    }
}

/// A few rows against a B in row order: nothing is packed, because nothing would be used again.
/// Eight sums side by side hide the latency of the multiply-adds.
static void few_rows(const struct althing_product *product) {
    enum { STRIDE = 8 * NATIVE_LANES };
    for (ptrdiff_t i = 0; i < product->rows; i++) {
        const float *a = product->a + i * product->a_row;
        float *c = product->c + i * product->c_row;
        ptrdiff_t j = 0;
        for (; j + STRIDE <= product->columns; j += STRIDE) {
            native sum[8];
            UNROLLED for (int q = 0; q < 8; q++)
                sum[q] = product->accumulate ? load_native(c + j + q * NATIVE_LANES) : (native){};
            for (ptrdiff_t p = 0; p < product->depth; p++) {
                const float *b = product->b + p * product->b_step + j;
                native factor = a[p * product->a_step] - (native){};
                UNROLLED for (int q = 0; q < 8; q++)
                    sum[q] = fused_native(factor, load_native(b + q * NATIVE_LANES), sum[q]);
            }
            UNROLLED for (int q = 0; q < 8; q++) store_native(c + j + q * NATIVE_LANES, sum[q]);
        }
        for (; j + LANES <= product->columns; j += LANES) {
            lanes sum = product->accumulate ? load(c + j) : every(0.0f);
            for (ptrdiff_t p = 0; p < product->depth; p++)
                sum = fused_lanes(
                    every(a[p * product->a_step]), load(product->b + p * product->b_step + j), sum);
            store(c + j, sum);
        }
    }
}

typedef float eight __attribute__((vector_size(32), aligned(4), may_alias));

/// Eight columns of eight rows, from `rows[0]` on, become eight rows TILE_ROWS apart.
INLINE void transpose_block(const float *from, ptrdiff_t stride, const int *rows, float *to) {
#define PAIRS(a, b) __builtin_shufflevector(a, b, 0, 8, 1, 9, 4, 12, 5, 13)
#define UPPER_PAIRS(a, b) __builtin_shufflevector(a, b, 2, 10, 3, 11, 6, 14, 7, 15)
#define QUADS(a, b) __builtin_shufflevector(a, b, 0, 1, 8, 9, 4, 5, 12, 13)
#define UPPER_QUADS(a, b) __builtin_shufflevector(a, b, 2, 3, 10, 11, 6, 7, 14, 15)
#define LOW_HALVES(a, b) __builtin_shufflevector(a, b, 0, 1, 2, 3, 8, 9, 10, 11)
#define HIGH_HALVES(a, b) __builtin_shufflevector(a, b, 4, 5, 6, 7, 12, 13, 14, 15)
    eight row[8], pair[8], quad[8];
    UNROLLED for (int i = 0; i < 8; i++) row[i] = *(const eight *)(from + rows[i] * stride);
    UNROLLED for (int i = 0; i < 4; i++) {
        pair[2 * i] = PAIRS(row[2 * i], row[2 * i + 1]);
        pair[2 * i + 1] = UPPER_PAIRS(row[2 * i], row[2 * i + 1]);
    }
    UNROLLED for (int i = 0; i < 2; i++) {
        quad[4 * i] = QUADS(pair[4 * i], pair[4 * i + 2]);
        quad[4 * i + 1] = UPPER_QUADS(pair[4 * i], pair[4 * i + 2]);
        quad[4 * i + 2] = QUADS(pair[4 * i + 1], pair[4 * i + 3]);
        quad[4 * i + 3] = UPPER_QUADS(pair[4 * i + 1], pair[4 * i + 3]);
    }
    UNROLLED for (int i = 0; i < 4; i++)
        *(eight *)(to + i * TILE_ROWS) = LOW_HALVES(quad[i], quad[i + 4]);
    UNROLLED for (int i = 0; i < 4; i++)
        *(eight *)(to + (i + 4) * TILE_ROWS) = HIGH_HALVES(quad[i], quad[i + 4]);
#undef PAIRS
#undef UPPER_PAIRS
#undef QUADS
#undef UPPER_QUADS
#undef LOW_HALVES
#undef HIGH_HALVES
}

/// Eight depths of a sliver. Six rows are eight with the last one thrice: what is too much lies where
/// the next depth is written. Twelve rows are two blocks that overlap.
INLINE void transpose_eight(const float *from, ptrdiff_t stride, float *to) {
#if TILE_ROWS == 12
    transpose_block(from, stride, (const int[]){0, 1, 2, 3, 4, 5, 6, 7}, to);
    transpose_block(from, stride, (const int[]){4, 5, 6, 7, 8, 9, 10, 11}, to + 4);
#else
    transpose_block(from, stride, (const int[]){0, 1, 2, 3, 4, 5, 5, 5}, to);
#endif
}

// Narrow registers have short steps, which a branch and two pointers make a fifth longer. Wide ones
// are slower unrolled: the loop no longer fits where it is replayed from.
#define DEPTH_STEPS (NATIVE_LANES == 16 ? 1 : 4)

#define ELEMENT float
#define VECTOR_LANES NATIVE_LANES
#define PRODUCT struct althing_product
#define NAME(x) single_##x
#define SCALAR_FUSED fused
#define COLUMN_BLOCK SINGLE_COLUMN_BLOCK
#define DEPTH_BLOCK SINGLE_DEPTH_BLOCK
#define ROW_BLOCK SINGLE_ROW_BLOCK
#define TRANSPOSE transpose_eight
static void gemm(const struct althing_product *product, float *workspace);
#include "gemm_blocked.h"
DEFINE_TEAM_FORMAT(gemm)
#undef DEFINE_TEAM_FORMAT
#undef ELEMENT
#undef VECTOR_LANES
#undef PRODUCT
#undef NAME
#undef SCALAR_FUSED
#undef COLUMN_BLOCK
#undef DEPTH_BLOCK
#undef ROW_BLOCK
#undef TRANSPOSE

/// Whether packing A pays: each packed float is used often, and its factors would be read from lines
/// far apart.
static int packs_rows(const struct althing_product *product) {
    if (product->rows < 48 || product->columns < 128) return 0;
    return product->a_step >= 128 || (product->columns >= 256 && product->depth >= 128);
}

static void gemm(const struct althing_product *product, float *workspace) {
    ptrdiff_t rows = product->rows, columns = product->columns, depth = product->depth;
    if (rows <= 2 && product->b_column == 1 && columns % LANES == 0) {
        few_rows(product);
        return;
    }
    if (packs_rows(product)) {
        single_blocked(product, workspace);
        return;
    }
    for (ptrdiff_t p = 0; p < depth; p += DEPTH_BLOCK) {
        ptrdiff_t deep = depth - p < DEPTH_BLOCK ? depth - p : DEPTH_BLOCK;
        for (ptrdiff_t j = 0; j < columns; j += COLUMN_BLOCK) {
            ptrdiff_t wide = columns - j < COLUMN_BLOCK ? columns - j : COLUMN_BLOCK;
            for (ptrdiff_t q = 0; q < wide; q += PANEL)
                pack_panel(
                    deep, wide - q < PANEL ? wide - q : PANEL,
                    product->b + p * product->b_step + (j + q) * product->b_column,
                    product->b_step, product->b_column, workspace + q * deep);
            column_block(
                product, wide, deep, product->a + p * product->a_step, workspace, product->c + j,
                product->accumulate || p > 0);
        }
    }
}
