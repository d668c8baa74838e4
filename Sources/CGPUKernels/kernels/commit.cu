// What a chain of challenges does between its products and passes, so that nothing but digests has
// to leave the device (PTX for sm_70): sums become residues, residues lie down in panels, and the
// leaves and nodes of commitment trees are hashed.
#include "common.cuh"

// MARK: Residues modulo 127

__device__ __forceinline__ int32_t residue(int32_t value) {
    int32_t rest = value % 127;
    rest -= rest > 63 ? 127 : 0;
    rest += rest < -63 ? 127 : 0;
    return rest;
}

/// Sums are [column][row] of the round's matrix. They become the operand of the next round, in the
/// same order, and panels of 32 columns with rows side by side, which is what tiles are cut from.
/// 256 threads take a tile.
template <typename Sum, typename Store>
__device__ __forceinline__ void reduce(
    const Sum *sums, uint32_t size, int8_t *panels, Store store) {
    __shared__ int8_t tile[32][33];
    const uint32_t row = blockIdx.x * 32, column = blockIdx.y * 32;
    const uint32_t x = threadIdx.x % 32, y = threadIdx.x / 32;
    for (uint32_t i = y; i < 32; i += 8) {
        const uint64_t at = (uint64_t)(column + i) * size + row + x;
        const int32_t value = residue((int32_t)sums[at]);
        tile[i][x] = (int8_t)value;
        store(at, value);
    }
    __syncthreads();
    for (uint32_t i = y; i < 32; i += 8)
        panels[(uint64_t)column * size + (uint64_t)(row + i) * 32 + x] = tile[x][i];
}

KERNEL reduce_int32(const int32_t *sums, uint32_t size, int8_t *panels, int8_t *operands) {
    reduce(sums, size, panels, [=](uint64_t at, int32_t value) { operands[at] = (int8_t)value; });
}

KERNEL reduce_float(const float *sums, uint32_t size, int8_t *panels, uint16_t *operands) {
    reduce(sums, size, panels, [=](uint64_t at, int32_t value) {
        operands[at] = (uint16_t)(__float_as_uint((float)value) >> 16);
    });
}

// MARK: SHA-256 (FIPS 180-4)

__constant__ uint32_t rounds[64] = {
    0x428a2f98, 0x71374491, 0xb5c0fbcf, 0xe9b5dba5, 0x3956c25b, 0x59f111f1, 0x923f82a4, 0xab1c5ed5,
    0xd807aa98, 0x12835b01, 0x243185be, 0x550c7dc3, 0x72be5d74, 0x80deb1fe, 0x9bdc06a7, 0xc19bf174,
    0xe49b69c1, 0xefbe4786, 0x0fc19dc6, 0x240ca1cc, 0x2de92c6f, 0x4a7484aa, 0x5cb0a9dc, 0x76f988da,
    0x983e5152, 0xa831c66d, 0xb00327c8, 0xbf597fc7, 0xc6e00bf3, 0xd5a79147, 0x06ca6351, 0x14292967,
    0x27b70a85, 0x2e1b2138, 0x4d2c6dfc, 0x53380d13, 0x650a7354, 0x766a0abb, 0x81c2c92e, 0x92722c85,
    0xa2bfe8a1, 0xa81a664b, 0xc24b8b70, 0xc76c51a3, 0xd192e819, 0xd6990624, 0xf40e3585, 0x106aa070,
    0x19a4c116, 0x1e376c08, 0x2748774c, 0x34b0bcb5, 0x391c0cb3, 0x4ed8aa4a, 0x5b9cca4f, 0x682e6ff3,
    0x748f82ee, 0x78a5636f, 0x84c87814, 0x8cc70208, 0x90befffa, 0xa4506ceb, 0xbef9a3f7, 0xc67178f2};

__device__ __forceinline__ uint32_t spread(uint32_t x, int a, int b, int c) {
    return rotated(x, 32 - a) ^ rotated(x, 32 - b) ^ rotated(x, 32 - c);
}

__device__ __forceinline__ void compress(uint32_t (&h)[8], uint32_t (&w)[16]) {
    uint32_t x[8];
#pragma unroll
    for (int i = 0; i < 8; i++) x[i] = h[i];
#pragma unroll
    for (int t = 0; t < 64; t++) {
        if (t >= 16) {
            const uint32_t early = w[(t + 1) % 16], late = w[(t + 14) % 16];
            w[t % 16] += (rotated(early, 25) ^ rotated(early, 14) ^ early >> 3) + w[(t + 9) % 16]
                + (rotated(late, 15) ^ rotated(late, 13) ^ late >> 10);
        }
        const uint32_t chosen = (x[4] & x[5]) ^ (~x[4] & x[6]);
        const uint32_t most = (x[0] & x[1]) ^ (x[0] & x[2]) ^ (x[1] & x[2]);
        const uint32_t first = x[7] + spread(x[4], 6, 11, 25) + chosen + rounds[t] + w[t % 16];
        const uint32_t second = spread(x[0], 2, 13, 22) + most;
#pragma unroll
        for (int i = 7; i > 0; i--) x[i] = x[i - 1];
        x[4] += first;
        x[0] = first + second;
    }
#pragma unroll
    for (int i = 0; i < 8; i++) h[i] += x[i];
}

__device__ __forceinline__ uint32_t swapped(uint32_t x) { return __byte_perm(x, 0, 0x0123); }

/// The digest of the byte `prefix` and `count` words in memory, written to `out` in its byte order.
__device__ __forceinline__ void hash(
    uint32_t prefix, const uint32_t *words, uint32_t count, uint32_t *out) {
    uint32_t h[8] = {0x6a09e667, 0xbb67ae85, 0x3c6ef372, 0xa54ff53a,
                     0x510e527f, 0x9b05688c, 0x1f83d9ab, 0x5be0cd19};
    // The message is the prefix, the words, a byte of 0x80, zeros, and its length in bits: with the
    // prefix before it each word of the content straddles two of the message.
    const uint32_t blocks = (count + 1 + 2 + 15) / 16;
    uint32_t before = prefix;
    for (uint32_t block = 0; block < blocks; block++) {
        uint32_t w[16];
#pragma unroll
        for (uint32_t i = 0; i < 16; i++) {
            const uint32_t at = block * 16 + i;
            const uint32_t word =
                at < count ? swapped(words[at]) : at == count ? 0x80000000u : 0u;
            w[i] = at <= count ? before << 24 | word >> 8 : 0;
            before = word;
        }
        if (block == blocks - 1) w[15] = 8 * (4 * count + 1);
        compress(h, w);
    }
#pragma unroll
    for (int i = 0; i < 8; i++) out[i] = swapped(h[i]);
}

/// The digests of leaves of `words` words side by side; one thread a leaf.
KERNEL hash_leaves(const uint32_t *content, uint32_t words, uint64_t leaves, uint32_t *out) {
    const uint64_t index = (uint64_t)blockIdx.x * blockDim.x + threadIdx.x;
    if (index >= leaves) return;
    hash(0, content + index * words, words, out + index * 8);
}

/// One level up in `trees` trees of `width` nodes each, which lie side by side, into trees of half
/// as many; a node without a sibling is carried up. One thread a node.
KERNEL hash_level(const uint32_t *nodes, uint32_t width, uint64_t trees, uint32_t *out) {
    const uint32_t above = (width + 1) / 2;
    const uint64_t index = (uint64_t)blockIdx.x * blockDim.x + threadIdx.x;
    if (index >= trees * above) return;
    const uint64_t place = index % above;
    const uint32_t *from = nodes + (index / above * width + 2 * place) * 8;
    if (2 * place + 1 < width) {
        hash(1, from, 16, out + index * 8);
    } else {
        for (int i = 0; i < 8; i++) out[index * 8 + i] = from[i];
    }
}
