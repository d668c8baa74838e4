#pragma once
// One pass over a batch: what every part of the work reads.
#include "attention.h"
#include "include/parallel.h"
#include "transformer_layout.h"

struct pass {
    const struct kernel_table *kernels;
    struct althing_shape shape;
    int batch;
    struct weights weights, gradients;
    struct activations activations;
    const uint8_t *tokens, *targets;
    float *losses;
    /// What one target's loss weighs in the gradient; zero when no gradient is wanted.
    float scale;
    /// The layer that a part of the backward pass works on.
    int layer;
};

/// The slices of one head in one sequence of a [rows, 3 width] buffer.
static inline struct head head_at(
    const struct pass *pass, float *query_key_value, float *probabilities, float *mixed,
    int sequence, int head) {
    ptrdiff_t context = pass->shape.context, width = pass->shape.width;
    ptrdiff_t size = width / pass->shape.heads, row = sequence * context;
    float *query = query_key_value + row * 3 * width + head * size;
    return (struct head){
        .context = (int)context, .size = (int)size,
        .slope = attention_slope(head, pass->shape.heads),
        .stride = 3 * width, .mixed_stride = width,
        .query = query, .key = query + width, .value = query + 2 * width,
        .probabilities = probabilities == NULL
            ? NULL
            : probabilities + (sequence * pass->shape.heads + head) * context * context,
        .mixed = mixed + row * width + head * size};
}

/// C = A B or C += A B for row-major matrices without gaps.
static inline void multiply(
    const struct pass *pass, ptrdiff_t rows, ptrdiff_t columns, ptrdiff_t depth, const float *a,
    const float *b, float *c, int accumulate, float *packing) {
    pass->kernels->gemm(
        &(struct althing_product){
            .rows = rows, .columns = columns, .depth = depth,
            .a = a, .a_row = depth, .a_step = 1,
            .b = b, .b_step = columns, .b_column = 1,
            .c = c, .c_row = columns, .accumulate = accumulate},
        packing);
}

/// Where part `part` of `parts` begins in a range of `count`, as a multiple of `grain`.
static inline int part_start(int count, int grain, int part, int parts) {
    int grains = (count + grain - 1) / grain;
    int start = (int)((long)grains * part / parts) * grain;
    return start < count ? start : count;
}

/// One part for every thread; at most PARALLEL_LIMIT have memory of their own.
static inline void run_parts(int threads, parallel_body body, const struct pass *pass) {
    const int parts = threads < 1 ? 1 : threads < PARALLEL_LIMIT ? threads : PARALLEL_LIMIT;
    parallel_run(parts, parts, body, pass);
}

/// The forward pass of one part's sequences.
void forward_part(const void *pass, int part, int parts);

/// The backward pass, after every part's forward pass.
void backward(struct pass *pass, int threads);
