// Scores above the diagonal are zero, so rows are taken 32 at a time and each group stops at its
// own last column. Leaving out terms that are exactly zero does not change a bit.
#include "attention.h"

enum { GROUP = 32 };

/// 1 / sqrt(head size), exactly rounded twice on every machine.
static float score_scale(int size) { return 1.0f / __builtin_elementwise_sqrt((float)size); }

static int group_end(const struct head *head, int first) {
    return first + GROUP < head->context ? first + GROUP : head->context;
}

void attention_forward(
    const struct kernel_table *kernels, const struct head *head, float *packing) {
    int context = head->context;
    float scale = score_scale(head->size);
    for (int first = 0; first < context; first += GROUP) {
        int last = group_end(head, first);
        float *scores = head->probabilities + (ptrdiff_t)first * context;
        kernels->gemm(
            &(struct althing_product){
                .rows = last - first, .columns = last, .depth = head->size,
                .a = head->query + first * head->stride, .a_row = head->stride, .a_step = 1,
                .b = head->key, .b_step = 1, .b_column = head->stride,
                .c = scores, .c_row = context},
            packing);
        for (int row = first; row < last; row++)
            kernels->softmax(
                head->probabilities + (ptrdiff_t)row * context, row + 1, last, scale,
                head->slope);
        kernels->gemm(
            &(struct althing_product){
                .rows = last - first, .columns = head->size, .depth = last,
                .a = scores, .a_row = context, .a_step = 1,
                .b = head->value, .b_step = head->stride, .b_column = 1,
                .c = head->mixed + first * head->mixed_stride, .c_row = head->mixed_stride},
            packing);
    }
}

/// scores = the gradient of the attention scores.
static void score_gradient(
    const struct kernel_table *kernels, const struct head *head, const struct head *gradient,
    float *scores, float *packing) {
    int context = head->context;
    float scale = score_scale(head->size);
    for (int first = 0; first < context; first += GROUP) {
        int last = group_end(head, first);
        kernels->gemm(
            &(struct althing_product){
                .rows = last - first, .columns = last, .depth = head->size,
                .a = gradient->mixed + first * gradient->mixed_stride,
                .a_row = gradient->mixed_stride, .a_step = 1,
                .b = head->value, .b_step = 1, .b_column = head->stride,
                .c = scores + (ptrdiff_t)first * context, .c_row = context},
            packing);
        for (int row = first; row < last; row++)
            kernels->softmax_gradient(
                head->probabilities + (ptrdiff_t)row * context, scores + (ptrdiff_t)row * context,
                last, scale);
    }
}

void attention_backward(
    const struct kernel_table *kernels, const struct head *head, const struct head *gradient,
    float *scores, float *packing) {
    int context = head->context;
    score_gradient(kernels, head, gradient, scores, packing);
    for (int first = 0; first < context; first += GROUP) {
        int last = group_end(head, first);
        // Queries of this group look at keys up to `last`.
        kernels->gemm(
            &(struct althing_product){
                .rows = last - first, .columns = head->size, .depth = last,
                .a = scores + (ptrdiff_t)first * context, .a_row = context, .a_step = 1,
                .b = head->key, .b_step = head->stride, .b_column = 1,
                .c = gradient->query + first * gradient->stride, .c_row = gradient->stride},
            packing);
        // Keys and values of this group are looked at by queries from `first` on.
        kernels->gemm(
            &(struct althing_product){
                .rows = last - first, .columns = head->size, .depth = context - first,
                .a = scores + (ptrdiff_t)first * context + first, .a_row = 1, .a_step = context,
                .b = head->query + first * head->stride, .b_step = head->stride, .b_column = 1,
                .c = gradient->key + first * gradient->stride, .c_row = gradient->stride},
            packing);
        kernels->gemm(
            &(struct althing_product){
                .rows = last - first, .columns = head->size, .depth = context - first,
                .a = head->probabilities + (ptrdiff_t)first * context + first, .a_row = 1,
                .a_step = context,
                .b = gradient->mixed + first * gradient->mixed_stride,
                .b_step = gradient->mixed_stride, .b_column = 1,
                .c = gradient->value + first * gradient->stride, .c_row = gradient->stride},
            packing);
    }
}
