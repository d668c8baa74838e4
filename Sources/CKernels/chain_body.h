// A chain of roundings. Ten registers of values side by side hide the latency of one step.
//
// What is taken away in each step stays in registers as far as there are any, and is read from
// memory beyond that: with more reads than arithmetic the chain would measure whoever shares the
// core's caches, and left to the compiler they are spilt to a stack whose reads cross cache lines.

enum {
    CHAIN_SIDE = 10,
    CHAIN_HELD = NATIVE_LANES == 16 ? CHAIN_SIDE : 6,
    CHAIN_BLOCK = CHAIN_SIDE * NATIVE_LANES,
};

INLINE void chain_block(float *x, const float *c, uint64_t steps) {
    _Alignas(64) float minus[CHAIN_BLOCK];
    native value[CHAIN_SIDE], held[CHAIN_HELD];
    UNROLLED for (int i = 0; i < CHAIN_SIDE; i++) {
        value[i] = load_native(x + i * NATIVE_LANES);
        store_native(minus + i * NATIVE_LANES, -load_native(c + i * NATIVE_LANES));
    }
    UNROLLED for (int i = 0; i < CHAIN_HELD; i++) held[i] = load_native(minus + i * NATIVE_LANES);
    const float *rest = minus;
    for (uint64_t step = 0; step < steps; step++) {
        // Unknown in each step, so that the compiler does not read it once and spill it.
        __asm__ volatile("" : "+r"(rest) : : "memory");
        UNROLLED for (int i = 0; i < CHAIN_SIDE; i++)
            value[i] = fused_native(
                value[i], value[i],
                i < CHAIN_HELD ? held[i] : *(const native *)(rest + i * NATIVE_LANES));
    }
    UNROLLED for (int i = 0; i < CHAIN_SIDE; i++) store_native(x + i * NATIVE_LANES, value[i]);
}

static void fma_chain_lanes(float *x, const float *c, size_t count, uint64_t steps) {
    size_t first = 0;
    for (; first + CHAIN_BLOCK <= count; first += CHAIN_BLOCK)
        chain_block(x + first, c + first, steps);
    if (first == count) return;
    // The last block by way of a buffer; zeros stay zeros.
    float values[CHAIN_BLOCK] = {0}, less[CHAIN_BLOCK] = {0};
    const size_t bytes = (count - first) * sizeof *x;
    memcpy(values, x + first, bytes);
    memcpy(less, c + first, bytes);
    chain_block(values, less, steps);
    memcpy(x + first, values, bytes);
}
