// The forward pass: from tokens to losses, sequence by sequence independent.
#include <string.h>
#include "transformer_pass.h"

/// The rows of one part: whole sequences.
struct span {
    int first_sequence, last_sequence;
    ptrdiff_t first, rows;
};

static struct span span_of(const struct pass *pass, int part, int parts) {
    int first = part_start(pass->batch, 1, part, parts);
    int last = part_start(pass->batch, 1, part + 1, parts);
    ptrdiff_t context = pass->shape.context;
    return (struct span){first, last, first * context, (last - first) * context};
}

static void attention_block(
    const struct pass *pass, const struct layer_weights *weights,
    const struct layer_activations *layer, struct span span, float *packing) {
    ptrdiff_t width = pass->shape.width, at = span.first * width;
    pass->kernels->layer_norm(
        (int)span.rows, (int)width, layer->input + at, weights->norm1, layer->norm1 + at,
        layer->statistics1 + 2 * span.first);
    multiply(
        pass, span.rows, 3 * width, width, layer->norm1 + at, weights->query_key_value,
        layer->query_key_value + 3 * at, 0, packing);
    for (int sequence = span.first_sequence; sequence < span.last_sequence; sequence++)
        for (int head = 0; head < pass->shape.heads; head++) {
            struct head slices = head_at(
                pass, layer->query_key_value, layer->probabilities, layer->mixed, sequence, head);
            attention_forward(pass->kernels, &slices, packing);
        }
    memcpy(layer->middle + at, layer->input + at, (size_t)(span.rows * width) * sizeof(float));
    multiply(
        pass, span.rows, width, width, layer->mixed + at, weights->output, layer->middle + at, 1,
        packing);
}

static void expansion_block(
    const struct pass *pass, const struct layer_weights *weights,
    const struct layer_activations *layer, float *output, struct span span, float *packing) {
    ptrdiff_t width = pass->shape.width, at = span.first * width;
    pass->kernels->layer_norm(
        (int)span.rows, (int)width, layer->middle + at, weights->norm2, layer->norm2 + at,
        layer->statistics2 + 2 * span.first);
    multiply(
        pass, span.rows, 4 * width, width, layer->norm2 + at, weights->expansion,
        layer->hidden + 4 * at, 0, packing);
    pass->kernels->gelu(
        (size_t)(span.rows * 4 * width), layer->hidden + 4 * at, layer->active + 4 * at);
    memcpy(output + at, layer->middle + at, (size_t)(span.rows * width) * sizeof(float));
    multiply(
        pass, span.rows, width, 4 * width, layer->active + 4 * at, weights->contraction,
        output + at, 1, packing);
}

static void loss_block(const struct pass *pass, struct span span, float *packing) {
    ptrdiff_t width = pass->shape.width, vocabulary = pass->shape.vocabulary;
    ptrdiff_t at = span.first * width;
    const struct activations *all = &pass->activations;
    pass->kernels->layer_norm(
        (int)span.rows, (int)width, all->output + at, pass->weights.final_norm,
        all->final_norm + at, all->final_statistics + 2 * span.first);
    float *logits = all->logits + span.first * vocabulary;
    pass->kernels->gemm(
        &(struct althing_product){
            .rows = span.rows, .columns = vocabulary, .depth = width,
            .a = all->final_norm + at, .a_row = width, .a_step = 1,
            .b = pass->weights.token_embedding, .b_step = 1, .b_column = width,
            .c = logits, .c_row = vocabulary},
        packing);
    pass->kernels->cross_entropy(
        (int)span.rows, (int)vocabulary, logits, pass->targets + span.first,
        pass->losses + span.first, pass->scale);
}

void forward_part(const void *context, int part, int parts) {
    const struct pass *pass = context;
    struct span span = span_of(pass, part, parts);
    if (span.rows == 0) return;
    float *packing = pass->activations.packing[part];
    pass->kernels->embed(
        (int)span.rows, pass->shape.width, pass->shape.context, pass->weights.token_embedding,
        pass->weights.position_embedding, pass->tokens + span.first,
        pass->activations.layers[0].input + span.first * pass->shape.width);
    for (int layer = 0; layer < pass->shape.layers; layer++) {
        const struct layer_activations *own = &pass->activations.layers[layer];
        float *output = layer + 1 < pass->shape.layers ? own[1].input : pass->activations.output;
        attention_block(pass, &pass->weights.layers[layer], own, span, packing);
        expansion_block(pass, &pass->weights.layers[layer], own, output, span, packing);
    }
    loss_block(pass, span, packing);
}

void althing_losses(
    const struct althing_shape *shape, const float *parameters, const uint8_t *tokens,
    const uint8_t *targets, int batch, float *losses, float *workspace, int threads) {
    struct pass pass = {
        .kernels = althing_kernels(), .shape = *shape, .batch = batch, .tokens = tokens,
        .targets = targets, .losses = losses};
    weights_locate(&pass.weights, shape, (float *)parameters);
    activations_locate(&pass.activations, shape, batch, threads, 0, workspace);
    run_parts(threads, forward_part, &pass);
}
