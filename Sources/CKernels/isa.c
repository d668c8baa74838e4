// Chooses the kernels at run time.
#include "include/isa.h"
#include <stdatomic.h>
#include <stdint.h>
#include "kernel_table.h"
#if defined(__x86_64__)
#include <cpuid.h>
#endif

/// -1 until somebody chose.
static _Atomic int chosen = -1;

enum althing_isa althing_kernels_best_isa(void) {
#if defined(__x86_64__)
    __builtin_cpu_init();
    int avx2 = __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma");
    if (avx2 && __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512bw")
        && __builtin_cpu_supports("avx512dq") && __builtin_cpu_supports("avx512vl"))
        return ALTHING_ISA_AVX512;
    if (avx2) return ALTHING_ISA_AVX2;
#endif
    return ALTHING_ISA_BASELINE;
}

enum althing_isa althing_kernels_isa(void) {
    int isa = atomic_load_explicit(&chosen, memory_order_relaxed);
    if (isa >= 0) return (enum althing_isa)isa;
    // Two threads may both come here first; both store the same answer.
    enum althing_isa best = althing_kernels_best_isa();
    int unchosen = -1;
    atomic_compare_exchange_strong(&chosen, &unchosen, (int)best);
    return (enum althing_isa)atomic_load_explicit(&chosen, memory_order_relaxed);
}

int althing_kernels_set_isa(enum althing_isa isa) {
    if ((int)isa < 0 || isa > althing_kernels_best_isa()) return -1;
    atomic_store_explicit(&chosen, (int)isa, memory_order_relaxed);
    return 0;
}

static _Atomic unsigned allowed = ~0u;

static unsigned present_extensions(void) {
    unsigned present = 0;
#if defined(__x86_64__)
    __builtin_cpu_init();
    if (__builtin_cpu_supports("avx512vnni")) present |= ALTHING_EXTENSION_VNNI;
    if (__builtin_cpu_supports("avx512bf16")) present |= ALTHING_EXTENSION_BF16;
    // The compiler's own question does not know SHA: leaf 7, register B, bit 29.
    unsigned a, b, c, d;
    if (__get_cpuid_count(7, 0, &a, &b, &c, &d) && (b >> 29 & 1)
        && __builtin_cpu_supports("sse4.1"))
        present |= ALTHING_EXTENSION_SHA;
#endif
    return present;
}

unsigned althing_kernels_extensions(void) {
    // Asked for once: the question traps to the host on a virtual machine.
    static _Atomic unsigned known = ~0u;
    unsigned present = atomic_load_explicit(&known, memory_order_relaxed);
    if (present == ~0u) {
        present = present_extensions();
        atomic_store_explicit(&known, present, memory_order_relaxed);
    }
    enum althing_isa isa = althing_kernels_isa();
    if (isa < ALTHING_ISA_AVX512) present &= ~(ALTHING_EXTENSION_VNNI | ALTHING_EXTENSION_BF16);
    if (isa < ALTHING_ISA_AVX2) present = 0;
    return present & atomic_load_explicit(&allowed, memory_order_relaxed);
}

void althing_kernels_set_extensions(unsigned mask) {
    atomic_store_explicit(&allowed, mask, memory_order_relaxed);
}

const char *althing_kernels_isa_name(enum althing_isa isa) {
    switch (isa) {
    case ALTHING_ISA_AVX512: return "avx512";
    case ALTHING_ISA_AVX2: return "avx2";
    case ALTHING_ISA_BASELINE: break;
    }
#if defined(__aarch64__)
    return "neon";
#else
    return "baseline";
#endif
}

int althing_floating_point_is_standard(void) {
    // Volatile, so that the processor and not the compiler does the arithmetic.
    volatile float smallest_normal = 0x1p-126f;
    volatile float subnormal = smallest_normal * 0.5f;
    volatile float doubled = subnormal * 2.0f;
    volatile float one = 1.0f;
    volatile float tie = one + 0x1p-24f;
    volatile float above = one + 0x1.8p-24f;
    volatile float below = -one - 0x1.8p-24f;
    return subnormal > 0.0f && doubled == smallest_normal && tie == 1.0f && above > 1.0f
        && below < -1.0f;
}

const struct kernel_table *althing_kernels(void) {
    switch (althing_kernels_isa()) {
#if defined(__x86_64__)
    case ALTHING_ISA_AVX512: return &althing_kernels_avx512;
    case ALTHING_ISA_AVX2: return &althing_kernels_avx2;
#endif
    default: return &althing_kernels_baseline;
    }
}
