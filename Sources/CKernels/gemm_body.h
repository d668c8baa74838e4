// The matrix product: register tiles over packed panels of B.
//
// Blocking decides only where partial sums rest: a tile that continues in depth starts from what C
// holds, so each element stays one chain of multiply-adds in rising depth.

typedef float native __attribute__((vector_size(4 * NATIVE_LANES), may_alias));
typedef float unaligned_native
    __attribute__((vector_size(4 * NATIVE_LANES), aligned(4), may_alias));

enum {
    PANEL = 2 * NATIVE_LANES,
    DEPTH_BLOCK = 480,
    COLUMN_BLOCK = 384,
    ROW_BLOCK = 1536,
};

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

/// The rows of a packed sliver: its strides are constants, which frees registers in the tile.
static void sliver_rows(
    ptrdiff_t rows, ptrdiff_t depth, const float *sliver, const float *panel, float *c,
    ptrdiff_t c_row, int accumulate) {
    tiled_rows(rows, depth, sliver, 1, TILE_ROWS, panel, c, c_row, accumulate);
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

/// Copies rows of A so that a tile's factors of one depth lie side by side. Pays when C is wide.
static void pack_rows(
    ptrdiff_t rows, ptrdiff_t depth, const float *a, ptrdiff_t a_row, ptrdiff_t a_step,
    float *packed) {
    for (ptrdiff_t first = 0; first < rows; first += TILE_ROWS) {
        ptrdiff_t count = rows - first < TILE_ROWS ? rows - first : TILE_ROWS;
        for (ptrdiff_t row = 0; row < count; row++)
            for (ptrdiff_t p = 0; p < depth; p++)
                packed[first * depth + p * TILE_ROWS + row] =
                    a[(first + row) * a_row + p * a_step];
    }
}

/// A block of columns: tiles of packed or unpacked rows against each packed panel.
static void column_block(
    const struct althing_product *product, ptrdiff_t rows, ptrdiff_t columns, ptrdiff_t depth,
    const float *a, const float *packed_a, const float *panels, float *c, int accumulate) {
    if (packed_a == NULL) {
        for (ptrdiff_t j = 0; j < columns; j += PANEL) {
            const float *panel = panels + j * depth;
            if (columns - j >= PANEL)
                panel_rows(
                    rows, depth, a, product->a_row, product->a_step, panel, c + j, product->c_row,
                    accumulate);
            else
                edge_rows(
                    rows, columns - j, depth, a, product->a_row, product->a_step, panel, c + j,
                    product->c_row, accumulate);
        }
        return;
    }
    for (ptrdiff_t first = 0; first < rows; first += TILE_ROWS) {
        ptrdiff_t count = rows - first < TILE_ROWS ? rows - first : TILE_ROWS;
        const float *sliver = packed_a + first * depth;
        for (ptrdiff_t j = 0; j < columns; j += PANEL) {
            const float *panel = panels + j * depth;
            float *target = c + first * product->c_row + j;
            if (columns - j >= PANEL)
                sliver_rows(
                    count, depth, sliver, panel, target, product->c_row, accumulate);
            else
                edge_rows(
                    count, columns - j, depth, sliver, 1, TILE_ROWS, panel, target,
                    product->c_row, accumulate);
        }
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

static void gemm(const struct althing_product *product, float *workspace) {
    ptrdiff_t rows = product->rows, columns = product->columns, depth = product->depth;
    if (rows <= 2 && product->b_column == 1 && columns % LANES == 0) {
        few_rows(product);
        return;
    }
    // Packing A pays when each packed float is used often and its rows lie a page apart.
    int packs_a = columns >= 512 && product->a_row >= 512;
    ptrdiff_t row_block = packs_a ? ROW_BLOCK : rows;
    float *panels = workspace;
    float *packed_a = packs_a ? workspace + COLUMN_BLOCK * DEPTH_BLOCK : NULL;
    for (ptrdiff_t i = 0; i < rows; i += row_block) {
        ptrdiff_t height = rows - i < row_block ? rows - i : row_block;
        for (ptrdiff_t p = 0; p < depth; p += DEPTH_BLOCK) {
            ptrdiff_t deep = depth - p < DEPTH_BLOCK ? depth - p : DEPTH_BLOCK;
            const float *a = product->a + i * product->a_row + p * product->a_step;
            if (packs_a) pack_rows(height, deep, a, product->a_row, product->a_step, packed_a);
            for (ptrdiff_t j = 0; j < columns; j += COLUMN_BLOCK) {
                ptrdiff_t wide = columns - j < COLUMN_BLOCK ? columns - j : COLUMN_BLOCK;
                for (ptrdiff_t q = 0; q < wide; q += PANEL)
                    pack_panel(
                        deep, wide - q < PANEL ? wide - q : PANEL,
                        product->b + p * product->b_step + (j + q) * product->b_column,
                        product->b_step, product->b_column, panels + q * deep);
                column_block(
                    product, height, wide, deep, a, packed_a, panels,
                    product->c + i * product->c_row + j, product->accumulate || p > 0);
            }
        }
    }
}
