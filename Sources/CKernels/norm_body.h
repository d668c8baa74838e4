// Layer normalisation without bias. Widths are multiples of 16.

static void layer_norm(
    int rows, int width, const float *x, const float *weight, float *y, float *statistics) {
    for (int row = 0; row < rows; row++, x += width, y += width) {
        lanes sum = every(0.0f);
        for (int i = 0; i < width; i += LANES) sum = sum + load(x + i);
        float mean = sum_of_lanes(sum) / (float)width;
        lanes squares = every(0.0f);
        for (int i = 0; i < width; i += LANES) {
            lanes distance = load(x + i) - mean;
            squares = fused_lanes(distance, distance, squares);
        }
        float variance = sum_of_lanes(squares) / (float)width;
        float inverse = 1.0f / __builtin_elementwise_sqrt(variance + 1e-5f);
        for (int i = 0; i < width; i += LANES)
            store(y + i, (load(x + i) - mean) * inverse * load(weight + i));
        statistics[2 * row] = mean;
        statistics[2 * row + 1] = inverse;
    }
}

static void layer_norm_input_gradient(
    int rows, int width, const float *dy, const float *statistics, const float *x,
    const float *weight, const float *skip, float *dx) {
    for (int row = 0; row < rows; row++, x += width, dy += width, skip += width, dx += width) {
        float mean = statistics[2 * row], inverse = statistics[2 * row + 1];
        lanes sum = every(0.0f), correlation = every(0.0f);
        for (int i = 0; i < width; i += LANES) {
            lanes gradient = load(dy + i) * load(weight + i);
            lanes normal = (load(x + i) - mean) * inverse;
            sum = sum + gradient;
            correlation = fused_lanes(gradient, normal, correlation);
        }
        float shift = sum_of_lanes(sum) / (float)width;
        lanes tilt = every(-(sum_of_lanes(correlation) / (float)width));
        for (int i = 0; i < width; i += LANES) {
            lanes gradient = load(dy + i) * load(weight + i) - shift;
            lanes normal = (load(x + i) - mean) * inverse;
            gradient = fused_lanes(normal, tilt, gradient);
            store(dx + i, fused_lanes(gradient, every(inverse), load(skip + i)));
        }
    }
}

static void layer_norm_weight_gradient(
    int rows, int width, int first, int last, const float *dy, const float *statistics,
    const float *x, float *weight_gradient) {
    for (int i = first; i < last; i += LANES) {
        lanes sum = every(0.0f);
        for (int row = 0; row < rows; row++) {
            ptrdiff_t at = (ptrdiff_t)row * width + i;
            lanes normal = (load(x + at) - statistics[2 * row]) * statistics[2 * row + 1];
            sum = fused_lanes(normal, load(dy + at), sum);
        }
        store(weight_gradient + i, sum);
    }
}
