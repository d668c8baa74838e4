// Products of bfloat16 numbers.
//
// With the processor's own instruction: pairs of depths side by side, 12 x 32 sums in registers.
// Without it: blocks of A and B are widened to floats, which is exact, and multiplied as such.
#include "include/products.h"
#include "include/isa.h"
#include "kernel_table.h"
#include "product_blocks.h"
#include <string.h>
#if defined(__x86_64__)
#include <immintrin.h>
#endif

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

static void gemm_native(const struct althing_product_bfloat16 *product, uint16_t *workspace) {
    // Twice as deep and a quarter as wide as the blocks of floats: the same bytes in the caches.
    enum { DEPTH = 2 * BFLOAT16_DEPTH_BLOCK, WIDE = 384 };
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
                for (ptrdiff_t row = 0; row < high; row += ROWS)
                    for (ptrdiff_t q = 0; q < wide; q += COLUMNS)
                        run_tile(
                            least(high - row, ROWS), least(wide - q, COLUMNS), pairs,
                            slivers + row * pairs * 2, panels + q * pairs * 2,
                            product->c + (i + row) * product->c_row + j + q, product->c_row,
                            p > 0);
            }
        }
    }
}
#endif

void althing_gemm_bfloat16(const struct althing_product_bfloat16 *product, void *workspace) {
#if defined(__x86_64__)
    if (althing_kernels_extensions() & ALTHING_EXTENSION_BF16) {
        gemm_native(product, workspace);
        return;
    }
#endif
    gemm_widened(product, workspace);
}
