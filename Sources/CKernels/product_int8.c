// Products of bytes in [-63, 63], exact in 32 bits.
//
// The x86 instructions multiply unsigned by signed bytes, so A is packed as a + 63 and 63 times the
// sums of B's columns are taken away again. Two products of [0, 126] with [-63, 63] fit in 16 bits
// twice over, which lets AVX2 add four of them before it widens.
#include "include/gemm.h"
#include "include/products.h"
#include "include/isa.h"
#include "product_blocks.h"
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

/// Packs `width` columns of B, `GROUP` depths side by side, zeros beyond the ends; then the sums of
/// its columns times -63.
static void pack_panel(
    const struct int8_tile *tile, ptrdiff_t groups, ptrdiff_t depth, ptrdiff_t width,
    const int8_t *b, ptrdiff_t b_step, ptrdiff_t b_column, int8_t *panel, int32_t *offsets) {
    for (ptrdiff_t j = 0; j < tile->columns; j++) offsets[j] = 0;
    if (width < tile->columns || depth < groups * INT8_GROUP)
        memset(panel, 0, (size_t)(groups * tile->columns * INT8_GROUP));
    for (ptrdiff_t p = 0; p < depth; p++) {
        int8_t *to = panel + p / INT8_GROUP * tile->columns * INT8_GROUP + p % INT8_GROUP;
        const int8_t *from = b + p * b_step;
        for (ptrdiff_t j = 0; j < width; j++) {
            to[j * INT8_GROUP] = from[j * b_column];
            offsets[j] -= ALTHING_INT8_LIMIT * from[j * b_column];
        }
    }
}

/// Packs rows of A the same way, as a + 63.
static void pack_rows(
    const struct int8_tile *tile, ptrdiff_t rows, ptrdiff_t groups, ptrdiff_t depth,
    const int8_t *a, ptrdiff_t a_row, ptrdiff_t a_step, uint8_t *packed) {
    for (ptrdiff_t first = 0; first < rows; first += tile->rows) {
        uint8_t *sliver = packed + first * groups * INT8_GROUP;
        ptrdiff_t count = rows - first < tile->rows ? rows - first : tile->rows;
        memset(sliver, 0, (size_t)(tile->rows * groups * INT8_GROUP));
        const int8_t *from = a + first * a_row;
        for (ptrdiff_t p = 0; p < depth; p++) {
            uint8_t *to = sliver + p / INT8_GROUP * tile->rows * INT8_GROUP + p % INT8_GROUP;
            for (ptrdiff_t row = 0; row < count; row++)
                to[row * INT8_GROUP] =
                    (uint8_t)(from[row * a_row + p * a_step] + ALTHING_INT8_LIMIT);
        }
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

/// One block of B, packed in `panels`, under all packed rows.
static void block(
    const struct int8_tile *tile, ptrdiff_t rows, ptrdiff_t columns, ptrdiff_t groups,
    const uint8_t *slivers, const int8_t *panels, const int32_t *offsets, int32_t *c,
    ptrdiff_t c_row, int accumulate) {
    for (ptrdiff_t row = 0; row < rows; row += tile->rows)
        for (ptrdiff_t j = 0; j < columns; j += tile->columns)
            run_tile(
                tile, least(rows - row, tile->rows), least(columns - j, tile->columns), groups,
                slivers + row * groups * INT8_GROUP, panels + j * groups * INT8_GROUP,
                offsets + j, c + row * c_row + j, c_row, accumulate);
}

size_t althing_products_workspace(void) {
    // The largest of the three: bfloat16's two blocks of floats and the product of floats beneath.
    size_t blocks = (size_t)(BFLOAT16_ROW_BLOCK + BFLOAT16_COLUMN_BLOCK) * BFLOAT16_DEPTH_BLOCK;
    size_t floats = sizeof(float) * (blocks + althing_gemm_workspace());
    size_t doubles = sizeof(double) * DOUBLE_DEPTH_BLOCK
        * (DOUBLE_ROW_BLOCK + DOUBLE_COLUMN_BLOCK);
    return floats > doubles ? floats : doubles;
}

void althing_gemm_int8(const struct althing_product_int8 *product, void *workspace) {
    const struct int8_tile *tile = tile_in_use();
    int32_t *offsets = workspace;
    int8_t *panels = (int8_t *)(offsets + INT8_COLUMN_BLOCK);
    uint8_t *slivers = (uint8_t *)panels + INT8_COLUMN_BLOCK * INT8_DEPTH_BLOCK;
    for (ptrdiff_t i = 0; i < product->rows; i += INT8_ROW_BLOCK) {
        ptrdiff_t height = least(product->rows - i, INT8_ROW_BLOCK);
        for (ptrdiff_t p = 0; p < product->depth; p += INT8_DEPTH_BLOCK) {
            ptrdiff_t deep = least(product->depth - p, INT8_DEPTH_BLOCK);
            // An even number of groups: the tiles take two at a time.
            ptrdiff_t groups = (deep + 2 * INT8_GROUP - 1) / (2 * INT8_GROUP) * 2;
            pack_rows(
                tile, height, groups, deep,
                product->a + i * product->a_row + p * product->a_step, product->a_row,
                product->a_step, slivers);
            for (ptrdiff_t j = 0; j < product->columns; j += INT8_COLUMN_BLOCK) {
                ptrdiff_t wide = least(product->columns - j, INT8_COLUMN_BLOCK);
                for (ptrdiff_t q = 0; q < wide; q += tile->columns)
                    pack_panel(
                        tile, groups, deep, least(wide - q, tile->columns),
                        product->b + p * product->b_step + (j + q) * product->b_column,
                        product->b_step, product->b_column, panels + q * groups * INT8_GROUP,
                        offsets + q);
                block(
                    tile, height, wide, groups, slivers, panels, offsets,
                    product->c + i * product->c_row + j, product->c_row, p > 0);
            }
        }
    }
}
