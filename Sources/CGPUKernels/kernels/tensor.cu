// Products on tensor cores for Ampere and later (PTX for sm_80, a cubin for sm_90a): bfloat16 with sums
// in single precision, and bytes with sums in 32 bits.
//
// C = A B^T: A is [rows][depth], B [columns][depth], both with the depth side by side, which is how the
// instruction wants them. Both formats take 32 bytes of depth an instruction, so that one body serves
// them. rows and columns are multiples of 128, the depth of 64 bytes. Exact integers make the result
// the same on every device and in every order. Like all kernels here these have not run on a device;
// on Hopper `wgmma` would be several times faster than this `mma.sync`.
#include "common.cuh"

enum { TILE = 128, STEP = 64, STAGES = 3, THREADS = 256 };

/// Sixteen-byte chunks of a row change places so that eight rows of one column never share a bank.
__device__ __forceinline__ uint32_t swizzled(uint32_t row, uint32_t chunk) {
    return row * STEP + ((chunk ^ (row >> 1 & 3)) << 4);
}

__device__ __forceinline__ void copy_chunk(uint32_t to, const void *from) {
    asm volatile("cp.async.cg.shared.global [%0], [%1], 16;" ::"r"(to), "l"(from));
}

/// Starts the copy of one step of both operands.
__device__ __forceinline__ void copy_step(
    uint32_t left, uint32_t right, const uint8_t *a, const uint8_t *b, uint64_t depth) {
    for (uint32_t i = threadIdx.x; i < TILE * STEP / 16; i += THREADS) {
        const uint32_t row = i / 4, chunk = i % 4;
        copy_chunk(left + swizzled(row, chunk), a + row * depth + chunk * 16);
        copy_chunk(right + swizzled(row, chunk), b + row * depth + chunk * 16);
    }
}

__device__ __forceinline__ void load_four(uint32_t (&x)[4], uint32_t from) {
    asm volatile("ldmatrix.sync.aligned.m8n8.x4.shared.b16 {%0, %1, %2, %3}, [%4];"
                 : "=r"(x[0]), "=r"(x[1]), "=r"(x[2]), "=r"(x[3])
                 : "r"(from));
}

__device__ __forceinline__ void multiply(
    float (&c)[4], const uint32_t (&a)[4], uint32_t b0, uint32_t b1) {
    asm volatile("mma.sync.aligned.m16n8k16.row.col.f32.bf16.bf16.f32 "
                 "{%0, %1, %2, %3}, {%4, %5, %6, %7}, {%8, %9}, {%0, %1, %2, %3};"
                 : "+f"(c[0]), "+f"(c[1]), "+f"(c[2]), "+f"(c[3])
                 : "r"(a[0]), "r"(a[1]), "r"(a[2]), "r"(a[3]), "r"(b0), "r"(b1));
}

__device__ __forceinline__ void multiply(
    int32_t (&c)[4], const uint32_t (&a)[4], uint32_t b0, uint32_t b1) {
    asm volatile("mma.sync.aligned.m16n8k32.row.col.s32.s8.s8.s32 "
                 "{%0, %1, %2, %3}, {%4, %5, %6, %7}, {%8, %9}, {%0, %1, %2, %3};"
                 : "+r"(c[0]), "+r"(c[1]), "+r"(c[2]), "+r"(c[3])
                 : "r"(a[0]), "r"(a[1]), "r"(a[2]), "r"(a[3]), "r"(b0), "r"(b1));
}

/// Eight warps, two rows of four, 64 x 32 sums each; the copies run two steps ahead.
template <typename Sum>
__device__ __forceinline__ void product(
    const uint8_t *a, const uint8_t *b, Sum *c, uint32_t columns, uint64_t depth) {
    __shared__ __align__(128) uint8_t memory[STAGES * 2 * TILE * STEP];
    const uint32_t base = (uint32_t)__cvta_generic_to_shared(memory);
    const uint32_t warp = threadIdx.x / 32, lane = threadIdx.x % 32;
    const uint32_t row0 = warp / 4 * 64, column0 = warp % 4 * 32;
    a += (uint64_t)blockIdx.y * TILE * depth;
    b += (uint64_t)blockIdx.x * TILE * depth;
    Sum sum[4][4][4] = {};
    const uint32_t steps = (uint32_t)(depth / STEP);
    for (uint32_t stage = 0; stage < STAGES - 1; stage++) {
        const uint32_t at = base + stage * 2 * TILE * STEP;
        if (stage < steps)
            copy_step(at, at + TILE * STEP, a + stage * STEP, b + stage * STEP, depth);
        asm volatile("cp.async.commit_group;");
    }
    for (uint32_t step = 0; step < steps; step++) {
        asm volatile("cp.async.wait_group %0;" ::"n"(STAGES - 2));
        __syncthreads();
        const uint32_t ahead = step + STAGES - 1;
        const uint32_t to = base + ahead % STAGES * 2 * TILE * STEP;
        if (ahead < steps)
            copy_step(
                to, to + TILE * STEP, a + (uint64_t)ahead * STEP, b + (uint64_t)ahead * STEP, depth);
        asm volatile("cp.async.commit_group;");
        const uint32_t left = base + step % STAGES * 2 * TILE * STEP, right = left + TILE * STEP;
#pragma unroll
        for (uint32_t half = 0; half < 2; half++) {
            uint32_t u[4][4], v[2][4];
#pragma unroll
            for (uint32_t i = 0; i < 4; i++)
                load_four(
                    u[i], left + swizzled(row0 + 16 * i + lane % 16, 2 * half + lane / 16));
#pragma unroll
            for (uint32_t j = 0; j < 2; j++)
                load_four(
                    v[j], right + swizzled(
                                      column0 + 16 * j + lane % 8 + lane / 16 * 8,
                                      2 * half + lane / 8 % 2));
#pragma unroll
            for (uint32_t i = 0; i < 4; i++)
#pragma unroll
                for (uint32_t j = 0; j < 4; j++)
                    multiply(sum[i][j], u[i], v[j / 2][j % 2 * 2], v[j / 2][j % 2 * 2 + 1]);
        }
    }
#pragma unroll
    for (uint32_t i = 0; i < 4; i++)
#pragma unroll
        for (uint32_t j = 0; j < 4; j++) {
            const uint64_t row = (uint64_t)blockIdx.y * TILE + row0 + 16 * i + lane / 4;
            Sum *to = c + row * columns + blockIdx.x * TILE + column0 + 8 * j + lane % 4 * 2;
            to[0] = sum[i][j][0], to[1] = sum[i][j][1];
            to += 8ull * columns;
            to[0] = sum[i][j][2], to[1] = sum[i][j][3];
        }
}

KERNEL gemm_bfloat16(
    const uint8_t *a, const uint8_t *b, float *c, uint32_t columns, uint64_t depth_bytes) {
    product(a, b, c, columns, depth_bytes);
}

KERNEL gemm_int8(
    const uint8_t *a, const uint8_t *b, int32_t *c, uint32_t columns, uint64_t depth_bytes) {
    product(a, b, c, columns, depth_bytes);
}
