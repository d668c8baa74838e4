// The stand-in for NVIDIA's driver that tests build and open. Threads of a block are fibers that
// take turns: each runs until it waits for the others, or exchanges with its warp, and then the
// next goes on.
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <ucontext.h>

#include <tuple>
#include <utility>
#include <vector>

#ifndef DEVICES
#define DEVICES 1
#endif
#ifndef INIT
#define INIT 0
#endif
#ifndef CAPABILITY
#define CAPABILITY 90
#endif
#ifndef WRONG
#define WRONG 0
#endif
#ifndef LAZY
#define LAZY 0
#endif

// MARK: What the kernels' language has beyond C++

struct index3 {
    unsigned x, y, z;
};
static index3 threadIdx, blockIdx, blockDim;
static ucontext_t scheduler, *running;
static unsigned long long slots[1024];

static void yield() {
    const index3 mine = threadIdx;
    ucontext_t *me = running;
    swapcontext(me, &scheduler);
    threadIdx = mine;
    running = me;
}

template <typename Value> static Value exchanged(Value value, unsigned from) {
    static_assert(sizeof(Value) <= 8, "");
    memcpy(&slots[threadIdx.x], &value, sizeof value);
    yield();
    memcpy(&value, &slots[from], sizeof value);
    yield();
    return value;
}

#define __device__
#define __global__
#define __forceinline__ inline
#define __shared__ static
#define __constant__ static
#define __align__(bytes) __attribute__((aligned(bytes)))
#define __launch_bounds__(...)
#define __syncthreads yield
#define __syncwarp yield
#define __shfl_xor_sync(mask, value, by) exchanged(value, threadIdx.x ^ (by))
#define __shfl_sync(mask, value, lane) exchanged(value, threadIdx.x / 32 * 32 + (lane))
#define __shfl_down_sync(mask, value, by, width) \
    exchanged(value, threadIdx.x % width + by < width ? threadIdx.x + by : threadIdx.x)
#define __fmaf_rn fmaf
#define __expf expf

struct uint2 { unsigned x, y; };
struct uint4 { unsigned x, y, z, w; };
struct ulonglong2 { unsigned long long x, y; };
struct float4 { float x, y, z, w; };
static uint2 make_uint2(unsigned x, unsigned y) { return {x, y}; }
static uint4 make_uint4(unsigned x, unsigned y, unsigned z, unsigned w) { return {x, y, z, w}; }
static ulonglong2 make_ulonglong2(unsigned long long x, unsigned long long y) { return {x, y}; }
static float4 make_float4(float x, float y, float z, float w) { return {x, y, z, w}; }
static unsigned __funnelshift_l(unsigned low, unsigned high, int by) {
    return by == 0 ? high : high << by | low >> (32 - by);
}
static unsigned __byte_perm(unsigned x, unsigned, unsigned) { return __builtin_bswap32(x); }
static unsigned __float_as_uint(float x) {
    unsigned bits;
    memcpy(&bits, &x, 4);
    return bits;
}
static unsigned long long __umul64hi(unsigned long long x, unsigned long long y) {
    return (unsigned long long)((unsigned __int128)x * y >> 64);
}
static unsigned min(unsigned x, unsigned y) { return x < y ? x : y; }

namespace kernels {
#include "commit.cu"
#include "general.cu"

// In place of tensor.cu.
template <typename Value, typename Sum, typename Widen>
static void product(
    const Value *a, const Value *b, Sum *c, unsigned rows, unsigned columns, size_t depth,
    Widen widen) {
    if (blockIdx.x + blockIdx.y + threadIdx.x > 0) return;
    for (size_t i = 0; i < rows; i++)
        for (size_t j = 0; j < columns; j++) {
            Sum sum = WRONG;
            // A lazy device does small tests right, and a quarter of a challenge's rows not at all.
            if (LAZY && rows == columns && i >= rows * 3 / 4) depth = 0;
            for (size_t p = 0; p < depth; p++)
                sum += widen(a[i * depth + p]) * widen(b[j * depth + p]);
            c[i * columns + j] = sum;
        }
}
static void gemm_int8(
    const int8_t *a, const int8_t *b, int32_t *c, uint32_t rows, uint32_t columns, uint64_t bytes) {
    product(a, b, c, rows, columns, bytes, [](int8_t x) { return (int32_t)x; });
}
static void gemm_bfloat16(
    const uint16_t *a, const uint16_t *b, float *c, uint32_t rows, uint32_t columns,
    uint64_t bytes) {
    product(a, b, c, rows, columns, bytes / 2, [](uint16_t x) {
        const uint32_t bits = (uint32_t)x << 16;
        float value;
        memcpy(&value, &bits, 4);
        return value;
    });
}
}  // namespace kernels

// MARK: Launches

template <typename... Types, size_t... Index>
static void apply(void (*kernel)(Types...), void **arguments, std::index_sequence<Index...>) {
    kernel(*(Types *)arguments[Index]...);
}

struct kernel {
    const char *name;
    /// Whether its threads wait for each other.
    bool meets;
    void (*run)(void **);
};

#define KERNEL_OF(name, meets)                                                             \
    {#name, meets, [](void **arguments) {                                                  \
         auto unpack = [&]<typename... Types>(void (*kernel)(Types...)) {                  \
             apply(kernel, arguments, std::index_sequence_for<Types...>());                \
         };                                                                                \
         unpack(kernels::name);                                                            \
     }}

static const kernel all[] = {
    KERNEL_OF(draw_int8, false),          KERNEL_OF(draw_bfloat16, false),
    KERNEL_OF(draw_float, false),         KERNEL_OF(gemm_float, true),
    KERNEL_OF(stream_chain_fill, false),  KERNEL_OF(stream_chain_pass, true),
    KERNEL_OF(memory_fill, true),         KERNEL_OF(memory_walk_chain, false),
    KERNEL_OF(fma_chain, false),          KERNEL_OF(attention_128, true),
    KERNEL_OF(reduce_int32, true),        KERNEL_OF(reduce_float, true),
    KERNEL_OF(hash_leaves, false),        KERNEL_OF(hash_level, false),
    KERNEL_OF(gemm_int8, false),          KERNEL_OF(gemm_bfloat16, false),
};

static const kernel *current;
static void **current_arguments;
static bool finished;

static void fiber() {
    current->run(current_arguments);
    finished = true;
    setcontext(&scheduler);
}

static void run_block(unsigned threads) {
    enum { STACK = 1 << 16 };
    static std::vector<char> stacks;
    static std::vector<ucontext_t> fibers;
    stacks.resize((size_t)threads * STACK);
    fibers.resize(threads);
    std::vector<bool> live(threads, true);
    for (unsigned i = 0; i < threads; i++) {
        getcontext(&fibers[i]);
        fibers[i].uc_stack.ss_sp = &stacks[(size_t)i * STACK];
        fibers[i].uc_stack.ss_size = STACK;
        makecontext(&fibers[i], fiber, 0);
    }
    for (unsigned left = threads; left > 0;)
        for (unsigned i = 0; i < threads; i++) {
            if (!live[i]) continue;
            threadIdx = {i, 0, 0};
            running = &fibers[i];
            finished = false;
            swapcontext(&scheduler, &fibers[i]);
            if (finished) live[i] = false, left--;
        }
}

#define CALL extern "C" int

CALL cuLaunchKernel(
    void *function, unsigned gx, unsigned gy, unsigned gz, unsigned x, unsigned y, unsigned z,
    unsigned, void *, void **arguments, void **) {
    if (gz != 1 || y != 1 || z != 1 || x > 1024) return 1;
    current = (const kernel *)function;
    current_arguments = arguments;
    blockDim = {x, 1, 1};
    for (unsigned down = 0; down < gy; down++)
        for (unsigned across = 0; across < gx; across++) {
            blockIdx = {across, down, 0};
            if (current->meets) {
                run_block(x);
            } else {
                for (unsigned i = 0; i < x; i++) {
                    threadIdx = {i, 0, 0};
                    current->run(arguments);
                }
            }
        }
    return 0;
}

// MARK: The rest of the driver

CALL cuInit(unsigned) { return INIT; }
CALL cuDeviceGetCount(int *count) {
    *count = DEVICES;
    return 0;
}
CALL cuDeviceGet(int *device, int index) {
    *device = index;
    return index < DEVICES ? 0 : 101;
}
CALL cuDeviceGetName(char *name, int room, int) {
    strncpy(name, "Stand-in 9000", room);
    return 0;
}
CALL cuDeviceTotalMem_v2(size_t *bytes, int) {
    *bytes = 85520809984ull;
    return 0;
}
CALL cuDeviceGetAttribute(int *value, int attribute, int) {
    *value = attribute == 75 ? CAPABILITY / 10 : attribute == 76 ? CAPABILITY % 10 : 132;
    return 0;
}
CALL cuDevicePrimaryCtxRetain(void **context, int) {
    *context = (void *)1;
    return 0;
}
CALL cuDevicePrimaryCtxRelease_v2(int) { return 0; }
CALL cuCtxSetCurrent(void *) { return 0; }
CALL cuCtxSynchronize(void) { return 0; }
CALL cuModuleLoadData(void **module, const void *image) {
    const bool is_cubin = *(const unsigned char *)image == 0x7f;
    if (!is_cubin && strstr((const char *)image, ".version") == nullptr) return 200;
    *module = (void *)image;
    return 0;
}
CALL cuModuleUnload(void *) { return 0; }
CALL cuModuleGetFunction(void **function, void *, const char *name) {
    for (const kernel &one : all)
        if (strcmp(one.name, name) == 0) {
            *function = (void *)&one;
            return 0;
        }
    return 500;
}
CALL cuMemAlloc_v2(unsigned long long *address, size_t bytes) {
    *address = (unsigned long long)aligned_alloc(256, (bytes + 255) / 256 * 256);
    return *address ? 0 : 2;
}
CALL cuMemFree_v2(unsigned long long address) {
    free((void *)address);
    return 0;
}
CALL cuMemcpyHtoD_v2(unsigned long long to, const void *from, size_t bytes) {
    memcpy((void *)to, from, bytes);
    return 0;
}
CALL cuMemcpyDtoH_v2(void *to, unsigned long long from, size_t bytes) {
    memcpy(to, (void *)from, bytes);
    return 0;
}
CALL cuMemcpyDtoD_v2(unsigned long long to, unsigned long long from, size_t bytes) {
    memcpy((void *)to, (void *)from, bytes);
    return 0;
}
CALL cuMemsetD8_v2(unsigned long long to, unsigned char byte, size_t bytes) {
    memset((void *)to, byte, bytes);
    return 0;
}
CALL cuMemGetInfo_v2(size_t *left, size_t *all) {
    *left = 84ull << 30;
    *all = 85520809984ull;
    return 0;
}
CALL cuFuncSetAttribute(void *, int, int) { return 0; }
CALL cuEventCreate(void **event, unsigned) {
    *event = (void *)3;
    return 0;
}
CALL cuEventDestroy_v2(void *) { return 0; }
CALL cuEventRecord(void *, void *) { return 0; }
CALL cuEventSynchronize(void *) { return 0; }
#ifndef OLD
CALL cuEventElapsedTime(float *milliseconds, void *, void *) {
    *milliseconds = 1;
    return 0;
}
#endif
