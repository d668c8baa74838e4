#pragma once
// Causal attention of one head in one sequence, forward and backward.
#include "kernel_table.h"

/// One head's slices: `query`, `key` and `value` have rows `stride` floats apart, `mixed` rows
/// `mixed_stride` apart, `probabilities` rows `context` apart.
struct head {
    int context, size;
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
