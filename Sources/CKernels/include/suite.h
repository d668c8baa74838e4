#pragma once
// The kernels of the suite that are neither matrix products nor the stream chain. All of them are
// exact: integers, or floating point operations that IEEE 754 rounds one way only. Callers own the
// memory, check every size, and divide the work among threads.
#include <stddef.h>
#include <stdint.h>

// MARK: Memory: a table that is dear to make and cheap to read

/// Bytes in a page, and 64-bit entries in it.
#define MEMORY_PAGE 4096
#define MEMORY_PAGE_ENTRIES 512
/// Pages that are made side by side: `memory_fill` makes whole groups of them.
#define MEMORY_PAGE_GROUP 16

/// Makes pages `first ..< first + count` of the table under a 32-byte key; `count` is a multiple of
/// MEMORY_PAGE_GROUP.
///
/// A page is one chain of 64 ChaCha20 permutations, each starting from the line before it. Making
/// many pages fills a vector unit; making one, to answer for memory that is not there, is a chain
/// of multiples of the latency of a memory access.
void memory_fill(const uint8_t *key, uint64_t first, size_t count, uint64_t *out);

/// Takes `steps` dependent steps through a table of `entries` entries: each reads the entry that
/// the state names and mixes it in. Returns the last state.
uint64_t memory_walk(const uint64_t *table, uint64_t entries, uint64_t state, uint64_t steps);

/// The same without the table: each step makes the page it needs. What a verifier runs on a
/// segment.
uint64_t memory_replay(const uint8_t *key, uint64_t entries, uint64_t state, uint64_t steps);

// MARK: SHA-256

/// Replaces each of `lanes` 32-byte digests by the SHA-256 of itself, `steps` times.
void sha256_chain(uint8_t *digests, size_t lanes, uint64_t steps);

/// The SHA-256 of two messages of one length, each with the byte `prefix` before it: hashed side by
/// side where the processor has SHA instructions, whose latency one message cannot fill.
void sha256_pair(
    uint8_t prefix, const uint8_t *first, const uint8_t *second, size_t count, uint8_t *first_out,
    uint8_t *second_out);

// MARK: Number-theoretic transform

/// 15 * 2^27 + 1: a prime whose multiplicative group has subgroups of every power of two to 2^27.
#define NTT_PRIME 2013265921u

/// Fills `2^log2` entries of twiddle factors for transforms of size 2^log2 (1 to 24).
void ntt_prepare(unsigned log2, uint32_t *twiddles);

/// Transforms 2^log2 residues (each below NTT_PRIME) in place: values[k] becomes
/// sum_i values[i] w^(i rev(k)), results in bit-reversed order, w the root of `ntt_root`.
void ntt_forward(unsigned log2, const uint32_t *twiddles, uint32_t *values);

/// The root of unity of order 2^log2 that the transform uses.
uint32_t ntt_root(unsigned log2);

/// sum_i a[i] b[i] modulo NTT_PRIME.
uint32_t ntt_dot(const uint32_t *a, const uint32_t *b, size_t count);

// MARK: Arithmetic without memory

/// Lanes that `fma_chain` works on at a time: every count is a multiple of it.
#define FMA_CHAIN_GROUP 128

/// x = x * x - c, rounded once, `steps` times on each of `count` lanes. For c in [1.5, 2) and x in
/// [-1, 1] the values stay in [-2, 2] and each rounding decides all that follows, so there is no
/// closed form and no other order of work.
void fma_chain(float *x, const float *c, size_t count, uint64_t steps);

/// Entries of the table of `integer_mix`: 256 KiB.
#define INTEGER_MIX_ENTRIES 32768

/// Walks the table with branches that nobody can predict: each step reads an entry and does one of
/// eight integer operations on the four words of state, as the entry says.
void integer_mix(const uint64_t *table, uint64_t *state, uint64_t steps);

// MARK: Layers of neural networks

/// Causal attention of one head: out = softmax(q k^T / sqrt(size)) v, row by row.
///
/// Rows lie `stride` floats apart; size is a multiple of 16, `first` of 32. Rows `first ..< last`
/// are computed, so that threads share the work and a verifier can ask for a few.
struct althing_attention {
    ptrdiff_t size, stride, first, last;
    const float *query, *key, *value;
    float *out;
};

/// How many floats of workspace, aligned to 64 bytes, `althing_attention_forward` needs when `last`
/// is at most `context`.
size_t althing_attention_workspace(ptrdiff_t context);

/// Computes the rows. Every instruction set and every division into rows gives the same bits.
void althing_attention_forward(const struct althing_attention *attention, float *workspace);

/// A 3 x 3 convolution with a border of one: `in` holds (height + 2) rows of (width + 2) positions
/// of `inputs` channels, the border included; `weights` is [3][3][inputs][outputs]; `out` holds
/// `height` rows of (width + 2) positions of `outputs` channels, of which the last two positions of
/// a row are left undefined.
struct althing_convolution {
    ptrdiff_t height, width, inputs, outputs;
    const float *in, *weights;
    float *out;
};

/// Computes one image on the calling thread; the workspace is that of `althing_gemm`.
void althing_convolve(const struct althing_convolution *convolution, float *workspace);
