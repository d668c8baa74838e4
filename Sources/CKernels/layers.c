// Layers of neural networks, made of the matrix product and the softmax that the language model uses.
#include "include/suite.h"
#include "kernel_table.h"

// Rows taken together: enough of them to pay for packing the keys and values, few enough that little is
// computed above the diagonal.
enum { GROUP = 128 };

size_t althing_attention_workspace(ptrdiff_t context) {
    // The scores of one group of rows, padded to whole groups of columns.
    size_t columns = (size_t)(context + GROUP - 1) / GROUP * GROUP;
    return GROUP * columns + althing_gemm_workspace();
}

void althing_attention_forward(const struct althing_attention *attention, float *workspace) {
    const struct kernel_table *kernels = althing_kernels();
    const ptrdiff_t size = attention->size, stride = attention->stride;
    const float scale = 1.0f / __builtin_elementwise_sqrt((float)size);
    for (ptrdiff_t first = attention->first; first < attention->last; first += GROUP) {
        const ptrdiff_t last =
            first + GROUP < attention->last ? first + GROUP : attention->last;
        const ptrdiff_t padded = (last + GROUP - 1) / GROUP * GROUP;
        float *scores = workspace, *packing = workspace + GROUP * padded;
        kernels->gemm(
            &(struct althing_product){
                .rows = last - first, .columns = last, .depth = size,
                .a = attention->query + first * stride, .a_row = stride, .a_step = 1,
                .b = attention->key, .b_step = 1, .b_column = stride,
                .c = scores, .c_row = padded},
            packing);
        for (ptrdiff_t row = first; row < last; row++)
            kernels->softmax(
                scores + (row - first) * padded, (int)row + 1, (int)padded, scale, 0.0f);
        kernels->gemm(
            &(struct althing_product){
                .rows = last - first, .columns = size, .depth = last,
                .a = scores, .a_row = padded, .a_step = 1,
                .b = attention->value, .b_step = stride, .b_column = 1,
                .c = attention->out + first * stride, .c_row = stride},
            packing);
    }
}

void althing_convolve(const struct althing_convolution *convolution, float *workspace) {
    // The image with its border is one long row of positions, so that moving the window is moving
    // the start: nine products of all positions, the border's included, instead of a copy of every
    // window.
    const ptrdiff_t across = convolution->width + 2;
    const ptrdiff_t positions = convolution->height * across - 2;
    for (int tap = 0; tap < 9; tap++)
        althing_kernels()->gemm(
            &(struct althing_product){
                .rows = positions, .columns = convolution->outputs, .depth = convolution->inputs,
                .a = convolution->in + (tap / 3 * across + tap % 3) * convolution->inputs,
                .a_row = convolution->inputs, .a_step = 1,
                .b = convolution->weights + tap * convolution->inputs * convolution->outputs,
                .b_step = convolution->outputs, .b_column = 1,
                .c = convolution->out, .c_row = convolution->outputs,
                .accumulate = tap > 0},
            workspace);
}
