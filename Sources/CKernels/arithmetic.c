// Arithmetic that needs no memory: a chain of roundings, and a walk with branches.
#include "include/suite.h"
#include "kernel_table.h"

void fma_chain(float *x, const float *c, size_t count, uint64_t steps) {
    althing_kernels()->fma_chain(x, c, count, steps);
}

static inline uint64_t rotate(uint64_t value, unsigned by) {
    by &= 63;
    return value << by | value >> (-by & 63);
}

void integer_mix(const uint64_t *table, uint64_t *state, uint64_t steps) {
    uint64_t a = state[0], b = state[1], c = state[2], d = state[3];
    for (uint64_t step = 0; step < steps; step++) {
        const uint64_t entry = table[(a ^ a >> 32) % INTEGER_MIX_ENTRIES];
        // A branch on what was just read.
        switch ((entry + b) & 7) {
        case 0: a += entry ^ b; break;
        case 1: a = rotate(a, (unsigned)entry >> 8) + c; break;
        case 2: b = b * (entry | 1) + d; break;
        case 3: c ^= entry + rotate(d, 17); break;
        case 4: d += a & entry; break;
        case 5: c = c > d ? c - entry : d - entry; break;
        case 6: b ^= (uint64_t)__builtin_popcountll(entry ^ c) + entry; break;
        default: d = rotate(d ^ entry, (unsigned)c); break;
        }
        a = (a ^ a >> 31) * 0x9e3779b97f4a7c15ull + entry + step;
    }
    state[0] = a, state[1] = b, state[2] = c, state[3] = d;
}
