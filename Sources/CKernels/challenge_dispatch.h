#pragma once
// How the challenge kernels meet the machine: one body, compiled once for each instruction set.
//
// A body is written once as an always-inlined function in portable C; CHALLENGE_VARIANTS wraps it in
// one function per instruction set and a dispatcher that picks the one in use (isa.h).
#include "include/isa.h"

#if defined(__x86_64__) && !defined(CHALLENGE_PORTABLE)
#define CHALLENGE_X86 1
#define CHALLENGE_AVX512 __attribute__((target("avx512f,avx512bw,avx512dq,avx512vl"), noinline))
#define CHALLENGE_AVX2 __attribute__((target("avx2,fma"), noinline))
#define CHALLENGE_HAS_AVX512 (althing_kernels_isa() >= ALTHING_ISA_AVX512)
#define CHALLENGE_HAS_AVX2 (althing_kernels_isa() >= ALTHING_ISA_AVX2)
#endif

#define CHALLENGE_BODY static inline __attribute__((always_inline))

#ifdef CHALLENGE_X86
/// Defines `name` with `parameters`, which calls `body` with `arguments` in the best variant.
#define CHALLENGE_VARIANTS(name, body, parameters, arguments) \
    CHALLENGE_AVX512 static void name##_avx512 parameters { body arguments; } \
    CHALLENGE_AVX2 static void name##_avx2 parameters { body arguments; } \
    static void name##_baseline parameters { body arguments; } \
    void name parameters { \
        if (CHALLENGE_HAS_AVX512) { \
            name##_avx512 arguments; \
        } else if (CHALLENGE_HAS_AVX2) { \
            name##_avx2 arguments; \
        } else { \
            name##_baseline arguments; \
        } \
    }
#else
#define CHALLENGE_VARIANTS(name, body, parameters, arguments) \
    void name parameters { body arguments; }
#endif
