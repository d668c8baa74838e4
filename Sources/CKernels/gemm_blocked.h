// A large matrix product over packed blocks, written once for float and double. The file that
// includes this one has set
//   ELEMENT        the type of one entry
//   VECTOR_LANES   entries of one register
//   PRODUCT        the struct that describes a product
//   NAME(x)        the name `x` for this type
//   COLUMN_BLOCK, DEPTH_BLOCK, ROW_BLOCK
//
// A sliver of A (TILE_ROWS rows of one depth block) stays in the first-level cache while the panels
// of B pass by from the second; C is met in row order, which keeps to few pages. Each element stays
// one chain of multiply-adds in rising depth, because a tile starts from what C holds.

typedef ELEMENT NAME(vector)
    __attribute__((vector_size(VECTOR_LANES * sizeof(ELEMENT)), may_alias));
typedef ELEMENT NAME(loose_vector)
    __attribute__((vector_size(VECTOR_LANES * sizeof(ELEMENT)), aligned(4), may_alias));

enum { NAME(PANEL) = 2 * VECTOR_LANES };

INLINE NAME(vector) NAME(fused_vector)(NAME(vector) a, NAME(vector) b, NAME(vector) c) {
#if SOFTWARE_FMA
    for (int lane = 0; lane < VECTOR_LANES; lane++)
        c[lane] = SCALAR_FUSED(a[lane], b[lane], c[lane]);
    return c;
#else
    return __builtin_elementwise_fma(a, b, c);
#endif
}

/// TILE_ROWS x PANEL elements, their sums in registers for the whole depth.
INLINE void NAME(full_tile)(
    ptrdiff_t depth, const ELEMENT *sliver, const ELEMENT *panel, ELEMENT *c, ptrdiff_t c_row,
    int accumulate) {
    NAME(vector) sum[TILE_ROWS][2];
    UNROLLED for (int row = 0; row < TILE_ROWS; row++) {
        const ELEMENT *from = c + row * c_row;
        sum[row][0] = sum[row][1] = (NAME(vector)){};
        if (accumulate) {
            sum[row][0] = *(const NAME(loose_vector) *)from;
            sum[row][1] = *(const NAME(loose_vector) *)(from + VECTOR_LANES);
        }
    }
    _Pragma("clang loop unroll_count(4)")
    for (ptrdiff_t p = 0; p < depth; p++) {
        NAME(vector) left = *(const NAME(vector) *)panel;
        NAME(vector) right = *(const NAME(vector) *)(panel + VECTOR_LANES);
        UNROLLED for (int row = 0; row < TILE_ROWS; row++) {
            NAME(vector) factor = sliver[row] - (NAME(vector)){};
            sum[row][0] = NAME(fused_vector)(factor, left, sum[row][0]);
            sum[row][1] = NAME(fused_vector)(factor, right, sum[row][1]);
        }
        sliver += TILE_ROWS;
        panel += NAME(PANEL);
    }
    UNROLLED for (int row = 0; row < TILE_ROWS; row++) {
        *(NAME(loose_vector) *)(c + row * c_row) = sum[row][0];
        *(NAME(loose_vector) *)(c + row * c_row + VECTOR_LANES) = sum[row][1];
    }
}

/// A tile of which only `rows` x `columns` elements lie in C: by way of a buffer.
static void NAME(edge_tile)(
    ptrdiff_t rows, ptrdiff_t columns, ptrdiff_t depth, const ELEMENT *sliver,
    const ELEMENT *panel, ELEMENT *c, ptrdiff_t c_row, int accumulate) {
    ELEMENT buffer[TILE_ROWS * NAME(PANEL)] = {0};
    size_t bytes = (size_t)columns * sizeof(ELEMENT);
    if (accumulate)
        for (ptrdiff_t row = 0; row < rows; row++)
            memcpy(buffer + row * NAME(PANEL), c + row * c_row, bytes);
    NAME(full_tile)(depth, sliver, panel, buffer, NAME(PANEL), accumulate);
    for (ptrdiff_t row = 0; row < rows; row++)
        memcpy(c + row * c_row, buffer + row * NAME(PANEL), bytes);
}

/// Panels of B side by side, the last one filled up with zeros. Row by row, because B's rows may
/// lie pages apart.
static void NAME(pack_columns)(
    ptrdiff_t depth, ptrdiff_t columns, const ELEMENT *b, ptrdiff_t b_step, ptrdiff_t b_column,
    ELEMENT *panels) {
    for (ptrdiff_t p = 0; p < depth; p++) {
        const ELEMENT *row = b + p * b_step;
        ELEMENT *to = panels + p * NAME(PANEL);
        for (ptrdiff_t j = 0; j < columns; j += NAME(PANEL), to += NAME(PANEL) * depth) {
            if (columns - j >= NAME(PANEL) && b_column == 1) {
                memcpy(to, row + j, NAME(PANEL) * sizeof(ELEMENT));
                continue;
            }
            for (ptrdiff_t q = 0; q < NAME(PANEL); q++)
                to[q] = j + q < columns ? row[(j + q) * b_column] : 0;
        }
    }
}

/// Slivers of A: the factors of one depth side by side, the last sliver filled up with zeros.
static void NAME(pack_slivers)(
    ptrdiff_t rows, ptrdiff_t depth, const ELEMENT *a, ptrdiff_t a_row, ptrdiff_t a_step,
    ELEMENT *packed) {
    enum { STEP = 16 };
    for (ptrdiff_t first = 0; first < rows; first += TILE_ROWS, packed += TILE_ROWS * depth) {
        const ELEMENT *from = a + first * a_row;
        ptrdiff_t count = rows - first < TILE_ROWS ? rows - first : TILE_ROWS;
        if (count < TILE_ROWS) memset(packed, 0, (size_t)(TILE_ROWS * depth) * sizeof(ELEMENT));
        if (a_row == 1 && count == TILE_ROWS) {
            for (ptrdiff_t p = 0; p < depth; p++)
                memcpy(packed + p * TILE_ROWS, from + p * a_step, TILE_ROWS * sizeof(ELEMENT));
            continue;
        }
        for (ptrdiff_t p = 0; p < depth; p += STEP) {
            ptrdiff_t last = depth - p < STEP ? depth : p + STEP;
            for (ptrdiff_t row = 0; row < count; row++)
                for (ptrdiff_t q = p; q < last; q++)
                    packed[q * TILE_ROWS + row] = from[row * a_row + q * a_step];
        }
    }
}

/// One sliver of A against all panels of a block of B.
static void NAME(sliver_times_panels)(
    ptrdiff_t rows, ptrdiff_t columns, ptrdiff_t depth, const ELEMENT *sliver,
    const ELEMENT *panels, ELEMENT *c, ptrdiff_t c_row, int accumulate) {
    for (ptrdiff_t j = 0; j < columns; j += NAME(PANEL)) {
        ptrdiff_t wide = columns - j < NAME(PANEL) ? columns - j : NAME(PANEL);
        if (rows == TILE_ROWS && wide == NAME(PANEL))
            NAME(full_tile)(depth, sliver, panels + j * depth, c + j, c_row, accumulate);
        else
            NAME(edge_tile)(
                rows, wide, depth, sliver, panels + j * depth, c + j, c_row, accumulate);
    }
}

static void NAME(blocked)(const PRODUCT *product, ELEMENT *workspace) {
    ELEMENT *panels = workspace, *slivers = workspace + COLUMN_BLOCK * DEPTH_BLOCK;
    for (ptrdiff_t i = 0; i < product->rows; i += ROW_BLOCK) {
        ptrdiff_t height = product->rows - i < ROW_BLOCK ? product->rows - i : ROW_BLOCK;
        for (ptrdiff_t p = 0; p < product->depth; p += DEPTH_BLOCK) {
            ptrdiff_t deep = product->depth - p < DEPTH_BLOCK ? product->depth - p : DEPTH_BLOCK;
            NAME(pack_slivers)(
                height, deep, product->a + i * product->a_row + p * product->a_step,
                product->a_row, product->a_step, slivers);
            for (ptrdiff_t j = 0; j < product->columns; j += COLUMN_BLOCK) {
                ptrdiff_t wide =
                    product->columns - j < COLUMN_BLOCK ? product->columns - j : COLUMN_BLOCK;
                NAME(pack_columns)(
                    deep, wide, product->b + p * product->b_step + j * product->b_column,
                    product->b_step, product->b_column, panels);
                for (ptrdiff_t row = 0; row < height; row += TILE_ROWS)
                    NAME(sliver_times_panels)(
                        height - row < TILE_ROWS ? height - row : TILE_ROWS, wide, deep,
                        slivers + row * deep, panels,
                        product->c + (i + row) * product->c_row + j, product->c_row,
                        product->accumulate || p > 0);
            }
        }
    }
}
