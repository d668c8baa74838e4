// Products of bytes in [-63, 63], exact in 32 bits.
//
// The x86 instructions multiply unsigned by signed bytes, so A is packed as a + 63 and 63 times the
// sums of B's columns are taken away again. Two products of [0, 126] with [-63, 63] fit in 16 bits
// twice over, which lets AVX2 add four of them before it widens.
#include "include/gemm.h"
#include "include/products.h"
#include "include/isa.h"
#include "product_blocks.h"
#include "product_formats.h"
#include "product_int8.h"
#include <string.h>

static const struct int8_tile *tile_in_use(void) {
#if defined(__x86_64__)
    if (althing_kernels_extensions() & ALTHING_EXTENSION_VNNI) return &int8_tile_vnni;
    if (althing_kernels_isa() >= ALTHING_ISA_AVX512) return &int8_tile_avx512;
    if (althing_kernels_isa() >= ALTHING_ISA_AVX2) return &int8_tile_avx2;
#endif
    return &int8_tile_plain;
}

typedef int8_t Bytes16 __attribute__((vector_size(16)));
typedef int16_t Shorts16 __attribute__((vector_size(32)));
typedef int32_t Quads4 __attribute__((vector_size(16)));

enum {
    /// Columns or depths that a vector has of one row.
    VECTOR = 16,
    /// Groups packed at a time: their rows fit in the first-level cache, and the sums of their columns
    /// in 16 bits.
    SUMMED_GROUPS = 4,
};

static inline Bytes16 load_bytes(const int8_t *from) {
    Bytes16 bytes;
    memcpy(&bytes, from, sizeof bytes);
    return bytes;
}

/// Sixteen columns of four rows: four bytes of each column side by side.
static inline void interleave(const Bytes16 row[4], void *to) {
#define LOW(a, b) \
    __builtin_shufflevector(a, b, 0, 16, 1, 17, 2, 18, 3, 19, 4, 20, 5, 21, 6, 22, 7, 23)
#define HIGH(a, b) \
    __builtin_shufflevector(a, b, 8, 24, 9, 25, 10, 26, 11, 27, 12, 28, 13, 29, 14, 30, 15, 31)
#define LOW_PAIRS(a, b) \
    __builtin_shufflevector(a, b, 0, 1, 16, 17, 2, 3, 18, 19, 4, 5, 20, 21, 6, 7, 22, 23)
#define HIGH_PAIRS(a, b) \
    __builtin_shufflevector(a, b, 8, 9, 24, 25, 10, 11, 26, 27, 12, 13, 28, 29, 14, 15, 30, 31)
    const Bytes16 low0 = LOW(row[0], row[1]), high0 = HIGH(row[0], row[1]);
    const Bytes16 low1 = LOW(row[2], row[3]), high1 = HIGH(row[2], row[3]);
    const Bytes16 columns[4] = {
        LOW_PAIRS(low0, low1), HIGH_PAIRS(low0, low1), LOW_PAIRS(high0, high1),
        HIGH_PAIRS(high0, high1)};
    memcpy(to, columns, sizeof columns);
#undef LOW
#undef HIGH
#undef LOW_PAIRS
#undef HIGH_PAIRS
}

/// Packs sixteen columns of a few groups of B, and takes 63 times their sums from the offsets.
static void pack_columns(
    ptrdiff_t groups, const int8_t *b, ptrdiff_t b_step, int8_t *panel, ptrdiff_t stride,
    int32_t *offsets) {
    Shorts16 sum = {0};
    for (ptrdiff_t group = 0; group < groups; group++) {
        const int8_t *from = b + group * INT8_GROUP * b_step;
        Bytes16 row[4];
        for (int step = 0; step < 4; step++) row[step] = load_bytes(from + step * b_step);
        interleave(row, panel + group * stride);
        for (int step = 0; step < 4; step++) sum += __builtin_convertvector(row[step], Shorts16);
    }
    for (int j = 0; j < VECTOR; j++) offsets[j] -= ALTHING_INT8_LIMIT * sum[j];
}

/// Packs `width` columns of B from depth `packed` (a multiple of GROUP) on, an entry at a time, zeros
/// beyond the ends.
static void pack_panel(
    const struct int8_tile *tile, ptrdiff_t groups, ptrdiff_t packed, ptrdiff_t depth,
    ptrdiff_t width, const int8_t *b, ptrdiff_t b_step, ptrdiff_t b_column, int8_t *panel,
    int32_t *offsets) {
    const ptrdiff_t stride = tile->columns * INT8_GROUP;
    memset(
        panel + packed / INT8_GROUP * stride, 0,
        (size_t)((groups - packed / INT8_GROUP) * stride));
    for (ptrdiff_t p = packed; p < depth; p++) {
        int8_t *to = panel + p / INT8_GROUP * stride + p % INT8_GROUP;
        const int8_t *from = b + p * b_step;
        for (ptrdiff_t j = 0; j < width; j++) {
            to[j * INT8_GROUP] = from[j * b_column];
            offsets[j] -= ALTHING_INT8_LIMIT * from[j * b_column];
        }
    }
}

/// Packs a block of B in panels, `GROUP` depths side by side, and the sums of its columns times -63.
/// Few rows at a time, across all panels, because rows may lie pages apart and share the sets of a
/// cache.
static void pack_block(
    const struct int8_tile *tile, ptrdiff_t groups, ptrdiff_t depth, ptrdiff_t columns,
    const int8_t *b, ptrdiff_t b_step, ptrdiff_t b_column, int8_t *panels, int32_t *offsets) {
    const ptrdiff_t width = tile->columns, stride = width * INT8_GROUP;
    const int is_wide = b_column == 1 && width % VECTOR == 0;
    const ptrdiff_t whole = is_wide ? columns / width * width : 0, last = depth / INT8_GROUP;
    for (ptrdiff_t j = 0; j < (columns + width - 1) / width * width; j++) offsets[j] = 0;
    for (ptrdiff_t first = 0; whole > 0 && first < last; first += SUMMED_GROUPS) {
        const ptrdiff_t count = last - first < SUMMED_GROUPS ? last - first : SUMMED_GROUPS;
        for (ptrdiff_t j = 0; j < whole; j += VECTOR)
            pack_columns(
                count, b + first * INT8_GROUP * b_step + j, b_step,
                panels + j / width * groups * stride + first * stride + j % width * INT8_GROUP,
                stride, offsets + j);
    }
    for (ptrdiff_t j = 0; j < columns; j += width)
        pack_panel(
            tile, groups, j < whole ? last * INT8_GROUP : 0, depth,
            columns - j < width ? columns - j : width, b + j * b_column, b_step, b_column,
            panels + j / width * groups * stride, offsets + j);
}

/// Four groups of four rows of A, whose depths lie side by side, as a + 63: each group's quads of
/// all four rows, `stride` apart.
static inline void pack_quads(const int8_t *a, ptrdiff_t a_row, uint8_t *to, ptrdiff_t stride) {
    Quads4 row[4];
    for (int i = 0; i < 4; i++) row[i] = (Quads4)(load_bytes(a + i * a_row) + ALTHING_INT8_LIMIT);
    const Quads4 low0 = __builtin_shufflevector(row[0], row[1], 0, 4, 1, 5);
    const Quads4 high0 = __builtin_shufflevector(row[0], row[1], 2, 6, 3, 7);
    const Quads4 low1 = __builtin_shufflevector(row[2], row[3], 0, 4, 1, 5);
    const Quads4 high1 = __builtin_shufflevector(row[2], row[3], 2, 6, 3, 7);
    const Quads4 group[4] = {
        __builtin_shufflevector(low0, low1, 0, 1, 4, 5),
        __builtin_shufflevector(low0, low1, 2, 3, 6, 7),
        __builtin_shufflevector(high0, high1, 0, 1, 4, 5),
        __builtin_shufflevector(high0, high1, 2, 3, 6, 7)};
    for (int i = 0; i < 4; i++) memcpy(to + i * stride, &group[i], sizeof group[i]);
}

/// Packs one sliver, from depth `packed` (a multiple of GROUP) on, as a + 63.
static void pack_sliver(
    const struct int8_tile *tile, ptrdiff_t count, ptrdiff_t packed, ptrdiff_t depth,
    const int8_t *a, ptrdiff_t a_row, ptrdiff_t a_step, uint8_t *sliver) {
    const ptrdiff_t stride = tile->rows * INT8_GROUP;
    if (a_step == 1 && count == tile->rows && count % 4 == 0) {
        const ptrdiff_t start = packed;
        packed += (depth - packed) / VECTOR * VECTOR;
        for (ptrdiff_t row = 0; row < count; row += 4)
            for (ptrdiff_t p = start; p < packed; p += VECTOR)
                pack_quads(
                    a + row * a_row + p, a_row,
                    sliver + p / INT8_GROUP * stride + row * INT8_GROUP, stride);
    }
    for (ptrdiff_t p = packed; p < depth; p++) {
        uint8_t *to = sliver + p / INT8_GROUP * stride + p % INT8_GROUP;
        for (ptrdiff_t row = 0; row < count; row++)
            to[row * INT8_GROUP] = (uint8_t)(a[row * a_row + p * a_step] + ALTHING_INT8_LIMIT);
    }
}

/// Packs whole slivers of A whose rows lie side by side, sixteen rows of a group at a time, and
/// returns how many rows that was.
static ptrdiff_t pack_transposed(
    const struct int8_tile *tile, ptrdiff_t rows, ptrdiff_t groups, ptrdiff_t whole,
    const int8_t *a, ptrdiff_t a_step, uint8_t *packed) {
    if (tile->rows % 4 != 0) return 0;
    // Whole slivers that are whole vectors too.
    const ptrdiff_t unit = tile->rows % VECTOR == 0 ? tile->rows : 4 * tile->rows;
    const ptrdiff_t end = rows / unit * unit;
    for (ptrdiff_t group = 0; group < whole; group++) {
        const int8_t *from = a + group * INT8_GROUP * a_step;
        for (ptrdiff_t row = 0; row < end; row += VECTOR) {
            Bytes16 lines[4];
            uint8_t quads[4 * VECTOR];
            for (int step = 0; step < 4; step++)
                lines[step] = load_bytes(from + step * a_step + row) + ALTHING_INT8_LIMIT;
            interleave(lines, quads);
            for (int part = 0; part < 4; part++) {
                const ptrdiff_t line = row + 4 * part, within = line % tile->rows;
                memcpy(
                    packed + (line - within) * groups * INT8_GROUP
                        + (group * tile->rows + within) * INT8_GROUP,
                    quads + VECTOR * part, VECTOR);
            }
        }
    }
    return end;
}

/// Packs rows of A the same way, as a + 63.
static void pack_rows(
    const struct int8_tile *tile, ptrdiff_t rows, ptrdiff_t groups, ptrdiff_t depth,
    const int8_t *a, ptrdiff_t a_row, ptrdiff_t a_step, uint8_t *packed) {
    const ptrdiff_t whole = depth / INT8_GROUP;
    const ptrdiff_t transposed =
        a_row == 1 ? pack_transposed(tile, rows, groups, whole, a, a_step, packed) : 0;
    for (ptrdiff_t first = 0; first < rows; first += tile->rows) {
        uint8_t *sliver = packed + first * groups * INT8_GROUP;
        const ptrdiff_t count = rows - first < tile->rows ? rows - first : tile->rows;
        const ptrdiff_t done = first < transposed ? whole * INT8_GROUP : 0;
        // Zeros beyond the ends; what is packed already lies before them.
        const ptrdiff_t clear = count < tile->rows ? 0 : depth / INT8_GROUP;
        memset(
            sliver + clear * tile->rows * INT8_GROUP, 0,
            (size_t)((groups - clear) * tile->rows * INT8_GROUP));
        pack_sliver(tile, count, done, depth, a + first * a_row, a_row, a_step, sliver);
    }
}

/// One tile, through a buffer where only a part of it lies in C.
static void run_tile(
    const struct int8_tile *tile, ptrdiff_t rows, ptrdiff_t columns, ptrdiff_t groups,
    const uint8_t *sliver, const int8_t *panel, const int32_t *offsets, int32_t *c,
    ptrdiff_t c_row, int accumulate) {
    if (rows == tile->rows && columns == tile->columns) {
        tile->run(groups, sliver, panel, offsets, c, c_row, accumulate);
        return;
    }
    int32_t buffer[INT8_TILE_LIMIT] = {0};
    size_t bytes = (size_t)columns * sizeof *c;
    if (accumulate)
        for (ptrdiff_t row = 0; row < rows; row++)
            memcpy(buffer + row * tile->columns, c + row * c_row, bytes);
    tile->run(groups, sliver, panel, offsets, buffer, tile->columns, accumulate);
    for (ptrdiff_t row = 0; row < rows; row++)
        memcpy(c + row * c_row, buffer + row * tile->columns, bytes);
}

static ptrdiff_t least(ptrdiff_t a, ptrdiff_t b) { return a < b ? a : b; }

/// One block of B, packed in `panels`, under all packed rows. On the way the next sliver is asked for
/// into the second-level cache, a piece with each panel.
static void block(
    const struct int8_tile *tile, ptrdiff_t rows, ptrdiff_t columns, ptrdiff_t groups,
    const uint8_t *slivers, const int8_t *panels, const int32_t *offsets, int32_t *c,
    ptrdiff_t c_row, int accumulate) {
    enum { LINE = 64 };
    const ptrdiff_t sliver = tile->rows * groups * INT8_GROUP;
    const ptrdiff_t count = (columns + tile->columns - 1) / tile->columns;
    const ptrdiff_t piece = (sliver / count + LINE - 1) / LINE * LINE;
    for (ptrdiff_t row = 0; row < rows; row += tile->rows) {
        const uint8_t *here = slivers + row * groups * INT8_GROUP, *ahead = here + sliver;
        for (ptrdiff_t j = 0; j < columns; j += tile->columns, ahead += piece) {
            for (ptrdiff_t at = 0; at < piece; at += LINE) __builtin_prefetch(ahead + at, 0, 2);
            run_tile(
                tile, least(rows - row, tile->rows), least(columns - j, tile->columns), groups,
                here, panels + j * groups * INT8_GROUP, offsets + j, c + row * c_row + j, c_row,
                accumulate);
        }
    }
}

size_t althing_products_workspace(void) {
    // The largest of the three; bfloat16's are two blocks of floats and the product of floats beneath.
    size_t blocks = (size_t)BFLOAT16_ROW_BLOCK * BFLOAT16_LINE
        + (size_t)BFLOAT16_COLUMN_BLOCK * BFLOAT16_DEPTH_BLOCK;
    size_t floats = sizeof(float) * (blocks + althing_gemm_workspace());
    size_t doubles = sizeof(double) * DOUBLE_DEPTH_BLOCK
        * (DOUBLE_ROW_BLOCK + DOUBLE_COLUMN_BLOCK);
    // A line of the deepest block may be filled up by two groups; see groups_of.
    size_t bytes = sizeof(int32_t) * INT8_COLUMN_BLOCK
        + (size_t)(INT8_COLUMN_BLOCK + INT8_ROW_BLOCK) * (INT8_DEPTH_BLOCK + 2 * INT8_GROUP);
    size_t most = floats > doubles ? floats : doubles;
    return most > bytes ? most : bytes;
}

/// Groups of `depth` depths: an even number, because the tiles take two at a time, and no multiple of
/// 256, with which all slivers would share the same sets of a cache.
static ptrdiff_t groups_of(ptrdiff_t depth) {
    const ptrdiff_t groups = (depth + 2 * INT8_GROUP - 1) / (2 * INT8_GROUP) * 2;
    return groups % 256 == 0 ? groups + 2 : groups;
}

void althing_gemm_int8(const struct althing_product_int8 *product, void *workspace) {
    const struct int8_tile *tile = tile_in_use();
    // Even blocks: a thin last one would read and write all of C for little work.
    const ptrdiff_t blocks = (product->depth + tile->depth_block - 1) / tile->depth_block;
    const ptrdiff_t unit = 2 * INT8_GROUP, even = (product->depth + blocks - 1) / blocks;
    const ptrdiff_t longest = (even + unit - 1) / unit * unit;
    int32_t *offsets = workspace;
    int8_t *panels = (int8_t *)(offsets + tile->column_block);
    uint8_t *slivers = (uint8_t *)panels + tile->column_block * groups_of(longest) * INT8_GROUP;
    for (ptrdiff_t i = 0; i < product->rows; i += INT8_ROW_BLOCK) {
        ptrdiff_t height = least(product->rows - i, INT8_ROW_BLOCK);
        for (ptrdiff_t p = 0; p < product->depth; p += longest) {
            ptrdiff_t deep = least(product->depth - p, longest);
            ptrdiff_t groups = groups_of(deep);
            pack_rows(
                tile, height, groups, deep,
                product->a + i * product->a_row + p * product->a_step, product->a_row,
                product->a_step, slivers);
            for (ptrdiff_t j = 0; j < product->columns; j += tile->column_block) {
                ptrdiff_t wide = least(product->columns - j, tile->column_block);
                pack_block(
                    tile, groups, deep, wide,
                    product->b + p * product->b_step + j * product->b_column, product->b_step,
                    product->b_column, panels, offsets);
                block(
                    tile, height, wide, groups, slivers, panels, offsets,
                    product->c + i * product->c_row + j, product->c_row, p > 0);
            }
        }
    }
}

static ptrdiff_t line_bytes(ptrdiff_t deep) { return groups_of(deep) * INT8_GROUP; }

static void team_pack_rows(const void *of, const struct team_piece *piece) {
    const struct althing_product_int8 *product = of;
    pack_rows(
        piece->detail, piece->rows, groups_of(piece->deep), piece->deep,
        product->a + piece->row * product->a_row + piece->depth * product->a_step,
        product->a_row, product->a_step, piece->slivers);
}

static void team_pack_columns(const void *of, const struct team_piece *piece) {
    const struct althing_product_int8 *product = of;
    pack_block(
        piece->detail, groups_of(piece->deep), piece->deep, piece->columns,
        product->b + piece->depth * product->b_step + piece->column * product->b_column,
        product->b_step, product->b_column, piece->panels, piece->offsets);
}

static void team_multiply(const void *of, const struct team_piece *piece) {
    const struct althing_product_int8 *product = of;
    block(
        piece->detail, piece->rows, piece->columns, groups_of(piece->deep), piece->slivers,
        piece->panels, piece->offsets,
        product->c + piece->row * product->c_row + piece->column, product->c_row,
        piece->accumulate);
}

static void team_alone(const void *product, void *workspace) {
    althing_gemm_int8(product, workspace);
}

struct team_format team_format_int8(void) {
    const struct int8_tile *tile = tile_in_use();
    return (struct team_format){
        .tile_rows = tile->rows, .tile_columns = tile->columns,
        .depth_block = tile->depth_block, .column_block = tile->column_block,
        .line_bytes = line_bytes, .pack_rows = team_pack_rows,
        .pack_columns = team_pack_columns, .multiply = team_multiply, .alone = team_alone,
        .detail = tile};
}
