// AdamW, and the outer Nesterov step. Counts are multiples of 16.

static float sum_of_squares(size_t count, const float *x) {
    lanes sum = every(0.0f);
    for (size_t i = 0; i < count; i += LANES) sum = fused_lanes(load(x + i), load(x + i), sum);
    return sum_of_lanes(sum);
}

static void adamw(
    const struct althing_adamw *step, float clip, size_t count, float *parameters,
    const float *gradient, float *first_moment, float *second_moment) {
    lanes fresh = every(1.0f - step->first_decay), fresh_square = every(1.0f - step->second_decay);
    lanes rate = every(-step->rate);
    float keep = 1.0f - step->rate * step->weight_decay;
    for (size_t i = 0; i < count; i += LANES) {
        lanes slope = load(gradient + i) * clip;
        lanes first = fused_lanes(slope, fresh, load(first_moment + i) * step->first_decay);
        lanes second =
            fused_lanes(slope * slope, fresh_square, load(second_moment + i) * step->second_decay);
        store(first_moment + i, first);
        store(second_moment + i, second);
        lanes scale = __builtin_elementwise_sqrt(second * step->second_correction) + step->epsilon;
        lanes direction = first * step->first_correction / scale;
        store(parameters + i, fused_lanes(direction, rate, load(parameters + i) * keep));
    }
}

static void outer_step(
    float *parameters, float *momentum, const float *mean, size_t count, float rate, float decay) {
    for (size_t i = 0; i < count; i += LANES) {
        lanes change = load(mean + i);
        lanes speed = fused_lanes(load(momentum + i), every(decay), change);
        store(momentum + i, speed);
        lanes step = fused_lanes(speed, every(decay), change);
        store(parameters + i, fused_lanes(step, every(-rate), load(parameters + i)));
    }
}
