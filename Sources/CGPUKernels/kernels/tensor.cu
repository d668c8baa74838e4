// Products on tensor cores for Ampere and later (PTX for sm_80): bfloat16 with sums in single
// precision, and bytes with sums in 32 bits. On Hopper those of hopper.cu are several times faster.
//
// C = A B^T: A is [rows][depth], B [columns][depth], both with the depth side by side, which is how
// the instruction wants them. Both formats take 32 bytes of depth an instruction, so that one body
// serves them. Any number of rows and columns, and a depth of a multiple of 16 bytes. Exact
// integers make the result the same on every device and in every order.
#include "common.cuh"

enum { TILE = 128, STEP = 64, STAGES = 3, THREADS = 256 };

/// Sixteen-byte chunks of a row change places so that eight rows of one column never share a bank.
__device__ __forceinline__ uint32_t swizzled(uint32_t row, uint32_t chunk) {
    return row * STEP + ((chunk ^ (row >> 1 & 3)) << 4);
}

/// Copies a chunk, or as many zeros where there is none.
__device__ __forceinline__ void copy_chunk(uint32_t to, const void *from, bool there) {
    asm volatile("cp.async.cg.shared.global [%0], [%1], 16, %2;" ::"r"(to), "l"(from),
                 "r"(there ? 16 : 0));
}

/// An operand: rows of `depth` bytes.
struct operand {
    const uint8_t *start;
    uint32_t rows;
    uint64_t depth;

    /// Starts the copy of one step of the tile that begins at row `first`.
    __device__ __forceinline__ void copy(uint32_t to, uint32_t first, uint32_t step) const {
        for (uint32_t i = threadIdx.x; i < TILE * STEP / 16; i += THREADS) {
            const uint32_t row = i / 4, chunk = i % 4;
            const uint64_t at = (uint64_t)step * STEP + chunk * 16;
            const bool there = first + row < rows && at < depth;
            const uint8_t *from = there ? start + (first + row) * depth + at : start;
            copy_chunk(to + swizzled(row, chunk), from, there);
        }
    }
};

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
__device__ __forceinline__ void product(operand a, operand b, Sum *c) {
    __shared__ __align__(128) uint8_t memory[STAGES * 2 * TILE * STEP];
    const uint32_t base = (uint32_t)__cvta_generic_to_shared(memory);
    const uint32_t warp = threadIdx.x / 32, lane = threadIdx.x % 32;
    const uint32_t row0 = warp / 4 * 64, column0 = warp % 4 * 32;
    const uint32_t first_row = blockIdx.y * TILE, first_column = blockIdx.x * TILE;
    Sum sum[4][4][4] = {};
    const uint32_t steps = (uint32_t)((a.depth + STEP - 1) / STEP);
    auto copy = [&](uint32_t step) {
        const uint32_t to = base + step % STAGES * 2 * TILE * STEP;
        if (step < steps) {
            a.copy(to, first_row, step);
            b.copy(to + TILE * STEP, first_column, step);
        }
        asm volatile("cp.async.commit_group;");
    };
    for (uint32_t step = 0; step < STAGES - 1; step++) copy(step);
    for (uint32_t step = 0; step < steps; step++) {
        asm volatile("cp.async.wait_group %0;" ::"n"(STAGES - 2));
        __syncthreads();
        copy(step + STAGES - 1);
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
            const uint32_t row = first_row + row0 + 16 * i + lane / 4;
            const uint32_t column = first_column + column0 + 8 * j + lane % 4 * 2;
#pragma unroll
            for (uint32_t k = 0; k < 4; k++)
                if (row + k / 2 * 8 < a.rows && column + k % 2 < b.rows)
                    c[(uint64_t)(row + k / 2 * 8) * b.rows + column + k % 2] = sum[i][j][k];
        }
}

KERNEL gemm_bfloat16(
    const uint8_t *a, const uint8_t *b, float *c, uint32_t rows, uint32_t columns,
    uint64_t depth_bytes) {
    product(operand{a, rows, depth_bytes}, operand{b, columns, depth_bytes}, c);
}

KERNEL gemm_int8(
    const uint8_t *a, const uint8_t *b, int32_t *c, uint32_t rows, uint32_t columns,
    uint64_t depth_bytes) {
    product(operand{a, rows, depth_bytes}, operand{b, columns, depth_bytes}, c);
}
