#pragma once
// Where each tensor lies in the parameters, and each activation in the workspace.
#include "include/gemm.h"
#include "include/transformer.h"
#include "kernel_table.h"

enum { LAYER_LIMIT = 64 };

/// One layer's weights, or their gradients.
struct layer_weights {
    float *norm1, *query_key_value, *output, *norm2, *expansion, *contraction;
};

/// All weights, or their gradients.
struct weights {
    float *token_embedding, *position_embedding, *final_norm;
    struct layer_weights layers[LAYER_LIMIT];
};

/// Points into a row of parameters; returns how many floats it has.
size_t weights_locate(struct weights *weights, const struct althing_shape *shape, float *row);

/// What the forward pass leaves for the backward pass, one layer.
struct layer_activations {
    float *input, *norm1, *statistics1, *query_key_value, *probabilities, *mixed;
    float *middle, *norm2, *statistics2, *hidden, *active;
};

/// The whole workspace of a pass over `batch` sequences.
struct activations {
    struct layer_activations layers[LAYER_LIMIT];
    float *output, *final_norm, *final_statistics, *logits;
    // The backward pass. A layer's output, middle and input gradients rotate through three buffers.
    float *flow[3];
    float *hidden_gradient, *query_key_value_gradient, *mixed_gradient;
    float *norm1_gradient, *norm2_gradient;
    /// A part's own memory: packed panels, and one head's score gradients.
    float *packing[64], *scores[64];
};

/// Points into a workspace; returns how many floats it needs. Without `for_training` the layers
/// share one set of buffers and there are none for gradients.
size_t activations_locate(
    struct activations *activations, const struct althing_shape *shape, int batch, int threads,
    int for_training, float *workspace);
