// Lays tensors out one after another; with no memory behind it the same walk counts.
#include "transformer_layout.h"
#include "include/parallel.h"

struct arena {
    float *base;
    size_t used;
};

static float *take(struct arena *arena, size_t count) {
    float *start = arena->base == NULL ? NULL : arena->base + arena->used;
    arena->used += (count + 15) / 16 * 16;
    return start;
}

size_t weights_locate(struct weights *weights, const struct althing_shape *shape, float *row) {
    struct arena arena = {row, 0};
    size_t width = (size_t)shape->width;
    weights->token_embedding = take(&arena, (size_t)shape->vocabulary * width);
    weights->position_embedding = take(&arena, (size_t)shape->context * width);
    for (int layer = 0; layer < shape->layers; layer++) {
        struct layer_weights *own = &weights->layers[layer];
        own->norm1 = take(&arena, width);
        own->query_key_value = take(&arena, 3 * width * width);
        own->output = take(&arena, width * width);
        own->norm2 = take(&arena, width);
        own->expansion = take(&arena, 4 * width * width);
        own->contraction = take(&arena, 4 * width * width);
    }
    weights->final_norm = take(&arena, width);
    return arena.used;
}

static void locate_layer(
    struct layer_activations *layer, const struct althing_shape *shape, size_t rows,
    struct arena *arena) {
    size_t width = (size_t)shape->width;
    layer->norm1 = take(arena, rows * width);
    layer->statistics1 = take(arena, rows * 2);
    layer->query_key_value = take(arena, rows * 3 * width);
    layer->probabilities = take(arena, rows * (size_t)shape->heads * (size_t)shape->context);
    layer->mixed = take(arena, rows * width);
    layer->middle = take(arena, rows * width);
    layer->norm2 = take(arena, rows * width);
    layer->statistics2 = take(arena, rows * 2);
    layer->hidden = take(arena, rows * 4 * width);
    layer->active = take(arena, rows * 4 * width);
}

size_t activations_locate(
    struct activations *activations, const struct althing_shape *shape, int batch, int threads,
    int for_training, float *workspace) {
    struct arena arena = {workspace, 0};
    size_t rows = (size_t)batch * (size_t)shape->context, width = (size_t)shape->width;
    for (int layer = 0; layer < shape->layers; layer++) {
        struct layer_activations *own = &activations->layers[layer];
        if (layer == 0 || for_training)
            locate_layer(own, shape, rows, &arena);
        else
            *own = activations->layers[0];
        // Residual streams never share: one layer's output is the next one's input.
        own->input = for_training || layer < 2 ? take(&arena, rows * width)
                                               : activations->layers[layer - 2].input;
    }
    activations->output = take(&arena, rows * width);
    activations->final_norm = take(&arena, rows * width);
    activations->final_statistics = take(&arena, rows * 2);
    activations->logits = take(&arena, rows * (size_t)shape->vocabulary);
    if (for_training) {
        for (int i = 0; i < 3; i++) activations->flow[i] = take(&arena, rows * width);
        activations->hidden_gradient = take(&arena, rows * 4 * width);
        activations->query_key_value_gradient = take(&arena, rows * 3 * width);
        activations->mixed_gradient = take(&arena, rows * width);
        activations->norm1_gradient = take(&arena, rows * width);
        activations->norm2_gradient = take(&arena, rows * width);
    }
    for (int part = 0; part < threads && part < PARALLEL_LIMIT; part++) {
        activations->packing[part] = take(&arena, althing_gemm_workspace());
        activations->scores[part] =
            take(&arena, (size_t)shape->context * (size_t)shape->context);
    }
    return arena.used;
}

size_t althing_parameter_count(const struct althing_shape *shape) {
    struct weights weights;
    return weights_locate(&weights, shape, NULL);
}

size_t althing_training_workspace(const struct althing_shape *shape, int batch, int threads) {
    struct activations activations;
    return activations_locate(&activations, shape, batch, threads, 1, NULL);
}

size_t althing_evaluation_workspace(const struct althing_shape *shape, int batch, int threads) {
    struct activations activations;
    return activations_locate(&activations, shape, batch, threads, 0, NULL);
}
