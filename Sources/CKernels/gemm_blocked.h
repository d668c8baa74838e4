// A large matrix product over packed blocks, written once for float and double. The file that
// includes this one has set
//   ELEMENT        the type of one entry
//   VECTOR_LANES   entries of one register
//   PRODUCT        the struct that describes a product
//   NAME(x)        the name `x` for this type
//   COLUMN_BLOCK, DEPTH_BLOCK, ROW_BLOCK
// and, for both, TILE_ROWS and DEPTH_STEPS, the depths of a tile between two branches.
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

/// One depth of a tile.
INLINE void NAME(tile_step)(
    const ELEMENT *sliver, const ELEMENT *panel, NAME(vector) sum[TILE_ROWS][2]) {
    NAME(vector) left = *(const NAME(vector) *)panel;
    NAME(vector) right = *(const NAME(vector) *)(panel + VECTOR_LANES);
    UNROLLED for (int row = 0; row < TILE_ROWS; row++) {
        NAME(vector) factor = sliver[row] - (NAME(vector)){};
        sum[row][0] = NAME(fused_vector)(factor, left, sum[row][0]);
        sum[row][1] = NAME(fused_vector)(factor, right, sum[row][1]);
    }
}

/// TILE_ROWS x PANEL elements, their sums in registers for the whole depth. `next` is where the tile
/// after this one lies in C.
INLINE void NAME(full_tile)(
    ptrdiff_t depth, const ELEMENT *sliver, const ELEMENT *panel, ELEMENT *c, ptrdiff_t c_row,
    int accumulate, const ELEMENT *next) {
    NAME(vector) sum[TILE_ROWS][2];
    UNROLLED for (int row = 0; row < TILE_ROWS; row++) {
        const ELEMENT *from = c + row * c_row;
        sum[row][0] = sum[row][1] = (NAME(vector)){};
        if (accumulate) {
            sum[row][0] = *(const NAME(loose_vector) *)from;
            sum[row][1] = *(const NAME(loose_vector) *)(from + VECTOR_LANES);
        }
    }
    // The next tile's sums come from far away.
    UNROLLED for (int row = 0; row < TILE_ROWS; row++) __builtin_prefetch(next + row * c_row, 1);
    ptrdiff_t p = 0;
    _Pragma("clang loop unroll(disable)")
    for (; p + DEPTH_STEPS <= depth; p += DEPTH_STEPS) {
        UNROLLED for (int step = 0; step < DEPTH_STEPS; step++) {
            // Eight depths hide the way from the second-level cache.
            __builtin_prefetch(panel + (step + 8) * NAME(PANEL));
            NAME(tile_step)(sliver + step * TILE_ROWS, panel + step * NAME(PANEL), sum);
        }
        sliver += DEPTH_STEPS * TILE_ROWS;
        panel += DEPTH_STEPS * NAME(PANEL);
    }
    _Pragma("clang loop unroll(disable)")
    for (; p < depth; p++, sliver += TILE_ROWS, panel += NAME(PANEL))
        NAME(tile_step)(sliver, panel, sum);
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
    NAME(full_tile)(depth, sliver, panel, buffer, NAME(PANEL), accumulate, buffer);
    for (ptrdiff_t row = 0; row < rows; row++)
        memcpy(c + row * c_row, buffer + row * NAME(PANEL), bytes);
}

/// Panels of B side by side, the last one filled up with zeros. Few rows of B at a time, because they
/// may lie pages apart, and panel by panel, because panels may share the sets of a cache.
static void NAME(pack_columns)(
    ptrdiff_t depth, ptrdiff_t columns, const ELEMENT *b, ptrdiff_t b_step, ptrdiff_t b_column,
    ELEMENT *panels) {
    enum { STEP = 16 };
    for (ptrdiff_t first = 0; first < depth; first += STEP) {
        const ptrdiff_t last = depth - first < STEP ? depth : first + STEP;
        for (ptrdiff_t j = 0; j < columns; j += NAME(PANEL)) {
            ELEMENT *to = panels + j * depth + first * NAME(PANEL);
            const ELEMENT *from = b + first * b_step + j * b_column;
            const ptrdiff_t wide = columns - j < NAME(PANEL) ? columns - j : NAME(PANEL);
            if (wide == NAME(PANEL) && b_column == 1) {
                for (ptrdiff_t p = first; p < last; p++, from += b_step, to += NAME(PANEL))
                    memcpy(to, from, NAME(PANEL) * sizeof(ELEMENT));
                continue;
            }
            for (ptrdiff_t p = first; p < last; p++, from += b_step, to += NAME(PANEL))
                for (ptrdiff_t q = 0; q < NAME(PANEL); q++)
                    to[q] = q < wide ? from[q * b_column] : 0;
        }
    }
}

/// One sliver of A: the factors of each depth side by side, zeros for rows that are not there.
static void NAME(pack_sliver)(
    ptrdiff_t rows, ptrdiff_t depth, const ELEMENT *a, ptrdiff_t a_row, ptrdiff_t a_step,
    ELEMENT *packed) {
    enum { STEP = 16 };
    if (rows < TILE_ROWS) memset(packed, 0, (size_t)(TILE_ROWS * depth) * sizeof(ELEMENT));
    ptrdiff_t p = 0;
#ifdef TRANSPOSE
    if (a_step == 1 && rows == TILE_ROWS)
        for (; p + 8 < depth; p += 8) TRANSPOSE(a + p, a_row, packed + p * TILE_ROWS);
#endif
    for (; p < depth; p += STEP) {
        const ptrdiff_t last = depth - p < STEP ? depth : p + STEP;
        for (ptrdiff_t row = 0; row < rows; row++)
            for (ptrdiff_t q = p; q < last; q++)
                packed[q * TILE_ROWS + row] = a[row * a_row + q * a_step];
    }
}

/// Slivers of A. Where the rows lie side by side (A is given transposed) a few depths at a time, for
/// the reason that pack_columns gives.
static void NAME(pack_slivers)(
    ptrdiff_t rows, ptrdiff_t depth, const ELEMENT *a, ptrdiff_t a_row, ptrdiff_t a_step,
    ELEMENT *packed) {
    enum { STEP = 16 };
    const ptrdiff_t whole = a_row == 1 ? rows / TILE_ROWS * TILE_ROWS : 0;
    for (ptrdiff_t first = 0; whole > 0 && first < depth; first += STEP) {
        const ptrdiff_t last = depth - first < STEP ? depth : first + STEP;
        for (ptrdiff_t row = 0; row < whole; row += TILE_ROWS)
            for (ptrdiff_t p = first; p < last; p++)
                memcpy(
                    packed + row * depth + p * TILE_ROWS, a + row + p * a_step,
                    TILE_ROWS * sizeof(ELEMENT));
    }
    for (ptrdiff_t row = whole; row < rows; row += TILE_ROWS)
        NAME(pack_sliver)(
            rows - row < TILE_ROWS ? rows - row : TILE_ROWS, depth, a + row * a_row, a_row, a_step,
            packed + row * depth);
}

/// One sliver of A against all panels of a block of B. On the way the next sliver, which lies behind
/// this one, is asked for into the second-level cache, a piece with each panel, and with the last
/// panel what C holds below: large matrices have both in memory or nearly so.
static void NAME(sliver_times_panels)(
    ptrdiff_t rows, ptrdiff_t columns, ptrdiff_t depth, const ELEMENT *sliver,
    const ELEMENT *panels, ELEMENT *c, ptrdiff_t c_row, int accumulate) {
    enum { LINE = 64 / sizeof(ELEMENT) };
    const ptrdiff_t count = (columns + NAME(PANEL) - 1) / NAME(PANEL);
    const ptrdiff_t piece = (TILE_ROWS * depth / count + LINE - 1) / LINE * LINE;
    const ELEMENT *ahead = sliver + TILE_ROWS * depth;
    for (ptrdiff_t j = 0; j < columns; j += NAME(PANEL), ahead += piece) {
        ptrdiff_t wide = columns - j < NAME(PANEL) ? columns - j : NAME(PANEL);
        for (ptrdiff_t at = 0; at < piece; at += LINE) __builtin_prefetch(ahead + at, 0, 2);
        if (rows == TILE_ROWS && wide == NAME(PANEL))
            NAME(full_tile)(
                depth, sliver, panels + j * depth, c + j, c_row, accumulate,
                c + (j + NAME(PANEL) < columns ? j + NAME(PANEL) : TILE_ROWS * c_row));
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

// The same work in pieces, for a team.

static ptrdiff_t NAME(line_bytes)(ptrdiff_t deep) { return deep * (ptrdiff_t)sizeof(ELEMENT); }

static void NAME(team_pack_rows)(const void *of, const struct team_piece *piece) {
    const PRODUCT *product = of;
    NAME(pack_slivers)(
        piece->rows, piece->deep,
        product->a + piece->row * product->a_row + piece->depth * product->a_step,
        product->a_row, product->a_step, piece->slivers);
}

static void NAME(team_pack_columns)(const void *of, const struct team_piece *piece) {
    const PRODUCT *product = of;
    NAME(pack_columns)(
        piece->deep, piece->columns,
        product->b + piece->depth * product->b_step + piece->column * product->b_column,
        product->b_step, product->b_column, piece->panels);
}

static void NAME(team_multiply)(const void *of, const struct team_piece *piece) {
    const PRODUCT *product = of;
    const ELEMENT *slivers = piece->slivers;
    ELEMENT *c = product->c + piece->row * product->c_row + piece->column;
    for (ptrdiff_t row = 0; row < piece->rows; row += TILE_ROWS)
        NAME(sliver_times_panels)(
            piece->rows - row < TILE_ROWS ? piece->rows - row : TILE_ROWS, piece->columns,
            piece->deep, slivers + row * piece->deep, piece->panels, c + row * product->c_row,
            product->c_row, product->accumulate || piece->accumulate);
}

/// Defines the format `NAME(team)`, whose product on one thread is `ALONE(product, workspace)`.
#define DEFINE_TEAM_FORMAT(ALONE) \
    static void NAME(alone)(const void *product, void *workspace) { ALONE(product, workspace); } \
    static const struct team_format NAME(team) = { \
        .tile_rows = TILE_ROWS, .tile_columns = NAME(PANEL), .depth_block = DEPTH_BLOCK, \
        .column_block = COLUMN_BLOCK, .line_bytes = NAME(line_bytes), \
        .pack_rows = NAME(team_pack_rows), .pack_columns = NAME(team_pack_columns), \
        .multiply = NAME(team_multiply), .alone = NAME(alone)};
