// Products on Hopper's tensor cores (a cubin for sm_90a): bfloat16 with sums in single precision,
// and bytes with sums in 32 bits.
//
// C = A B^T as in tensor.cu, with any number of rows and columns and a depth of a multiple of 16
// bytes. Two blocks of a cluster make a tile of 256 x 256 sums, each 128 rows of it. In a block,
// one warp keeps the copy engine busy through a ring of stages, 128 bytes of depth each, and two
// groups of four warps multiply 64 rows each with `wgmma`. The blocks of a cluster need the same
// 256 rows of B: each fetches half and the engine writes it to both. Blocks stay for the whole
// product and take tile after tile, so that the copies of the next tile run while sums are stored.
#include "common.cuh"

enum {
    TILE = 128,            // rows of A, and rows of B fetched, for a block
    WIDTH = 2 * TILE,      // columns of a tile
    STEP = 128,            // bytes of depth a stage, as wide as the swizzle
    STAGES = 4,
    PART = TILE * STEP,    // bytes of one copy
    STAGE = 3 * PART,      // A, and both halves of B
    MULTIPLIERS = 2,       // groups of four warps that multiply
    THREADS = (1 + MULTIPLIERS) * 128,
    TALL = 8,              // tiles down before the next column: what is shared stays in the L2
    SUMS = 128,            // sums a thread holds
};

/// What the driver encodes of a matrix for the copy engine.
struct __align__(64) tensor_map {
    uint64_t opaque[16];
};

// MARK: Barriers

__device__ __forceinline__ void barrier_make(uint32_t at, uint32_t arrivals) {
    asm volatile("mbarrier.init.shared::cta.b64 [%0], %1;" ::"r"(at), "r"(arrivals) : "memory");
}

__device__ __forceinline__ void barrier_expect(uint32_t at, uint32_t bytes) {
    asm volatile("mbarrier.arrive.expect_tx.shared::cta.b64 _, [%0], %1;" ::"r"(at), "r"(bytes)
                 : "memory");
}

/// Arrives at the barrier of that place in block `block` of the cluster.
__device__ __forceinline__ void barrier_arrive(uint32_t at, uint32_t block) {
    asm volatile("{\n\t.reg .b32 there;\n\t"
                 "mapa.shared::cluster.u32 there, %0, %1;\n\t"
                 "mbarrier.arrive.shared::cluster.b64 _, [there];\n\t}" ::"r"(at),
                 "r"(block)
                 : "memory");
}

/// Waits until the phase of that parity is over.
__device__ __forceinline__ void barrier_wait(uint32_t at, uint32_t parity) {
    asm volatile("{\n\t.reg .pred done;\n\t"
                 "again:\n\t"
                 "mbarrier.try_wait.parity.shared::cta.b64 done, [%0], %1;\n\t"
                 "@done bra over;\n\t"
                 "bra again;\n\t"
                 "over:\n\t}" ::"r"(at),
                 "r"(parity)
                 : "memory");
}

/// Waits for every thread of the cluster.
__device__ __forceinline__ void cluster_meet() {
    asm volatile("barrier.cluster.arrive.release;\n\tbarrier.cluster.wait.acquire;" ::: "memory");
}

__device__ __forceinline__ uint32_t cluster_rank() {
    uint32_t rank;
    asm volatile("mov.u32 %0, %%cluster_ctarank;" : "=r"(rank));
    return rank;
}

// MARK: Copies

__device__ __forceinline__ void fetch(
    uint32_t to, const tensor_map *map, uint32_t depth, uint32_t row, uint32_t barrier) {
    asm volatile("cp.async.bulk.tensor.2d.shared::cluster.global.tile.mbarrier::complete_tx::bytes "
                 "[%0], [%1, {%2, %3}], [%4];" ::"r"(to),
                 "l"(map), "r"(depth), "r"(row), "r"(barrier)
                 : "memory");
}

/// The same to both blocks of the cluster, at the same place, and to the same barrier of each.
__device__ __forceinline__ void fetch_for_both(
    uint32_t to, const tensor_map *map, uint32_t depth, uint32_t row, uint32_t barrier) {
    asm volatile("cp.async.bulk.tensor.2d.shared::cluster.global.tile.mbarrier::complete_tx::bytes"
                 ".multicast::cluster [%0], [%1, {%2, %3}], [%4], %5;" ::"r"(to),
                 "l"(map), "r"(depth), "r"(row), "r"(barrier), "h"((uint16_t)3)
                 : "memory");
}

// MARK: Multiplication

/// How `wgmma` finds rows of 128 bytes, swizzled by the copy engine in groups of eight.
__device__ __forceinline__ uint64_t described(uint32_t at) {
    return (uint64_t)(at >> 4 & 0x3fff) | 1ull << 16 | (uint64_t)(8 * STEP >> 4) << 32 | 1ull << 62;
}

#define EIGHT(kind, i) \
    kind(d[i]), kind(d[i + 1]), kind(d[i + 2]), kind(d[i + 3]), kind(d[i + 4]), kind(d[i + 5]), \
        kind(d[i + 6]), kind(d[i + 7])
#define HELD(kind) \
    EIGHT(kind, 0), EIGHT(kind, 8), EIGHT(kind, 16), EIGHT(kind, 24), EIGHT(kind, 32), \
        EIGHT(kind, 40), EIGHT(kind, 48), EIGHT(kind, 56), EIGHT(kind, 64), EIGHT(kind, 72), \
        EIGHT(kind, 80), EIGHT(kind, 88), EIGHT(kind, 96), EIGHT(kind, 104), EIGHT(kind, 112), \
        EIGHT(kind, 120)
#define PLACES \
    "{%0, %1, %2, %3, %4, %5, %6, %7, %8, %9, %10, %11, %12, %13, %14, %15, %16, %17, %18, %19, " \
    "%20, %21, %22, %23, %24, %25, %26, %27, %28, %29, %30, %31, %32, %33, %34, %35, %36, %37, " \
    "%38, %39, %40, %41, %42, %43, %44, %45, %46, %47, %48, %49, %50, %51, %52, %53, %54, %55, " \
    "%56, %57, %58, %59, %60, %61, %62, %63, %64, %65, %66, %67, %68, %69, %70, %71, %72, %73, " \
    "%74, %75, %76, %77, %78, %79, %80, %81, %82, %83, %84, %85, %86, %87, %88, %89, %90, %91, " \
    "%92, %93, %94, %95, %96, %97, %98, %99, %100, %101, %102, %103, %104, %105, %106, %107, " \
    "%108, %109, %110, %111, %112, %113, %114, %115, %116, %117, %118, %119, %120, %121, %122, " \
    "%123, %124, %125, %126, %127}"

/// 64 x 256 sums and 32 bytes of depth; `more` is 0 where the sums begin.
__device__ __forceinline__ void multiply(float (&d)[SUMS], uint64_t a, uint64_t b, int32_t more) {
    asm volatile("{\n\t.reg .pred more;\n\tsetp.ne.b32 more, %130, 0;\n\t"
                 "wgmma.mma_async.sync.aligned.m64n256k16.f32.bf16.bf16 " PLACES
                 ", %128, %129, more, 1, 1, 0, 0;\n\t}"
                 : HELD("+f")
                 : "l"(a), "l"(b), "r"(more));
}

__device__ __forceinline__ void multiply(int32_t (&d)[SUMS], uint64_t a, uint64_t b, int32_t more) {
    asm volatile("{\n\t.reg .pred more;\n\tsetp.ne.b32 more, %130, 0;\n\t"
                 "wgmma.mma_async.sync.aligned.m64n256k32.s32.s8.s8 " PLACES
                 ", %128, %129, more;\n\t}"
                 : HELD("+r")
                 : "l"(a), "l"(b), "r"(more));
}

__device__ __forceinline__ void multiply_begin() {
    asm volatile("wgmma.fence.sync.aligned;" ::: "memory");
}

__device__ __forceinline__ void multiply_commit() {
    asm volatile("wgmma.commit_group.sync.aligned;" ::: "memory");
}

/// Waits until at most `LEFT` steps are under way.
template <int LEFT> __device__ __forceinline__ void multiply_wait() {
    asm volatile("wgmma.wait_group.sync.aligned %0;" ::"n"(LEFT) : "memory");
}

// MARK: The product

/// The tiles of a product in the order in which clusters take them.
struct tiles {
    uint32_t down, across;

    __device__ tiles(uint32_t rows, uint32_t columns)
        : down((rows + 2 * TILE - 1) / (2 * TILE)), across((columns + WIDTH - 1) / WIDTH) {}

    __device__ uint32_t count() const { return down * across; }

    /// The first row of the cluster, and the first column.
    __device__ void find(uint32_t index, uint32_t &row, uint32_t &column) const {
        const uint32_t band = index / (TALL * across), rest = index % (TALL * across);
        const uint32_t tall = min((uint32_t)TALL, down - band * TALL);
        row = (band * TALL + rest % tall) * 2 * TILE;
        column = rest / tall * WIDTH;
    }
};

/// A place in the ring of stages.
struct place {
    uint32_t stage = 0, parity = 0;

    __device__ __forceinline__ void advance() {
        stage = stage + 1 == STAGES ? 0 : stage + 1;
        parity ^= stage == 0;
    }
};

/// `store(row, column, x, y)` receives the sums of two columns side by side; it guards the edges.
template <typename Sum, typename Store>
__device__ __forceinline__ void product(
    const tensor_map *a, const tensor_map *b, uint32_t rows, uint32_t columns, uint32_t depth,
    Store store) {
    extern __shared__ __align__(1024) uint8_t memory[];
    __shared__ __align__(8) uint64_t barriers[2 * STAGES];
    const uint32_t base = ((uint32_t)__cvta_generic_to_shared(memory) + 1023) & ~1023u;
    const uint32_t full = (uint32_t)__cvta_generic_to_shared(barriers), empty = full + 8 * STAGES;
    const uint32_t rank = cluster_rank(), group = threadIdx.x / 128;
    const uint32_t steps = (depth + STEP - 1) / STEP;
    const tiles all(rows, columns);
    if (threadIdx.x == 0) {
        for (uint32_t i = 0; i < STAGES; i++) {
            barrier_make(full + 8 * i, 1);
            // Every multiplying warp of both blocks.
            barrier_make(empty + 8 * i, 2 * 4 * MULTIPLIERS);
        }
        asm volatile("fence.mbarrier_init.release.cluster;" ::: "memory");
    }
    cluster_meet();
    if (group == 0) {
        asm volatile("setmaxnreg.dec.sync.aligned.u32 40;");
        if (threadIdx.x == 0) {
            place at;
            for (uint32_t index = blockIdx.x / 2; index < all.count(); index += gridDim.x / 2) {
                uint32_t row, column;
                all.find(index, row, column);
                for (uint32_t step = 0; step < steps; step++, at.advance()) {
                    const uint32_t to = base + at.stage * STAGE, ready = full + 8 * at.stage;
                    barrier_wait(empty + 8 * at.stage, at.parity ^ 1);
                    barrier_expect(ready, STAGE);
                    fetch(to, a, step * STEP, row + rank * TILE, ready);
                    fetch_for_both(
                        to + (1 + rank) * PART, b, step * STEP, column + rank * TILE, ready);
                }
            }
        }
    } else {
        asm volatile("setmaxnreg.inc.sync.aligned.u32 232;");
        const uint32_t lane = threadIdx.x % 32, warp = threadIdx.x / 32 % 4;
        place at;
        for (uint32_t index = blockIdx.x / 2; index < all.count(); index += gridDim.x / 2) {
            Sum sum[SUMS];
            uint32_t before = 0;
            for (uint32_t step = 0; step < steps; step++, at.advance()) {
                barrier_wait(full + 8 * at.stage, at.parity);
                const uint32_t from = base + at.stage * STAGE;
                const uint64_t left = described(from + (group - 1) * (PART / 2));
                const uint64_t right = described(from + PART);
                multiply_begin();
#pragma unroll
                for (uint32_t part = 0; part < STEP / 32; part++)
                    multiply(sum, left + 2 * part, right + 2 * part, step > 0 || part > 0);
                multiply_commit();
                // The step before is over: its stage may be filled again, in both blocks.
                multiply_wait<1>();
                if (step > 0 && lane < 2) barrier_arrive(empty + 8 * before, lane);
                before = at.stage;
            }
            multiply_wait<0>();
            if (lane < 2) barrier_arrive(empty + 8 * before, lane);
            uint32_t row, column;
            all.find(index, row, column);
            row += rank * TILE + (group - 1) * 64 + warp * 16 + lane / 4;
            column += lane % 4 * 2;
#pragma unroll
            for (uint32_t j = 0; j < WIDTH / 8; j++) {
                store(row, column + 8 * j, sum[4 * j], sum[4 * j + 1]);
                store(row + 8, column + 8 * j, sum[4 * j + 2], sum[4 * j + 3]);
            }
        }
    }
    // No block leaves while the other may still arrive at its barriers.
    cluster_meet();
}

#define PRODUCT \
    extern "C" __global__ void __cluster_dims__(2, 1, 1) __launch_bounds__(THREADS, 1)

/// Stores two sums, side by side where they lie so.
template <typename Sum, typename Pair>
__device__ __forceinline__ void store_pair(
    Sum *c, uint32_t rows, uint32_t columns, uint32_t row, uint32_t column, Sum x, Sum y) {
    if (row >= rows || column >= columns) return;
    Sum *to = c + (uint64_t)row * columns + column;
    if (columns % 2 == 0) {
        *(Pair *)to = Pair{x, y};
    } else {
        to[0] = x;
        if (column + 1 < columns) to[1] = y;
    }
}

PRODUCT hopper_bfloat16(
    const __grid_constant__ tensor_map a, const __grid_constant__ tensor_map b, float *c,
    uint32_t rows, uint32_t columns, uint32_t depth_bytes) {
    product<float>(
        &a, &b, rows, columns, depth_bytes,
        [=](uint32_t row, uint32_t column, float x, float y) {
            store_pair<float, float2>(c, rows, columns, row, column, x, y);
        });
}

PRODUCT hopper_int8(
    const __grid_constant__ tensor_map a, const __grid_constant__ tensor_map b, int32_t *c,
    uint32_t rows, uint32_t columns, uint32_t depth_bytes) {
    product<int32_t>(
        &a, &b, rows, columns, depth_bytes,
        [=](uint32_t row, uint32_t column, int32_t x, int32_t y) {
            store_pair<int32_t, int2>(c, rows, columns, row, column, x, y);
        });
}
