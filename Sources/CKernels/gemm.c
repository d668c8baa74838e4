// The public face of the matrix products in single and double precision.
#include "include/gemm.h"
#include "include/products.h"
#include "kernel_table.h"

size_t althing_gemm_workspace(void) {
    // One block of packed columns and one of packed rows, as in gemm_body.h.
    return 384 * 480 + 1536 * 480;
}

void althing_gemm(const struct althing_product *product, float *workspace) {
    althing_kernels()->gemm(product, workspace);
}

void althing_gemm_double(const struct althing_product_double *product, void *workspace) {
    althing_kernels()->gemm_double(product, workspace);
}
