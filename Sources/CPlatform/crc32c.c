// CRC32C (Castagnoli): the processor's instruction where there is one, a table elsewhere.

#include "CPlatform.h"

#include <string.h>

// Slicing by eight; the tables are built once, before main, from nothing but the polynomial.
#define POLYNOMIAL 0x82F63B78u
#define STEP(x) (((x) >> 1) ^ (((x) & 1u) ? POLYNOMIAL : 0u))

static uint32_t tables[8][256];

__attribute__((constructor)) static void build_tables(void) {
    for (uint32_t value = 0; value < 256; value++) {
        uint32_t rest = value;
        for (int bit = 0; bit < 8; bit++) rest = STEP(rest);
        tables[0][value] = rest;
    }
    for (int slice = 1; slice < 8; slice++) {
        for (int value = 0; value < 256; value++) {
            uint32_t before = tables[slice - 1][value];
            tables[slice][value] = (before >> 8) ^ tables[0][before & 0xFF];
        }
    }
}

uint32_t cplatform_crc32c_portable(uint32_t checksum, const void *bytes, size_t count) {
    const unsigned char *next = bytes;
    uint32_t rest = ~checksum;
    while (count >= 8) {
        uint32_t low, high;
        memcpy(&low, next, 4);
        memcpy(&high, next + 4, 4);
        low ^= rest;
        rest = tables[7][low & 0xFF] ^ tables[6][(low >> 8) & 0xFF] ^
               tables[5][(low >> 16) & 0xFF] ^ tables[4][low >> 24] ^
               tables[3][high & 0xFF] ^ tables[2][(high >> 8) & 0xFF] ^
               tables[1][(high >> 16) & 0xFF] ^ tables[0][high >> 24];
        next += 8;
        count -= 8;
    }
    while (count-- > 0) rest = (rest >> 8) ^ tables[0][(rest ^ *next++) & 0xFF];
    return ~rest;
}

#if defined(__x86_64__)
#include <nmmintrin.h>

__attribute__((target("sse4.2"))) static uint32_t crc32c_instruction(
    uint32_t checksum, const void *bytes, size_t count) {
    const unsigned char *next = bytes;
    uint64_t rest = (uint32_t)~checksum;
    while (count >= 8) {
        uint64_t word;
        memcpy(&word, next, 8);
        rest = _mm_crc32_u64(rest, word);
        next += 8;
        count -= 8;
    }
    uint32_t tail = (uint32_t)rest;
    while (count-- > 0) tail = _mm_crc32_u8(tail, *next++);
    return ~tail;
}

static int has_instruction(void) { return __builtin_cpu_supports("sse4.2"); }

#elif defined(__aarch64__) && defined(__linux__)
#include <arm_acle.h>
#include <sys/auxv.h>

__attribute__((target("+crc"))) static uint32_t crc32c_instruction(
    uint32_t checksum, const void *bytes, size_t count) {
    const unsigned char *next = bytes;
    uint32_t rest = ~checksum;
    while (count >= 8) {
        uint64_t word;
        memcpy(&word, next, 8);
        rest = __crc32cd(rest, word);
        next += 8;
        count -= 8;
    }
    while (count-- > 0) rest = __crc32cb(rest, *next++);
    return ~rest;
}

static int has_instruction(void) { return (getauxval(AT_HWCAP) & (1UL << 7)) != 0; }

#else

static uint32_t crc32c_instruction(uint32_t checksum, const void *bytes, size_t count) {
    return cplatform_crc32c_portable(checksum, bytes, count);
}

static int has_instruction(void) { return 0; }

#endif

uint32_t cplatform_crc32c(uint32_t checksum, const void *bytes, size_t count) {
    return has_instruction() ? crc32c_instruction(checksum, bytes, count)
                             : cplatform_crc32c_portable(checksum, bytes, count);
}
