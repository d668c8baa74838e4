// The public face of the matrix products in single and double precision.
#include "include/gemm.h"
#include "include/products.h"
#include "kernel_table.h"
#include "product_blocks.h"

size_t althing_gemm_workspace(void) {
    return SINGLE_PACKED;
}

void althing_gemm(const struct althing_product *product, float *workspace) {
    althing_kernels()->gemm(product, workspace);
}

void althing_gemm_double(const struct althing_product_double *product, void *workspace) {
    althing_kernels()->gemm_double(product, workspace);
}
