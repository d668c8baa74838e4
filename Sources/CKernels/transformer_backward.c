// The backward pass, layer by layer in two steps: first what flows back through each sequence,
// split by sequence; then each weight's gradient over all sequences, split by the weight's outputs.
#include <string.h>
#include "transformer_pass.h"

/// dA = dC B^T for C = A B with B stored [depth of A, columns of C].
static void multiply_transposed(
    const struct pass *pass, ptrdiff_t rows, ptrdiff_t inputs, ptrdiff_t outputs, const float *dc,
    const float *b, float *da, float *packing) {
    pass->kernels->gemm(
        &(struct althing_product){
            .rows = rows, .columns = inputs, .depth = outputs,
            .a = dc, .a_row = outputs, .a_step = 1,
            .b = b, .b_step = 1, .b_column = outputs,
            .c = da, .c_row = inputs},
        packing);
}

/// A part's rows of dB = A^T dC.
static void weight_gradient(
    const struct pass *pass, ptrdiff_t inputs, ptrdiff_t outputs, const float *a, const float *dc,
    float *db, int part, int parts, float *packing) {
    ptrdiff_t first = part_start((int)inputs, 12, part, parts);
    ptrdiff_t last = part_start((int)inputs, 12, part + 1, parts);
    if (first == last) return;
    pass->kernels->gemm(
        &(struct althing_product){
            .rows = last - first, .columns = outputs,
            .depth = (ptrdiff_t)pass->batch * pass->shape.context,
            .a = a + first, .a_row = 1, .a_step = inputs,
            .b = dc, .b_step = outputs, .b_column = 1,
            .c = db + first * outputs, .c_row = outputs},
        packing);
}

static void norm_weight_gradient(
    const struct pass *pass, const float *dy, const float *statistics, const float *x,
    float *gradient, int part, int parts) {
    int width = pass->shape.width;
    pass->kernels->layer_norm_weight_gradient(
        pass->batch * pass->shape.context, width, part_start(width, 16, part, parts),
        part_start(width, 16, part + 1, parts), dy, statistics, x, gradient);
}

/// The three buffers that hold the gradient of a layer's output, middle and input.
struct flow {
    float *output, *middle, *input;
};

static struct flow flow_of(const struct pass *pass) {
    float *const *flow = pass->activations.flow;
    int turn = pass->shape.layers - 1 - pass->layer;
    // The input's gradient is the output's gradient of the layer below: two steps round the ring.
    return (struct flow){
        flow[2 * turn % 3], flow[(2 * turn + 1) % 3], flow[(2 * turn + 2) % 3]};
}

// MARK: The head

static void head_flow_part(const void *context, int part, int parts) {
    const struct pass *pass = context;
    const struct activations *all = &pass->activations;
    ptrdiff_t width = pass->shape.width, vocabulary = pass->shape.vocabulary;
    ptrdiff_t first = (ptrdiff_t)part_start(pass->batch, 1, part, parts) * pass->shape.context;
    ptrdiff_t last = (ptrdiff_t)part_start(pass->batch, 1, part + 1, parts) * pass->shape.context;
    ptrdiff_t rows = last - first, at = first * width;
    if (rows == 0) return;
    multiply(
        pass, rows, width, vocabulary, all->logits + first * vocabulary,
        pass->weights.token_embedding, all->norm1_gradient + at, 0, all->packing[part]);
    memset(all->flow[1] + at, 0, (size_t)(rows * width) * sizeof(float));
    pass->kernels->layer_norm_input_gradient(
        (int)rows, (int)width, all->norm1_gradient + at, all->final_statistics + 2 * first,
        all->output + at, pass->weights.final_norm, all->flow[1] + at, all->flow[0] + at);
}

static void head_weights_part(const void *context, int part, int parts) {
    const struct pass *pass = context;
    const struct activations *all = &pass->activations;
    weight_gradient(
        pass, pass->shape.vocabulary, pass->shape.width, all->logits, all->final_norm,
        pass->gradients.token_embedding, part, parts, all->packing[part]);
    norm_weight_gradient(
        pass, all->norm1_gradient, all->final_statistics, all->output, pass->gradients.final_norm,
        part, parts);
}

// MARK: One layer

static void layer_flow_part(const void *context, int part, int parts) {
    const struct pass *pass = context;
    const struct activations *all = &pass->activations;
    const struct layer_weights *weights = &pass->weights.layers[pass->layer];
    const struct layer_activations *layer = &all->layers[pass->layer];
    struct flow flow = flow_of(pass);
    int first_sequence = part_start(pass->batch, 1, part, parts);
    int last_sequence = part_start(pass->batch, 1, part + 1, parts);
    ptrdiff_t width = pass->shape.width, first = (ptrdiff_t)first_sequence * pass->shape.context;
    ptrdiff_t rows = (ptrdiff_t)(last_sequence - first_sequence) * pass->shape.context;
    ptrdiff_t at = first * width;
    float *packing = all->packing[part];
    if (rows == 0) return;
    multiply_transposed(
        pass, rows, 4 * width, width, flow.output + at, weights->contraction,
        all->hidden_gradient + 4 * at, packing);
    pass->kernels->gelu_gradient(
        (size_t)(rows * 4 * width), layer->hidden + 4 * at, all->hidden_gradient + 4 * at);
    multiply_transposed(
        pass, rows, width, 4 * width, all->hidden_gradient + 4 * at, weights->expansion,
        all->norm2_gradient + at, packing);
    pass->kernels->layer_norm_input_gradient(
        (int)rows, (int)width, all->norm2_gradient + at, layer->statistics2 + 2 * first,
        layer->middle + at, weights->norm2, flow.output + at, flow.middle + at);
    multiply_transposed(
        pass, rows, width, width, flow.middle + at, weights->output, all->mixed_gradient + at,
        packing);
    for (int sequence = first_sequence; sequence < last_sequence; sequence++)
        for (int number = 0; number < pass->shape.heads; number++) {
            struct head head = head_at(
                pass, layer->query_key_value, layer->probabilities, layer->mixed, sequence, number);
            struct head gradient = head_at(
                pass, all->query_key_value_gradient, NULL, all->mixed_gradient, sequence, number);
            attention_backward(pass->kernels, &head, &gradient, all->scores[part], packing);
        }
    multiply_transposed(
        pass, rows, width, 3 * width, all->query_key_value_gradient + 3 * at,
        weights->query_key_value, all->norm1_gradient + at, packing);
    pass->kernels->layer_norm_input_gradient(
        (int)rows, (int)width, all->norm1_gradient + at, layer->statistics1 + 2 * first,
        layer->input + at, weights->norm1, flow.middle + at, flow.input + at);
}

static void layer_weights_part(const void *context, int part, int parts) {
    const struct pass *pass = context;
    const struct activations *all = &pass->activations;
    const struct layer_weights *gradients = &pass->gradients.layers[pass->layer];
    const struct layer_activations *layer = &all->layers[pass->layer];
    struct flow flow = flow_of(pass);
    ptrdiff_t width = pass->shape.width;
    float *packing = all->packing[part];
    weight_gradient(
        pass, 4 * width, width, layer->active, flow.output, gradients->contraction, part, parts,
        packing);
    weight_gradient(
        pass, width, 4 * width, layer->norm2, all->hidden_gradient, gradients->expansion, part,
        parts, packing);
    weight_gradient(
        pass, width, width, layer->mixed, flow.middle, gradients->output, part, parts, packing);
    weight_gradient(
        pass, width, 3 * width, layer->norm1, all->query_key_value_gradient,
        gradients->query_key_value, part, parts, packing);
    norm_weight_gradient(
        pass, all->norm2_gradient, layer->statistics2, layer->middle, gradients->norm2, part,
        parts);
    norm_weight_gradient(
        pass, all->norm1_gradient, layer->statistics1, layer->input, gradients->norm1, part, parts);
}

// MARK: The embeddings

static void embedding_part(const void *context, int part, int parts) {
    const struct pass *pass = context;
    int width = pass->shape.width;
    int first = part_start(width, 16, part, parts), last = part_start(width, 16, part + 1, parts);
    for (int position = 0; position < pass->shape.context; position++)
        for (int i = first; i < last; i++)
            pass->gradients.position_embedding[(ptrdiff_t)position * width + i] = 0.0f;
    pass->kernels->embed_gradient(
        pass->batch * pass->shape.context, width, pass->shape.context, first, last,
        flow_of(pass).input, pass->tokens, pass->gradients.token_embedding,
        pass->gradients.position_embedding);
}

void backward(struct pass *pass, int threads) {
    run_parts(threads, head_flow_part, pass);
    run_parts(threads, head_weights_part, pass);
    for (pass->layer = pass->shape.layers - 1; pass->layer >= 0; pass->layer--) {
        run_parts(threads, layer_flow_part, pass);
        run_parts(threads, layer_weights_part, pass);
    }
    pass->layer = 0;
    run_parts(threads, embedding_part, pass);
}

void althing_gradient(
    const struct althing_shape *shape, const float *parameters, const uint8_t *tokens,
    const uint8_t *targets, int batch, float *losses, float *gradient, float *workspace,
    int threads) {
    struct pass pass = {
        .kernels = althing_kernels(), .shape = *shape, .batch = batch, .tokens = tokens,
        .targets = targets, .losses = losses,
        .scale = 1.0f / (float)(batch * shape->context)};
    weights_locate(&pass.weights, shape, (float *)parameters);
    weights_locate(&pass.gradients, shape, gradient);
    activations_locate(&pass.activations, shape, batch, threads, 1, workspace);
    run_parts(threads, forward_part, &pass);
    backward(&pass, threads);
}
