// Quantised deltas, 256 values a block.

enum { BLOCK = 256 };

INLINE size_t block_bytes(int bits) { return sizeof(float) + (size_t)(BLOCK * bits / 8); }

/// The values of one block, without the scale.
INLINE void unpack_block(const uint8_t *bytes, int bits, float *values) {
    if (bits == 8) {
        for (int i = 0; i < BLOCK; i++) values[i] = (float)(int8_t)bytes[i];
        return;
    }
    for (int i = 0; i < BLOCK / 2; i++) {
        values[2 * i] = (float)((int)((bytes[i] & 15) ^ 8) - 8);
        values[2 * i + 1] = (float)((int)((bytes[i] >> 4) ^ 8) - 8);
    }
}

/// The values of one block times `factor`.
INLINE void expand_block(const uint8_t *bytes, int bits, float factor, float *values) {
    float scale;
    memcpy(&scale, bytes, sizeof scale);
    unpack_block(bytes + sizeof scale, bits, values);
    for (int i = 0; i < BLOCK; i += LANES) store(values + i, load(values + i) * scale * factor);
}

/// Quantises one block of differences; -1 when one of them is not finite or absurdly large.
static int quantise_block(const float *difference, int bits, uint8_t *bytes) {
    lanes highest = every(0.0f);
    integer_lanes broken = {};
    for (int i = 0; i < BLOCK; i += LANES) {
        lanes size = magnitude(load(difference + i));
        broken |= ~(size < __builtin_inff());
        highest = larger(size, highest);
    }
    for (int lane = 0; lane < LANES; lane++)
        if (broken[lane] != 0) return -1;
    float most = (float)((1 << (bits - 1)) - 1);
    float scale = largest_of_lanes(highest) / most;
    if (scale >= 0x1p40f) return -1;
    // Below the normal range division would lose its precision; such a block counts as zero.
    int vanishes = scale < 0x1p-120f;
    if (vanishes) scale = 0.0f;
    memcpy(bytes, &scale, sizeof scale);
    bytes += sizeof scale;
    int8_t integers[BLOCK] = {0};
    if (!vanishes) {
        for (int i = 0; i < BLOCK; i += LANES) {
            lanes ratio = load(difference + i) / scale;
            ratio = smaller(larger(ratio, every(-most)), every(most));
            lanes whole = (ratio + ROUNDER) - ROUNDER;
            for (int lane = 0; lane < LANES; lane++) integers[i + lane] = (int8_t)whole[lane];
        }
    }
    if (bits == 8) {
        memcpy(bytes, integers, sizeof integers);
    } else {
        for (int i = 0; i < BLOCK / 2; i++)
            bytes[i] = (uint8_t)((integers[2 * i] & 15) | (integers[2 * i + 1] & 15) << 4);
    }
    return 0;
}

static int quantise(
    const float *from, const float *to, size_t count, int bits, uint8_t *bytes) {
    for (size_t first = 0; first < count; first += BLOCK, bytes += block_bytes(bits)) {
        size_t filled = count - first < BLOCK ? count - first : BLOCK;
        float difference[BLOCK] = {0};
        for (size_t i = 0; i < filled; i++) difference[i] = from[first + i] - to[first + i];
        if (quantise_block(difference, bits, bytes) != 0) return -1;
    }
    return 0;
}

static void expand(const uint8_t *bytes, size_t count, int bits, float *values) {
    for (size_t first = 0; first < count; first += BLOCK, bytes += block_bytes(bits)) {
        size_t filled = count - first < BLOCK ? count - first : BLOCK;
        float block[BLOCK];
        expand_block(bytes, bits, 1.0f, block);
        memcpy(values + first, block, filled * sizeof *values);
    }
}

static float delta_norm(const uint8_t *bytes, size_t count, int bits) {
    lanes sum = every(0.0f);
    for (size_t first = 0; first < count; first += BLOCK, bytes += block_bytes(bits)) {
        float block[BLOCK];
        expand_block(bytes, bits, 1.0f, block);
        for (int i = 0; i < BLOCK; i += LANES)
            sum = fused_lanes(load(block + i), load(block + i), sum);
    }
    return __builtin_elementwise_sqrt(sum_of_lanes(sum));
}

/// Sorts each lane's values by insertion: few values, and no branch depends on them.
INLINE void sort_lanes(lanes *values, int count) {
    for (int next = 1; next < count; next++)
        for (int i = next; i > 0; i--) {
            lanes low = smaller(values[i], values[i - 1]), high = larger(values[i], values[i - 1]);
            values[i - 1] = low;
            values[i] = high;
        }
}

static void aggregate(
    const uint8_t *const *bytes, const float *factors, int deltas, int trim, size_t count, int bits,
    float *mean) {
    float blocks[ALTHING_DELTA_LIMIT][BLOCK];
    float divisor = (float)(deltas - 2 * trim);
    size_t offset = 0;
    for (size_t first = 0; first < count; first += BLOCK, offset += block_bytes(bits)) {
        size_t filled = count - first < BLOCK ? count - first : BLOCK;
        for (int delta = 0; delta < deltas; delta++)
            expand_block(bytes[delta] + offset, bits, factors[delta], blocks[delta]);
        for (size_t i = 0; i < filled; i += LANES) {
            lanes values[ALTHING_DELTA_LIMIT];
            for (int delta = 0; delta < deltas; delta++) values[delta] = load(blocks[delta] + i);
            sort_lanes(values, deltas);
            lanes sum = every(0.0f);
            for (int kept = trim; kept < deltas - trim; kept++) sum = sum + values[kept];
            store(mean + first + i, sum / divisor);
        }
    }
}
