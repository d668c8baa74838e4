#pragma once
// Causal attention of one head in one sequence, forward and backward.
#include "kernel_table.h"

/// How much a head's scores fall with each byte of distance (Press, Smith, Lewis: "Train Short,
/// Test Long", 2022): a power of two from 1 down to 1/128, so that from the first step on some
/// heads look near and some look far.
static inline float attention_slope(int head, int heads) {
    return 1.0f / (float)(1 << (8 * head / heads));
}

/// One head's slices: `query`, `key` and `value` have rows `stride` floats apart, `mixed` rows
/// `mixed_stride` apart, `probabilities` rows `context` apart.
struct head {
    int context, size;
    float slope;
    ptrdiff_t stride, mixed_stride;
    float *query, *key, *value, *probabilities, *mixed;
};

/// Fills `probabilities` and `mixed`.
void attention_forward(const struct kernel_table *kernels, const struct head *head, float *packing);

/// Fills the gradient's query, key and value from its `mixed`; `scores` is scratch space of
/// context * context floats.
void attention_backward(
    const struct kernel_table *kernels, const struct head *head, const struct head *gradient,
    float *scores, float *packing);
