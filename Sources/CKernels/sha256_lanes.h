#pragma once
// One SHA-256 compression of several messages side by side.
#include <stddef.h>
#include <stdint.h>

#if defined(__x86_64__)
/// Compresses one block of each of two messages with the processor's SHA instructions. States are in
/// the order of FIPS 180-4; blocks are bytes.
void sha256_compress_two(
    uint32_t *first_state, const uint8_t *first_block, uint32_t *second_state,
    const uint8_t *second_block, size_t blocks);
#endif
