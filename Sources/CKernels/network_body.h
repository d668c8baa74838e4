// What a transformer has between its matrix products: embeddings, softmax, activation, loss.

static void embed(
    int rows, int width, int context, const float *token_embedding,
    const float *position_embedding, const uint8_t *tokens, float *x) {
    for (int row = 0; row < rows; row++) {
        const float *token = token_embedding + (ptrdiff_t)tokens[row] * width;
        const float *position = position_embedding + (ptrdiff_t)(row % context) * width;
        for (int i = 0; i < width; i += LANES)
            store(x + (ptrdiff_t)row * width + i, load(token + i) + load(position + i));
    }
}

static void embed_gradient(
    int rows, int width, int context, int first, int last, const float *dx, const uint8_t *tokens,
    float *token_gradient, float *position_gradient) {
    for (int row = 0; row < rows; row++) {
        float *token = token_gradient + (ptrdiff_t)tokens[row] * width;
        float *position = position_gradient + (ptrdiff_t)(row % context) * width;
        for (int i = first; i < last; i += LANES) {
            lanes gradient = load(dx + (ptrdiff_t)row * width + i);
            store(token + i, load(token + i) + gradient);
            store(position + i, load(position + i) + gradient);
        }
    }
}

static void softmax(float *row, int valid, int padded, float scale, float slope) {
    // -distance to the last score, sixteen at a time.
    lanes distance = {0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15};
    distance = distance - (float)(valid - 1);
    lanes highest = every(-__builtin_inff());
    for (int j = 0; j < valid; j += LANES, distance = distance + (float)LANES) {
        lanes score = fused_lanes(distance, every(slope), load(row + j) * scale);
        store(row + j, score);
        highest = larger(choose(distance <= 0.0f, score, highest), highest);
    }
    float largest = largest_of_lanes(highest);
    for (int j = 0; j < valid; j += LANES) store(row + j, exponential(load(row + j) - largest));
    for (int j = valid; j < padded; j++) row[j] = 0.0f;
    lanes sum = every(0.0f);
    for (int j = 0; j < valid; j += LANES) sum = sum + load(row + j);
    float inverse = 1.0f / sum_of_lanes(sum);
    for (int j = 0; j < valid; j += LANES) store(row + j, load(row + j) * inverse);
}

static void softmax_gradient(const float *row, float *gradient, int padded, float scale) {
    lanes sum = every(0.0f);
    for (int j = 0; j < padded; j += LANES)
        sum = fused_lanes(load(row + j), load(gradient + j), sum);
    float mean = sum_of_lanes(sum);
    for (int j = 0; j < padded; j += LANES)
        store(gradient + j, (load(gradient + j) - mean) * load(row + j) * scale);
}

static void gelu(size_t count, const float *x, float *y) {
    for (size_t i = 0; i < count; i += LANES) {
        lanes value = load(x + i);
        store(y + i, value * sigmoid(value * 1.702f));
    }
}

static void gelu_gradient(size_t count, const float *x, float *gradient) {
    for (size_t i = 0; i < count; i += LANES) {
        lanes steep = load(x + i) * 1.702f;
        lanes gate = sigmoid(steep);
        lanes slope = fused_lanes(gate, steep * (1.0f - gate), gate);
        store(gradient + i, load(gradient + i) * slope);
    }
}

static void cross_entropy(
    int rows, int vocabulary, float *logits, const uint8_t *targets, float *losses, float scale) {
    for (int row = 0; row < rows; row++, logits += vocabulary) {
        lanes highest = load(logits);
        for (int j = LANES; j < vocabulary; j += LANES)
            highest = larger(load(logits + j), highest);
        float largest = largest_of_lanes(highest);
        float target = logits[targets[row]] - largest;
        lanes sum = every(0.0f);
        for (int j = 0; j < vocabulary; j += LANES) {
            lanes weight = exponential(load(logits + j) - largest);
            store(logits + j, weight);
            sum = sum + weight;
        }
        float total = sum_of_lanes(sum);
        losses[row] = logarithm(total) - target;
        if (scale == 0.0f) continue;
        float factor = scale / total;
        for (int j = 0; j < vocabulary; j += LANES) store(logits + j, load(logits + j) * factor);
        logits[targets[row]] -= scale;
    }
}
