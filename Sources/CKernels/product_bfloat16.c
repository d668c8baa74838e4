// Products of bfloat16 numbers.
//
// With the processor's own instruction: pairs of depths side by side, 12 x 32 sums in registers.
// Without it: blocks of A and B are widened to floats, which is exact, and multiplied as such.
#include "include/products.h"
#include "include/isa.h"
#include "kernel_table.h"
#include "product_blocks.h"
#include "product_formats.h"
#include <string.h>
#if defined(__x86_64__)
#include <immintrin.h>
#endif

/// Floats of the deepest sliver or panel of any instruction set.
enum { WIDENED_LIMIT = 32 * BFLOAT16_DEPTH_BLOCK };

static ptrdiff_t least(ptrdiff_t a, ptrdiff_t b) { return a < b ? a : b; }

/// Writes a block as floats, its rows `line` floats apart.
static void widen(
    ptrdiff_t rows, ptrdiff_t columns, const uint16_t *from, ptrdiff_t row_stride,
    ptrdiff_t column_stride, float *to, ptrdiff_t line) {
    for (ptrdiff_t i = 0; i < rows; i++)
        for (ptrdiff_t j = 0; j < columns; j++) {
            uint32_t bits = (uint32_t)from[i * row_stride + j * column_stride] << 16;
            memcpy(to + i * line + j, &bits, sizeof bits);
        }
}

static void gemm_widened(const struct althing_product_bfloat16 *product, float *workspace) {
    float *a = workspace, *b = a + BFLOAT16_ROW_BLOCK * BFLOAT16_LINE;
    float *packing = b + BFLOAT16_COLUMN_BLOCK * BFLOAT16_DEPTH_BLOCK;
    for (ptrdiff_t p = 0; p < product->depth; p += BFLOAT16_DEPTH_BLOCK) {
        ptrdiff_t deep = least(product->depth - p, BFLOAT16_DEPTH_BLOCK);
        for (ptrdiff_t j = 0; j < product->columns; j += BFLOAT16_COLUMN_BLOCK) {
            ptrdiff_t wide = least(product->columns - j, BFLOAT16_COLUMN_BLOCK);
            widen(
                deep, wide, product->b + p * product->b_step + j * product->b_column,
                product->b_step, product->b_column, b, wide);
            for (ptrdiff_t i = 0; i < product->rows; i += BFLOAT16_ROW_BLOCK) {
                ptrdiff_t high = least(product->rows - i, BFLOAT16_ROW_BLOCK);
                widen(
                    high, deep, product->a + i * product->a_row + p * product->a_step,
                    product->a_row, product->a_step, a, BFLOAT16_LINE);
                althing_gemm(
                    &(struct althing_product){
                        .rows = high, .columns = wide, .depth = deep, .a = a,
                        .a_row = BFLOAT16_LINE,
                        .a_step = 1, .b = b, .b_step = wide, .b_column = 1,
                        .c = product->c + i * product->c_row + j, .c_row = product->c_row,
                        .accumulate = p > 0},
                    packing);
            }
        }
    }
}

#if defined(__x86_64__)

enum { ROWS = 12, COLUMNS = 32 };

/// Pairs of depths side by side, `lines` (ROWS or COLUMNS) of them in a strip, zeros beyond.
static void pack(
    ptrdiff_t count, ptrdiff_t lines, ptrdiff_t depth, const uint16_t *from, ptrdiff_t stride,
    ptrdiff_t step, uint16_t *to) {
    ptrdiff_t pairs = (depth + 1) / 2;
    memset(to, 0, (size_t)((count + lines - 1) / lines * lines * pairs * 2) * sizeof *to);
    for (ptrdiff_t p = 0; p < depth; p++) {
        uint16_t *at = to + p / 2 * lines * 2 + p % 2;
        for (ptrdiff_t line = 0; line < count; line++)
            at[line / lines * lines * pairs * 2 + line % lines * 2] =
                from[line * stride + p * step];
    }
}

__attribute__((target("avx512f,avx512bw,avx512bf16"))) static void tile(
    ptrdiff_t pairs, const uint16_t *sliver, const uint16_t *panel, float *c, ptrdiff_t c_row,
    int accumulate) {
    __m512 sum[ROWS][2];
    _Pragma("clang loop unroll(full)") for (int row = 0; row < ROWS; row++)
        for (int half = 0; half < 2; half++)
            sum[row][half] = accumulate ? _mm512_loadu_ps(c + row * c_row + 16 * half)
                                        : _mm512_setzero_ps();
    for (ptrdiff_t p = 0; p < pairs; p++, sliver += 2 * ROWS, panel += 2 * COLUMNS) {
        const __m512bh left = (__m512bh)_mm512_loadu_si512(panel);
        const __m512bh right = (__m512bh)_mm512_loadu_si512(panel + COLUMNS);
        _Pragma("clang loop unroll(full)") for (int row = 0; row < ROWS; row++) {
            int32_t pair;
            memcpy(&pair, sliver + 2 * row, sizeof pair);
            const __m512bh factor = (__m512bh)_mm512_set1_epi32(pair);
            sum[row][0] = _mm512_dpbf16_ps(sum[row][0], factor, left);
            sum[row][1] = _mm512_dpbf16_ps(sum[row][1], factor, right);
        }
    }
    _Pragma("clang loop unroll(full)") for (int row = 0; row < ROWS; row++)
        for (int half = 0; half < 2; half++)
            _mm512_storeu_ps(c + row * c_row + 16 * half, sum[row][half]);
}

/// One tile, through a buffer where only a part of it lies in C.
static void run_tile(
    ptrdiff_t rows, ptrdiff_t columns, ptrdiff_t pairs, const uint16_t *sliver,
    const uint16_t *panel, float *c, ptrdiff_t c_row, int accumulate) {
    if (rows == ROWS && columns == COLUMNS) {
        tile(pairs, sliver, panel, c, c_row, accumulate);
        return;
    }
    float buffer[ROWS * COLUMNS] = {0};
    size_t bytes = (size_t)columns * sizeof *c;
    if (accumulate)
        for (ptrdiff_t row = 0; row < rows; row++)
            memcpy(buffer + row * COLUMNS, c + row * c_row, bytes);
    tile(pairs, sliver, panel, buffer, COLUMNS, accumulate);
    for (ptrdiff_t row = 0; row < rows; row++)
        memcpy(c + row * c_row, buffer + row * COLUMNS, bytes);
}

/// Packed rows against packed columns.
static void run_tiles(
    ptrdiff_t rows, ptrdiff_t columns, ptrdiff_t pairs, const uint16_t *slivers,
    const uint16_t *panels, float *c, ptrdiff_t c_row, int accumulate) {
    for (ptrdiff_t i = 0; i < rows; i += ROWS)
        for (ptrdiff_t j = 0; j < columns; j += COLUMNS)
            run_tile(
                least(rows - i, ROWS), least(columns - j, COLUMNS), pairs,
                slivers + i * pairs * 2, panels + j * pairs * 2, c + i * c_row + j, c_row,
                accumulate);
}

static void gemm_native(const struct althing_product_bfloat16 *product, uint16_t *workspace) {
    enum { DEPTH = BFLOAT16_NATIVE_DEPTH, WIDE = BFLOAT16_NATIVE_WIDE };
    uint16_t *panels = workspace, *slivers = workspace + DEPTH * WIDE;
    for (ptrdiff_t i = 0; i < product->rows; i += BFLOAT16_ROW_BLOCK) {
        ptrdiff_t high = least(product->rows - i, BFLOAT16_ROW_BLOCK);
        for (ptrdiff_t p = 0; p < product->depth; p += DEPTH) {
            ptrdiff_t deep = least(product->depth - p, DEPTH), pairs = (deep + 1) / 2;
            pack(
                high, ROWS, deep, product->a + i * product->a_row + p * product->a_step,
                product->a_row, product->a_step, slivers);
            for (ptrdiff_t j = 0; j < product->columns; j += WIDE) {
                ptrdiff_t wide = least(product->columns - j, WIDE);
                pack(
                    wide, COLUMNS, deep,
                    product->b + p * product->b_step + j * product->b_column,
                    product->b_column, product->b_step, panels);
                run_tiles(
                    high, wide, pairs, slivers, panels, product->c + i * product->c_row + j,
                    product->c_row, p > 0);
            }
        }
    }
}

static ptrdiff_t native_line_bytes(ptrdiff_t deep) { return (deep + 1) / 2 * 4; }

static void native_rows(const void *of, const struct team_piece *piece) {
    const struct althing_product_bfloat16 *product = of;
    pack(
        piece->rows, ROWS, piece->deep,
        product->a + piece->row * product->a_row + piece->depth * product->a_step,
        product->a_row, product->a_step, piece->slivers);
}

static void native_columns(const void *of, const struct team_piece *piece) {
    const struct althing_product_bfloat16 *product = of;
    pack(
        piece->columns, COLUMNS, piece->deep,
        product->b + piece->depth * product->b_step + piece->column * product->b_column,
        product->b_column, product->b_step, piece->panels);
}

static void native_multiply(const void *of, const struct team_piece *piece) {
    const struct althing_product_bfloat16 *product = of;
    run_tiles(
        piece->rows, piece->columns, (piece->deep + 1) / 2, piece->slivers, piece->panels,
        product->c + piece->row * product->c_row + piece->column, product->c_row,
        piece->accumulate);
}
#endif

/// Packs rows as floats, a sliver at a time by way of a buffer.
static void widened_rows(const void *of, const struct team_piece *piece) {
    const struct althing_product_bfloat16 *product = of;
    const struct team_format *floats = piece->detail;
    float buffer[WIDENED_LIMIT];
    for (ptrdiff_t i = 0; i < piece->rows; i += floats->tile_rows) {
        struct team_piece sliver = *piece;
        sliver.row = sliver.depth = 0;
        sliver.rows = least(piece->rows - i, floats->tile_rows);
        sliver.slivers = (float *)piece->slivers + i * piece->deep;
        widen(
            sliver.rows, piece->deep,
            product->a + (piece->row + i) * product->a_row + piece->depth * product->a_step,
            product->a_row, product->a_step, buffer, piece->deep);
        floats->pack_rows(
            &(struct althing_product){.a = buffer, .a_row = piece->deep, .a_step = 1}, &sliver);
    }
}

/// The same for columns and panels.
static void widened_columns(const void *of, const struct team_piece *piece) {
    const struct althing_product_bfloat16 *product = of;
    const struct team_format *floats = piece->detail;
    float buffer[WIDENED_LIMIT];
    for (ptrdiff_t j = 0; j < piece->columns; j += floats->tile_columns) {
        struct team_piece panel = *piece;
        panel.column = panel.depth = 0;
        panel.columns = least(piece->columns - j, floats->tile_columns);
        panel.panels = (float *)piece->panels + j * piece->deep;
        widen(
            piece->deep, panel.columns,
            product->b + piece->depth * product->b_step + (piece->column + j) * product->b_column,
            product->b_step, product->b_column, buffer, panel.columns);
        floats->pack_columns(
            &(struct althing_product){.b = buffer, .b_step = panel.columns, .b_column = 1},
            &panel);
    }
}

static void widened_multiply(const void *of, const struct team_piece *piece) {
    const struct althing_product_bfloat16 *product = of;
    const struct team_format *floats = piece->detail;
    floats->multiply(
        &(struct althing_product){.c = product->c, .c_row = product->c_row}, piece);
}

static void team_alone(const void *product, void *workspace) {
    althing_gemm_bfloat16(product, workspace);
}

struct team_format team_format_bfloat16(void) {
#if defined(__x86_64__)
    if (althing_kernels_extensions() & ALTHING_EXTENSION_BF16)
        return (struct team_format){
            .tile_rows = ROWS, .tile_columns = COLUMNS, .depth_block = BFLOAT16_NATIVE_DEPTH,
            .column_block = BFLOAT16_NATIVE_WIDE, .line_bytes = native_line_bytes,
            .pack_rows = native_rows, .pack_columns = native_columns,
            .multiply = native_multiply, .alone = team_alone};
#endif
    const struct team_format *floats = althing_kernels()->team_single;
    struct team_format format = *floats;
    format.pack_rows = widened_rows;
    format.pack_columns = widened_columns;
    format.multiply = widened_multiply;
    format.alone = team_alone;
    format.detail = floats;
    return format;
}

void althing_gemm_bfloat16(const struct althing_product_bfloat16 *product, void *workspace) {
#if defined(__x86_64__)
    if (althing_kernels_extensions() & ALTHING_EXTENSION_BF16) {
        gemm_native(product, workspace);
        return;
    }
#endif
    gemm_widened(product, workspace);
}
