// Kernels for every device since Volta (PTX for sm_70): operands, the product in single precision,
// memory bandwidth and size, a chain of roundings, attention.
//
// They compute what the kernels of CKernels compute, to the bit, except attention, whose
// exponential is the device's own. What a device answers is checked like anything else a provider
// says.
#include "common.cuh"

// MARK: Operands: challenge_operands of CKernels, a stream a band

__device__ __forceinline__ int32_t balanced(uint32_t byte) {
    return (int32_t)(byte * 127u >> 8) - 63;
}

/// One thread a ChaCha8 block: the 64 bytes of it that lie word by word across its group of
/// sixteen.
template <typename Store>
__device__ __forceinline__ void draw(
    const uint32_t *key, uint64_t blocks_per_stream, uint64_t blocks, Store store) {
    uint64_t index = (uint64_t)blockIdx.x * blockDim.x + threadIdx.x;
    if (index >= blocks) return;
    uint64_t stream = index / blocks_per_stream, block = index % blocks_per_stream;
    uint32_t start[16], x[16];
    start[0] = 0x61707865u, start[1] = 0x3320646eu, start[2] = 0x79622d32u, start[3] = 0x6b206574u;
#pragma unroll
    for (int i = 0; i < 8; i++) start[4 + i] = key[i];
    start[12] = (uint32_t)block, start[13] = (uint32_t)(block >> 32);
    start[14] = (uint32_t)stream, start[15] = (uint32_t)(stream >> 32);
#pragma unroll
    for (int i = 0; i < 16; i++) x[i] = start[i];
    permute<8>(x);
    uint64_t at = index / 16 * 1024 + index % 16 * 4;
#pragma unroll
    for (int i = 0; i < 16; i++) store(at + 64 * i, x[i] + start[i]);
}

KERNEL draw_int8(
    const uint32_t *key, uint64_t blocks_per_stream, uint64_t blocks, int8_t *out) {
    draw(key, blocks_per_stream, blocks, [=](uint64_t at, uint32_t word) {
        uint32_t four = 0;
        for (int i = 0; i < 4; i++) four |= (balanced(word >> 8 * i & 255) & 255) << 8 * i;
        *(uint32_t *)(out + at) = four;
    });
}

__device__ __forceinline__ uint32_t bfloat16_pair(int32_t low, int32_t high) {
    return __float_as_uint((float)low) >> 16 | (__float_as_uint((float)high) & 0xffff0000u);
}

KERNEL draw_bfloat16(
    const uint32_t *key, uint64_t blocks_per_stream, uint64_t blocks, uint16_t *out) {
    draw(key, blocks_per_stream, blocks, [=](uint64_t at, uint32_t word) {
        *(uint2 *)(out + at) = make_uint2(
            bfloat16_pair(balanced(word & 255), balanced(word >> 8 & 255)),
            bfloat16_pair(balanced(word >> 16 & 255), balanced(word >> 24)));
    });
}

KERNEL draw_float(
    const uint32_t *key, uint64_t blocks_per_stream, uint64_t blocks, float *out) {
    draw(key, blocks_per_stream, blocks, [=](uint64_t at, uint32_t word) {
        *(float4 *)(out + at) = make_float4(
            (float)balanced(word & 255), (float)balanced(word >> 8 & 255),
            (float)balanced(word >> 16 & 255), (float)balanced(word >> 24));
    });
}

// MARK: Product in single precision: C = A^T B

/// A is [depth][rows], B [depth][columns], both as a chain has them; rows and columns are multiples
/// of 4. 256 threads a tile of 128 x 128, 8 x 8 sums each; every sum is one chain of fused
/// multiply-adds in rising depth, as on a processor.
extern "C" __global__ void __launch_bounds__(256, 2) gemm_float(
    const float *__restrict__ a, const float *__restrict__ b, float *__restrict__ c, uint32_t rows,
    uint32_t columns, uint32_t depth) {
    enum { TILE = 128, STEP = 16 };
    __shared__ __align__(16) float left[2][STEP][TILE], right[2][STEP][TILE];
    const uint32_t thread = threadIdx.x, x = thread % 16, y = thread / 16;
    const uint32_t row0 = blockIdx.y * TILE, column0 = blockIdx.x * TILE;
    // Each thread moves two float4 of each operand a step; what lies past the edges counts as zero.
    const uint32_t line = thread / 32, at = thread % 32 * 4;
    const bool in_a = row0 + at < rows, in_b = column0 + at < columns;
    const float *from_a = a + (uint64_t)line * rows + row0 + at;
    const float *from_b = b + (uint64_t)line * columns + column0 + at;
    const float4 zero = make_float4(0, 0, 0, 0);
    float4 next_left[2], next_right[2];
    float sum[8][8] = {};
    auto fetch = [&](uint32_t first) {
#pragma unroll
        for (uint32_t i = 0; i < 2; i++) {
            const uint64_t p = first + 8 * i;
            const bool in_depth = p + line < depth;
            next_left[i] = in_depth && in_a ? *(const float4 *)(from_a + p * rows) : zero;
            next_right[i] = in_depth && in_b ? *(const float4 *)(from_b + p * columns) : zero;
        }
    };
    auto place = [&](uint32_t stage) {
#pragma unroll
        for (uint32_t i = 0; i < 2; i++) {
            *(float4 *)&left[stage][line + 8 * i][at] = next_left[i];
            *(float4 *)&right[stage][line + 8 * i][at] = next_right[i];
        }
    };
    fetch(0);
    place(0);
    __syncthreads();
    for (uint32_t first = 0, stage = 0; first < depth; first += STEP, stage ^= 1) {
        const bool more = first + STEP < depth;
        if (more) fetch(first + STEP);
#pragma unroll
        for (int p = 0; p < STEP; p++) {
            float u[8], v[8];
            *(float4 *)u = *(const float4 *)&left[stage][p][y * 4];
            *(float4 *)(u + 4) = *(const float4 *)&left[stage][p][64 + y * 4];
            *(float4 *)v = *(const float4 *)&right[stage][p][x * 4];
            *(float4 *)(v + 4) = *(const float4 *)&right[stage][p][64 + x * 4];
#pragma unroll
            for (int i = 0; i < 8; i++)
#pragma unroll
                for (int j = 0; j < 8; j++) sum[i][j] = __fmaf_rn(u[i], v[j], sum[i][j]);
        }
        if (more) place(stage ^ 1);
        __syncthreads();
    }
#pragma unroll
    for (uint32_t i = 0; i < 8; i++) {
        const uint32_t row = row0 + (i < 4 ? y * 4 + i : 60 + y * 4 + i);
        const uint32_t column = column0 + x * 4;
        if (row >= rows) continue;
        float *to = c + (uint64_t)row * columns + column;
        if (column < columns) *(float4 *)to = *(const float4 *)sum[i];
        if (column + 64 < columns) *(float4 *)(to + 64) = *(const float4 *)(sum[i] + 4);
    }
}

// MARK: Bandwidth: stream_chain_pass of CKernels

__device__ const uint64_t golden = 0x9e3779b97f4a7c15ull;

/// What stands in array `array` before the first pass; one thread an element.
KERNEL stream_chain_fill(const uint64_t *base, uint64_t array, uint64_t blocks, uint64_t *out) {
    const uint64_t index = (uint64_t)blockIdx.x * blockDim.x + threadIdx.x;
    if (index >= blocks * 8192) return;
    const uint64_t label = (3 * (index / 8192) + array + 1) * golden;
    out[index] = (base[index % 8192] ^ label) * ((label << 32 | label >> 32) | 1);
}

__device__ __forceinline__ uint64_t turned(uint64_t x, int by) { return x << by | x >> (64 - by); }

/// Eight threads a block of 8,192 elements: thread t holds elements 2t and 2t + 1 of every sixteen,
/// with a running digest of each. Many elements are asked for before the first is used.
extern "C" __global__ void __launch_bounds__(256, 2) stream_chain_pass(
    uint64_t *__restrict__ out, const uint64_t *__restrict__ b, const uint64_t *__restrict__ c,
    uint64_t factor, uint64_t blocks, uint64_t *__restrict__ digests) {
    enum { AHEAD = 8 };
    const uint64_t block = ((uint64_t)blockIdx.x * blockDim.x + threadIdx.x) / 8;
    const uint32_t pair = threadIdx.x % 8;
    if (block - threadIdx.x % 32 / 8 >= blocks) return;
    // All of a warp must reach the exchange below; who has no block repeats the last.
    const uint64_t start = (block < blocks ? block : blocks - 1) * 8192 + 2 * pair;
    uint64_t first = pair < 4 ? factor : factor ^ golden, second = first;
    for (uint32_t i = 0; i < 512; i += AHEAD) {
        ulonglong2 left[AHEAD], right[AHEAD];
#pragma unroll
        for (uint32_t j = 0; j < AHEAD; j++) {
            left[j] = *(const ulonglong2 *)(b + start + 16 * (i + j));
            right[j] = *(const ulonglong2 *)(c + start + 16 * (i + j));
        }
#pragma unroll
        for (uint32_t j = 0; j < AHEAD; j++) {
            const uint64_t x = turned(left[j].x + right[j].x * factor, 23) ^ left[j].x;
            const uint64_t y = turned(left[j].y + right[j].y * factor, 23) ^ left[j].y;
            *(ulonglong2 *)(out + start + 16 * (i + j)) = make_ulonglong2(x, y);
            first = turned(first ^ x, 13) + x;
            second = turned(second ^ y, 13) + y;
        }
    }
    const uint64_t after_first = __shfl_down_sync(0xffffffffu, first, 4, 8);
    const uint64_t after_second = __shfl_down_sync(0xffffffffu, second, 4, 8);
    if (pair < 4 && block < blocks) {
        digests[block * 8 + 2 * pair] = first * golden + after_first;
        digests[block * 8 + 2 * pair + 1] = second * golden + after_second;
    }
}

// MARK: Memory: memory_fill of CKernels, and walks through the table

/// One thread a page of 4,096 bytes, 128 threads a block. Each makes a line of 64 bytes at a time;
/// a warp gathers four lines of its 32 pages and stores them together, 256 bytes of a page side by
/// side.
KERNEL memory_fill(const uint32_t *key, uint64_t first, uint64_t pages, uint4 *out) {
    __shared__ uint4 lines[4][32][17];
    const uint32_t warp = threadIdx.x / 32, lane = threadIdx.x % 32;
    const uint64_t start = ((uint64_t)blockIdx.x * 4 + warp) * 32;
    if (start >= pages) return;
    const uint64_t page = first + start + lane;
    uint32_t state[16] = {0x61707865u, 0x3320646eu, 0x79622d32u, 0x6b206574u};
#pragma unroll
    for (int i = 0; i < 8; i++) state[4 + i] = key[i];
    state[12] = (uint32_t)page, state[13] = (uint32_t)(page >> 32);
    state[14] = 0x6d656d6fu, state[15] = 0x72792070u;
    for (uint32_t line = 0; line < 64; line++) {
        uint32_t x[16];
#pragma unroll
        for (int i = 0; i < 16; i++) x[i] = state[i];
        permute<20>(x);
#pragma unroll
        for (int i = 0; i < 16; i++) state[i] += x[i];
#pragma unroll
        for (int i = 0; i < 4; i++)
            lines[warp][lane][line % 4 * 4 + i] =
                make_uint4(state[4 * i], state[4 * i + 1], state[4 * i + 2], state[4 * i + 3]);
        if (line % 4 < 3) continue;
        __syncwarp();
#pragma unroll
        for (uint32_t i = 0; i < 16; i++) {
            const uint32_t of = 2 * i + lane / 16, part = lane % 16;
            if (start + of < pages)
                out[(start + of) * 256 + line / 4 * 16 + part] = lines[warp][of][part];
        }
        __syncwarp();
    }
}

/// Many walks side by side, each of dependent reads: `leaves` leaves of `segments` segments of
/// `steps` steps a walk; a leaf holds the states at both ends of its segments.
KERNEL memory_walk_chain(
    const uint64_t *table, uint64_t entries, const uint64_t *starts, uint32_t walks,
    uint32_t leaves, uint32_t segments, uint32_t steps, uint64_t *out) {
    const uint32_t walk = blockIdx.x * blockDim.x + threadIdx.x;
    if (walk >= walks) return;
    uint64_t state = starts[walk];
    uint64_t *to = out + (uint64_t)walk * leaves * (segments + 1);
    for (uint32_t leaf = 0; leaf < leaves; leaf++) {
        *to++ = state;
        for (uint32_t segment = 0; segment < segments; segment++) {
            for (uint32_t step = 0; step < steps; step++) {
                state = (state ^ table[__umul64hi(state, entries)]) * 0xbf58476d1ce4e5b9ull;
                state ^= state >> 29;
            }
            *to++ = state;
        }
    }
}

// MARK: Arithmetic: fma_chain of CKernels

KERNEL fma_chain(float *x, const float *c, uint32_t count, uint64_t steps) {
    const uint32_t lane = blockIdx.x * blockDim.x + threadIdx.x;
    if (lane >= count) return;
    float value = x[lane];
    const float minus = -c[lane];
    for (uint64_t step = 0; step < steps; step++) value = __fmaf_rn(value, value, minus);
    x[lane] = value;
}

// MARK: Attention: causal, heads of 128, running softmax

/// Eight warps, a query each, share tiles of 32 keys and values. Rows are [head][context][128].
KERNEL attention_128(
    const float *query, const float *key, const float *value, float *out, uint32_t context) {
    enum { SIZE = 128, KEYS = 32, WARPS = 8 };
    __shared__ float keys[KEYS][SIZE + 1], values[KEYS][SIZE], queries[WARPS][SIZE];
    const uint32_t warp = threadIdx.x / 32, lane = threadIdx.x % 32;
    const uint32_t row = blockIdx.x * WARPS + warp;
    const uint64_t head = (uint64_t)blockIdx.y * context * SIZE;
    const bool live = row < context;
    for (int i = 0; i < 4; i++)
        queries[warp][lane + 32 * i] =
            live ? query[head + (uint64_t)row * SIZE + lane + 32 * i] : 0.0f;
    float highest = -3.0e38f, total = 0.0f, mixed[4] = {};
    const uint32_t last = min(context, (blockIdx.x + 1) * WARPS);
    for (uint32_t first = 0; first < last; first += KEYS) {
        __syncthreads();
        for (uint32_t i = threadIdx.x; i < KEYS * SIZE; i += 32 * WARPS) {
            const uint32_t k = i / SIZE;
            const uint64_t at = head + (uint64_t)(first + k) * SIZE + i % SIZE;
            keys[k][i % SIZE] = first + k < context ? key[at] : 0.0f;
            values[k][i % SIZE] = first + k < context ? value[at] : 0.0f;
        }
        __syncthreads();
        float score = 0.0f;
#pragma unroll 16
        for (int i = 0; i < SIZE; i++) score = fmaf(queries[warp][i], keys[lane][i], score);
        score = live && first + lane <= row ? score * 0.08838834764831845f : -3.0e38f;
        float most = score;
        for (int by = 16; by > 0; by /= 2) most = fmaxf(most, __shfl_xor_sync(~0u, most, by));
        most = fmaxf(most, highest);
        const float shrink = __expf(highest - most);
        const float weight = score > -2.9e38f ? __expf(score - most) : 0.0f;
        float sum = weight;
        for (int by = 16; by > 0; by /= 2) sum += __shfl_xor_sync(~0u, sum, by);
        total = total * shrink + sum;
        highest = most;
        for (int i = 0; i < 4; i++) mixed[i] *= shrink;
        for (int k = 0; k < KEYS; k++) {
            const float share = __shfl_sync(~0u, weight, k);
            for (int i = 0; i < 4; i++)
                mixed[i] = fmaf(share, values[k][lane + 32 * i], mixed[i]);
        }
    }
    if (live)
        for (int i = 0; i < 4; i++)
            out[head + (uint64_t)row * SIZE + lane + 32 * i] = mixed[i] / total;
}
