#pragma once
// Which instruction set the kernels run on. Every choice gives the same bits: the choice is about
// speed, and tests force each one in turn to prove it.

/// The instruction sets that kernels are compiled for.
enum althing_isa {
    /// Plain C with a software fused multiply-add on x86-64; NEON on arm64.
    ALTHING_ISA_BASELINE = 0,
    /// AVX2 with FMA3.
    ALTHING_ISA_AVX2 = 1,
    /// AVX-512 F, BW, DQ and VL.
    ALTHING_ISA_AVX512 = 2,
};

/// The fastest set this processor and its operating system support.
enum althing_isa althing_kernels_best_isa(void);

/// The set in use: the fastest one unless `althing_kernels_set_isa` chose another.
enum althing_isa althing_kernels_isa(void);

/// Chooses the set that later calls use, in every thread. Returns 0, or -1 (and changes nothing)
/// when this processor does not support it.
int althing_kernels_set_isa(enum althing_isa isa);

/// "avx512", "avx2", "neon" or "baseline".
const char *althing_kernels_isa_name(enum althing_isa isa);

/// Instructions beyond a set, each for one kernel; bits of a mask.
enum althing_extension {
    /// Products of bytes summed in 32 bits (`vpdpbusd`, 512 bits wide).
    ALTHING_EXTENSION_VNNI = 1,
    /// Products of bfloat16 pairs summed in single precision (`vdpbf16ps`, 512 bits wide).
    ALTHING_EXTENSION_BF16 = 2,
    /// SHA-256 rounds.
    ALTHING_EXTENSION_SHA = 4,
};

/// The extensions in use: those the processor has, those `althing_kernels_set_extensions` allowed,
/// and none when the instruction set was forced below the one they belong to.
unsigned althing_kernels_extensions(void);

/// Lets later calls use only the extensions in `mask`; all bits set is where everyone starts.
void althing_kernels_set_extensions(unsigned mask);

/// 1 when this thread rounds to nearest and keeps subnormal numbers, which the kernels' promise of
/// equal bits rests on; 0 when something loaded into the process has changed either.
int althing_floating_point_is_standard(void);
