// The public face of AdamW.
#include <math.h>
#include "include/transformer.h"
#include "kernel_table.h"

int althing_adamw_step(
    const struct althing_adamw *step, float *parameters, const float *gradient, float *first_moment,
    float *second_moment, size_t count) {
    const struct kernel_table *kernels = althing_kernels();
    float squares = kernels->sum_of_squares(count, gradient);
    if (!(squares < INFINITY)) return -1;
    float norm = __builtin_elementwise_sqrt(squares);
    float clip = norm > step->clip_norm ? step->clip_norm / norm : 1.0f;
    kernels->adamw(step, clip, count, parameters, gradient, first_moment, second_moment);
    return 0;
}
