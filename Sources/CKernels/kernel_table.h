#pragma once
// One row of kernels for each instruction set, and the row in use.
#include "include/delta.h"
#include "include/gemm.h"
#include "include/products.h"
#include "include/transformer.h"
#include "team_format.h"

struct kernel_table {
    void (*gemm)(const struct althing_product *product, float *workspace);
    void (*gemm_double)(const struct althing_product_double *product, double *workspace);
    /// The same two for several threads.
    const struct team_format *team_single, *team_double;

    /// y = (x - mean) / deviation * weight, row by row; keeps mean and 1 / deviation in
    /// `statistics`.
    void (*layer_norm)(
        int rows, int width, const float *x, const float *weight, float *y, float *statistics);
    /// dx = skip + the gradient through the norm.
    void (*layer_norm_input_gradient)(
        int rows, int width, const float *dy, const float *statistics, const float *x,
        const float *weight, const float *skip, float *dx);
    /// The gradient of the weight's columns `first ..< last`.
    void (*layer_norm_weight_gradient)(
        int rows, int width, int first, int last, const float *dy, const float *statistics,
        const float *x, float *weight_gradient);

    /// Softmax of scale * row(j) - slope * (valid - 1 - j) over the first `valid` scores j; zeros
    /// up to `padded`.
    void (*softmax)(float *row, int valid, int padded, float scale, float slope);
    /// Turns the gradient of a softmax's row into the gradient of its scores.
    void (*softmax_gradient)(const float *row, float *gradient, int padded, float scale);
    void (*gelu)(size_t count, const float *x, float *y);
    /// gradient *= gelu'(x)
    void (*gelu_gradient)(size_t count, const float *x, float *gradient);
    /// Losses from logits; with `scale` not zero the logits become scale * their gradient.
    void (*cross_entropy)(
        int rows, int vocabulary, float *logits, const uint8_t *targets, float *losses,
        float scale);
    /// x(row) = token embedding + position embedding.
    void (*embed)(
        int rows, int width, int context, const float *token_embedding,
        const float *position_embedding, const uint8_t *tokens, float *x);
    /// Adds the columns `first ..< last` of dx to both embeddings' gradients.
    void (*embed_gradient)(
        int rows, int width, int context, int first, int last, const float *dx,
        const uint8_t *tokens, float *token_gradient, float *position_gradient);

    float (*sum_of_squares)(size_t count, const float *x);
    /// `clip` multiplies the gradient first.
    void (*adamw)(
        const struct althing_adamw *step, float clip, size_t count, float *parameters,
        const float *gradient, float *first_moment, float *second_moment);

    void (*fma_chain)(float *x, const float *c, size_t count, uint64_t steps);

    int (*quantise)(const float *from, const float *to, size_t count, int bits, uint8_t *bytes);
    void (*expand)(const uint8_t *bytes, size_t count, int bits, float *values);
    float (*delta_norm)(const uint8_t *bytes, size_t count, int bits);
    void (*aggregate)(
        const uint8_t *const *bytes, const float *factors, int deltas, int trim, size_t count,
        int bits, float *mean);
    void (*outer_step)(
        float *parameters, float *momentum, const float *mean, size_t count, float rate,
        float decay);
};

extern const struct kernel_table althing_kernels_baseline;
#if defined(__x86_64__)
extern const struct kernel_table althing_kernels_avx2;
extern const struct kernel_table althing_kernels_avx512;
#endif

/// The row in use.
const struct kernel_table *althing_kernels(void);
