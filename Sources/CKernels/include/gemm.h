#pragma once
// Matrix products whose every element is one chain of fused multiply-adds in rising depth, so that
// the result does not depend on tiling, threads, the number of rows, or the instruction set.
#include <stddef.h>

/// C = A B, or C += A B: `rows` x `depth` times `depth` x `columns`, with any strides for A and B.
///
/// A(i, p) is `a[i * a_row + p * a_step]`, B(p, j) is `b[p * b_step + j * b_column]`, and C(i, j)
/// is `c[i * c_row + j]`. C must not overlap A or B, and the depth is at least 1.
struct althing_product {
    ptrdiff_t rows, columns, depth;
    const float *a;
    ptrdiff_t a_row, a_step;
    const float *b;
    ptrdiff_t b_step, b_column;
    float *c;
    ptrdiff_t c_row;
    /// Zero to overwrite C, anything else to add to it.
    int accumulate;
};

/// How many floats of workspace, aligned to 64 bytes, one product of any size needs.
size_t althing_gemm_workspace(void);

/// Computes one product on the calling thread.
void althing_gemm(const struct althing_product *product, float *workspace);
