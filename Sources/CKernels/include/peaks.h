#pragma once
// What no kernel can beat: the same instructions without memory, and memory without arithmetic. For
// the benchmarks.
#include <stddef.h>
#include <stdint.h>

/// Runs `steps` steps of the instructions that the product in use is made of, on registers alone, and
/// returns how many operations (two a multiply-add) that was; zero where the loop is not known for
/// this machine. `sink` receives a value that depends on all of them.
double althing_peak_float(uint64_t steps, float *sink);
double althing_peak_int8(uint64_t steps, float *sink);
double althing_peak_bfloat16(uint64_t steps, float *sink);

/// a = b + scale * c over `count` doubles (a multiple of 8, aligned to 64 bytes), past the caches where
/// the processor can: the STREAM triad (McCalpin, 1995).
void althing_triad(double *a, const double *b, const double *c, double scale, size_t count);
