#pragma once
// Kernels of the challenge protocol: what a prover must compute and what a verifier checks it with.
//
// Everything here is exact integer work: every instruction set gives the same bytes. The callers
// (Sources/Benchmarking) own the memory, check every size, and divide the work among threads; a
// function writes only where its arguments point, keeps no state, and may run on any thread.

#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

// MARK: Pseudorandom operands

/// Bytes that one group of sixteen ChaCha8 blocks fills; every count below is a multiple of it.
#define CHALLENGE_GROUP 1024

/// The first `count` bytes of stream `stream` under a 32-byte key.
///
/// ChaCha with 8 rounds, sixteen blocks at a time, laid out word by word across the sixteen blocks:
/// the order in which a vector unit has them, so that neither side pays for a transposition.
void challenge_random_bytes(
    const uint8_t *key, uint64_t stream, uint8_t *out, size_t count);

/// The same bytes brought into [-63, 63], the balanced residues modulo 127.
void challenge_operands(const uint8_t *key, uint64_t stream, int8_t *out, size_t count);

/// The same operands as single precision numbers.
void challenge_operands_float(const uint8_t *key, uint64_t stream, float *out, size_t count);

// MARK: Matrix chain

/// Rows in one band: the unit in which a matrix is drawn, committed to and uploaded.
#define CHALLENGE_BAND_ROWS 32

/// Brings exact integers below 2^24 to balanced residues modulo 127: in place, for the next product,
/// and as bytes, for the commitment.
void challenge_reduce(float *values, int8_t *bytes, size_t count);

/// 1 when every entry lies in [-63, 63], else 0.
int challenge_in_range(const int8_t *bytes, size_t count);

// MARK: Freivalds' check over GF(127)

/// How many random vectors a check uses: uniform ones let a wrong product pass with 127^-10 < 2^-69.
#define FREIVALDS_VECTORS 10

/// `out[v * out_stride + row] = sum_j band[row * n + j] * vectors[v * n + j]` for a band of `rows`
/// rows; entries of both in [-63, 63]; n is a multiple of 32, at most 4096.
void freivalds_rows(
    const int8_t *band, size_t rows, size_t n, const int8_t *vectors, int32_t *out,
    size_t out_stride);

/// `sums[v * n + j] += sum_row band[row * n + j] * weights[v * weight_stride + row]`: the same
/// matrix from its other side. `rows` is a multiple of 8. Weights, like entries, lie in [-63, 63].
void freivalds_columns(
    const int8_t *band, size_t rows, size_t n, const int8_t *weights, size_t weight_stride,
    int32_t *sums);

/// Balanced residues modulo 127.
void freivalds_reduce(const int32_t *values, int8_t *out, size_t count);

// MARK: Stream chain

/// Elements of eight bytes in a block, and blocks whose digests share a leaf of the pass's tree.
#define STREAM_CHAIN_BLOCK 8192
/// Bytes in the digest of one block after one pass.
#define STREAM_CHAIN_DIGEST 64

/// Fills block `block` of one of the three arrays from a base block that the session's key fills.
void stream_chain_fill(
    const uint64_t *base, uint64_t array, uint64_t block, uint64_t *out);

/// One pass over `blocks` blocks: `out = rotl(b + factor * c, 23) ^ b`, with a digest a block.
///
/// `streaming` asks for stores that bypass the caches: right for arrays far larger than they are,
/// wrong for a verifier that replays one block.
void stream_chain_pass(
    uint64_t *out, const uint64_t *b, const uint64_t *c, uint64_t factor, size_t blocks,
    uint8_t *digests, int streaming);

#ifdef __cplusplus
}
#endif
