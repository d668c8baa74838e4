#pragma once
// Matrix products in the other formats that are scored: double precision, bytes and bfloat16.
//
// As in gemm.h, A(i, p) is `a[i * a_row + p * a_step]`, B(p, j) is `b[p * b_step + j * b_column]`,
// C(i, j) is `c[i * c_row + j]`; C must not overlap A or B, and every size is at least 1. Each
// function computes on the calling thread and needs a workspace of its own, aligned to 64 bytes.
#include <stddef.h>
#include <stdint.h>

/// How many bytes of workspace any of these products needs.
size_t althing_products_workspace(void);

/// C = A B in double precision, or C += A B: each element is one chain of fused multiply-adds in
/// rising depth, so that every instruction set gives the same bits.
struct althing_product_double {
    ptrdiff_t rows, columns, depth;
    const double *a;
    ptrdiff_t a_row, a_step;
    const double *b;
    ptrdiff_t b_step, b_column;
    double *c;
    ptrdiff_t c_row;
    /// Zero to overwrite C, anything else to add to it.
    int accumulate;
};

/// Computes one product in double precision.
void althing_gemm_double(const struct althing_product_double *product, void *workspace);

/// C = A B for entries in [-63, 63], the balanced residues modulo 127, and a depth below 541,000:
/// exact in 32 bits. Entries outside that range give sums that are not the product.
struct althing_product_int8 {
    ptrdiff_t rows, columns, depth;
    const int8_t *a;
    ptrdiff_t a_row, a_step;
    const int8_t *b;
    ptrdiff_t b_step, b_column;
    int32_t *c;
    ptrdiff_t c_row;
};

/// Computes one product of bytes: `vpdpbusd` where the processor has it, pairs of bytes added in
/// 16 bits on other x86 vector units, widening multiply-adds elsewhere.
void althing_gemm_int8(const struct althing_product_int8 *product, void *workspace);

/// The largest magnitude of an entry of `althing_product_int8`.
#define ALTHING_INT8_LIMIT 63

/// C = A B for bfloat16 entries (the upper half of a float), summed in single precision.
///
/// The processor's own instruction sums pairs in an order of its own, so that equal bits on every
/// machine are promised where every sum is exact: whole numbers whose sums stay within 2^24.
struct althing_product_bfloat16 {
    ptrdiff_t rows, columns, depth;
    const uint16_t *a;
    ptrdiff_t a_row, a_step;
    const uint16_t *b;
    ptrdiff_t b_step, b_column;
    float *c;
    ptrdiff_t c_row;
};

/// Computes one product of bfloat16 numbers: `vdpbf16ps` where the processor has it, and single
/// precision multiply-adds elsewhere.
void althing_gemm_bfloat16(const struct althing_product_bfloat16 *product, void *workspace);
