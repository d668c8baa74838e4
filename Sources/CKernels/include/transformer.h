#pragma once
// A decoder-only transformer over byte tokens: pre-norm, learned positions, no biases, tied
// embeddings, GELU by its sigmoid approximation x * sigmoid(1.702 x).
//
// The parameters are one row of floats: token embedding [vocabulary, width], position embedding
// [context, width], then per layer norm [width], query-key-value [width, 3 width], output
// [width, width], norm [width], expansion [width, 4 width], contraction [4 width, width], and last
// the final norm [width]. Weights are stored [inputs, outputs].
//
// Callers check shapes and tokens: width a multiple of 32, width / heads and context and vocabulary
// multiples of 16, at most 64 layers, vocabulary <= 256, tokens and targets below the vocabulary, 1
// to 64 threads. Workspaces and decoders are aligned to 64 bytes. Functions that take `threads`
// give the same bits for every value of it.
//
// Attention scores fall with distance by a fixed slope a head: a power of two, from 1 to 1/128.
#include <stddef.h>
#include <stdint.h>

/// The sizes that fix a model.
struct althing_shape {
    int32_t layers, heads, width, context, vocabulary;
};

/// How many floats the parameters of a model take.
size_t althing_parameter_count(const struct althing_shape *shape);

/// How many floats of workspace `althing_gradient` needs.
size_t althing_training_workspace(const struct althing_shape *shape, int batch, int threads);

/// How many floats of workspace `althing_losses` needs.
size_t althing_evaluation_workspace(const struct althing_shape *shape, int batch, int threads);

/// Writes the cross entropy, in nats, of each of the batch * context targets.
void althing_losses(
    const struct althing_shape *shape, const float *parameters, const uint8_t *tokens,
    const uint8_t *targets, int batch, float *losses, float *workspace, int threads);

/// The same, and the gradient of the mean loss.
void althing_gradient(
    const struct althing_shape *shape, const float *parameters, const uint8_t *tokens,
    const uint8_t *targets, int batch, float *losses, float *gradient, float *workspace,
    int threads);

/// The numbers of one AdamW step. The corrections are 1 / (1 - decay^step).
struct althing_adamw {
    float rate, first_decay, second_decay, first_correction, second_correction, epsilon,
        weight_decay, clip_norm;
};

/// One AdamW step over `count` values (a multiple of 16), with the gradient clipped to `clip_norm`.
/// Returns 0, or -1 (and changes nothing) when the gradient's norm is not finite.
int althing_adamw_step(
    const struct althing_adamw *step, float *parameters, const float *gradient, float *first_moment,
    float *second_moment, size_t count);

/// How many floats the state of one decoder takes: the attention cache and its scratch space.
size_t althing_decoder_floats(const struct althing_shape *shape);

/// Makes a decoder ready for `parameters`.
void althing_decoder_prepare(
    const struct althing_shape *shape, const float *parameters, float *decoder);

/// Feeds `count` tokens at positions `position ..< position + count` (at most the context) and
/// writes the logits after the last of them. One call with many tokens and many calls with one
/// token give the same bits, which are also those of the training pass.
void althing_decoder_extend(
    const struct althing_shape *shape, const float *parameters, float *decoder, int position,
    const uint8_t *tokens, int count, float *logits);

/// Turns `count` (a multiple of 16) logits into the probabilities softmax(scale * logits).
void althing_probabilities(float *logits, int count, float scale);
