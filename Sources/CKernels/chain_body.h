// A chain of roundings: eight vectors of sixteen lanes side by side hide the latency of one.

static void fma_chain_lanes(float *x, const float *c, size_t count, uint64_t steps) {
    enum { SIDE = 8 };
    for (size_t first = 0; first < count; first += SIDE * LANES) {
        lanes value[SIDE], minus[SIDE];
        UNROLLED for (int i = 0; i < SIDE; i++) {
            value[i] = load(x + first + (size_t)i * LANES);
            minus[i] = -load(c + first + (size_t)i * LANES);
        }
        for (uint64_t step = 0; step < steps; step++)
            UNROLLED for (int i = 0; i < SIDE; i++)
                value[i] = fused_lanes(value[i], value[i], minus[i]);
        UNROLLED for (int i = 0; i < SIDE; i++) store(x + first + (size_t)i * LANES, value[i]);
    }
}
