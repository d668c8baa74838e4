// Decoding with a cache of keys and values. Every row goes through the same chains of operations as
// in training, so a continuation can be re-executed anywhere, in any split of the tokens.
#include <string.h>
#include "attention.h"
#include "transformer_layout.h"

/// The state of one decoder. Keys are stored transposed, [head size, context] a head, so that
/// scores are computed side by side; so is the token embedding, which is also the output layer.
struct decoder {
    float *output_layer;
    float *keys[LAYER_LIMIT], *values[LAYER_LIMIT];
    float *stream, *norm, *statistics, *query_key_value, *mixed, *hidden, *scores;
    float *packing;
};

static float *take(float *base, size_t *used, size_t count) {
    float *start = base == NULL ? NULL : base + *used;
    *used += (count + 15) / 16 * 16;
    return start;
}

static size_t decoder_locate(
    struct decoder *decoder, const struct althing_shape *shape, float *base) {
    size_t used = 0, width = (size_t)shape->width, rows = (size_t)shape->context;
    decoder->output_layer = take(base, &used, width * (size_t)shape->vocabulary);
    for (int layer = 0; layer < shape->layers; layer++) {
        decoder->keys[layer] = take(base, &used, rows * width);
        decoder->values[layer] = take(base, &used, rows * width);
    }
    decoder->stream = take(base, &used, rows * width);
    decoder->norm = take(base, &used, rows * width);
    decoder->statistics = take(base, &used, rows * 2);
    decoder->query_key_value = take(base, &used, rows * 3 * width);
    decoder->mixed = take(base, &used, rows * width);
    decoder->hidden = take(base, &used, rows * 4 * width);
    decoder->scores = take(base, &used, rows);
    decoder->packing = take(base, &used, althing_gemm_workspace());
    return used;
}

size_t althing_decoder_floats(const struct althing_shape *shape) {
    struct decoder decoder;
    return decoder_locate(&decoder, shape, NULL);
}

void althing_decoder_prepare(
    const struct althing_shape *shape, const float *parameters, float *memory) {
    struct decoder decoder;
    struct weights weights;
    memset(memory, 0, decoder_locate(&decoder, shape, memory) * sizeof(float));
    weights_locate(&weights, shape, (float *)parameters);
    for (int token = 0; token < shape->vocabulary; token++)
        for (int i = 0; i < shape->width; i++)
            decoder.output_layer[(ptrdiff_t)i * shape->vocabulary + token] =
                weights.token_embedding[(ptrdiff_t)token * shape->width + i];
}

/// C = A B or C += A B for row-major matrices without gaps.
static void multiply(
    const struct kernel_table *kernels, ptrdiff_t rows, ptrdiff_t columns, ptrdiff_t depth,
    const float *a, const float *b, float *c, int accumulate, float *packing) {
    kernels->gemm(
        &(struct althing_product){
            .rows = rows, .columns = columns, .depth = depth,
            .a = a, .a_row = depth, .a_step = 1,
            .b = b, .b_step = columns, .b_column = 1,
            .c = c, .c_row = columns, .accumulate = accumulate},
        packing);
}

/// One head of one row: scores against the cached keys, softmax, mix of the cached values.
static void attend(
    const struct kernel_table *kernels, const struct althing_shape *shape,
    const struct decoder *decoder, int layer, int head, int row, int position) {
    ptrdiff_t width = shape->width, size = width / shape->heads, context = shape->context;
    int valid = position + 1, padded = (valid + 15) / 16 * 16;
    kernels->gemm(
        &(struct althing_product){
            .rows = 1, .columns = padded, .depth = size,
            .a = decoder->query_key_value + row * 3 * width + head * size, .a_row = size,
            .a_step = 1,
            .b = decoder->keys[layer] + head * size * context, .b_step = context, .b_column = 1,
            .c = decoder->scores, .c_row = context},
        decoder->packing);
    float scale = 1.0f / __builtin_elementwise_sqrt((float)size);
    kernels->softmax(
        decoder->scores, valid, padded, scale, attention_slope(head, shape->heads));
    kernels->gemm(
        &(struct althing_product){
            .rows = 1, .columns = size, .depth = valid,
            .a = decoder->scores, .a_row = context, .a_step = 1,
            .b = decoder->values[layer] + head * size, .b_step = width, .b_column = 1,
            .c = decoder->mixed + row * width + head * size, .c_row = width},
        decoder->packing);
}

static void remember(
    const struct althing_shape *shape, const struct decoder *decoder, int layer, int row,
    int position) {
    ptrdiff_t width = shape->width, context = shape->context;
    const float *key = decoder->query_key_value + row * 3 * width + width;
    for (ptrdiff_t i = 0; i < width; i++)
        decoder->keys[layer][i * context + position] = key[i];
    memcpy(
        decoder->values[layer] + position * width, key + width, (size_t)width * sizeof(float));
}

static void decode_layer(
    const struct kernel_table *kernels, const struct althing_shape *shape,
    const struct decoder *decoder, const struct layer_weights *weights, int layer, int position,
    int count) {
    ptrdiff_t width = shape->width;
    kernels->layer_norm(
        count, (int)width, decoder->stream, weights->norm1, decoder->norm, decoder->statistics);
    multiply(
        kernels, count, 3 * width, width, decoder->norm, weights->query_key_value,
        decoder->query_key_value, 0, decoder->packing);
    for (int row = 0; row < count; row++) {
        remember(shape, decoder, layer, row, position + row);
        for (int head = 0; head < shape->heads; head++)
            attend(kernels, shape, decoder, layer, head, row, position + row);
    }
    multiply(
        kernels, count, width, width, decoder->mixed, weights->output, decoder->stream, 1,
        decoder->packing);
    kernels->layer_norm(
        count, (int)width, decoder->stream, weights->norm2, decoder->norm, decoder->statistics);
    multiply(
        kernels, count, 4 * width, width, decoder->norm, weights->expansion, decoder->hidden, 0,
        decoder->packing);
    kernels->gelu((size_t)(count * 4 * width), decoder->hidden, decoder->hidden);
    multiply(
        kernels, count, width, 4 * width, decoder->hidden, weights->contraction, decoder->stream, 1,
        decoder->packing);
}

void althing_decoder_extend(
    const struct althing_shape *shape, const float *parameters, float *memory, int position,
    const uint8_t *tokens, int count, float *logits) {
    const struct kernel_table *kernels = althing_kernels();
    struct decoder decoder;
    struct weights weights;
    decoder_locate(&decoder, shape, memory);
    weights_locate(&weights, shape, (float *)parameters);
    kernels->embed(
        count, shape->width, shape->context, weights.token_embedding,
        weights.position_embedding + (ptrdiff_t)position * shape->width, tokens, decoder.stream);
    for (int layer = 0; layer < shape->layers; layer++)
        decode_layer(
            kernels, shape, &decoder, &weights.layers[layer], layer, position, count);
    kernels->layer_norm(
        1, shape->width, decoder.stream + (ptrdiff_t)(count - 1) * shape->width,
        weights.final_norm, decoder.norm, decoder.statistics);
    multiply(
        kernels, 1, shape->vocabulary, shape->width, decoder.norm, decoder.output_layer, logits, 0,
        decoder.packing);
}

void althing_probabilities(float *logits, int count, float scale) {
    althing_kernels()->softmax(logits, count, count, scale, 0.0f);
}
