// A table that is dear to make and cheap to read: what proves that memory is there, and how long one
// access to it takes.
#include "include/suite.h"
#include "challenge_dispatch.h"
#include <string.h>

enum { LINE_WORDS = 16, LINES = MEMORY_PAGE / 64, ROUNDS = 20 };

#define ROTATE(x, r) ((x) << (r) | (x) >> (32 - (r)))
#define QUARTER(a, b, c, d) \
    a += b; d ^= a; d = ROTATE(d, 16); \
    c += d; b ^= c; b = ROTATE(b, 12); \
    a += b; d ^= a; d = ROTATE(d, 8); \
    c += d; b ^= c; b = ROTATE(b, 7);

typedef uint32_t Words1;
typedef uint32_t Words4 __attribute__((vector_size(16)));
typedef uint32_t Words8 __attribute__((vector_size(32)));
typedef uint32_t Words16 __attribute__((vector_size(64)));

/// Defines a function that makes `lanes` pages side by side, from page `first` on. The state of a
/// page begins as a ChaCha block with the page's number for a counter; each line is the permuted
/// state added to the state, and becomes the state of the next.
#define PAGES_FUNCTION(name, Words, lanes, attributes) \
    attributes static void name(const uint32_t *key, uint64_t first, uint32_t *out) { \
        Words state[LINE_WORDS]; \
        uint32_t words[LINE_WORDS][lanes]; \
        for (int lane = 0; lane < lanes; lane++) { \
            uint64_t page = first + (uint64_t)lane; \
            words[0][lane] = 0x61707865u, words[1][lane] = 0x3320646eu; \
            words[2][lane] = 0x79622d32u, words[3][lane] = 0x6b206574u; \
            for (int i = 0; i < 8; i++) words[4 + i][lane] = key[i]; \
            words[12][lane] = (uint32_t)page, words[13][lane] = (uint32_t)(page >> 32); \
            words[14][lane] = 0x6d656d6fu, words[15][lane] = 0x72792070u; \
        } \
        memcpy(state, words, sizeof state); \
        for (int line = 0; line < LINES; line++) { \
            Words x[LINE_WORDS]; \
            memcpy(x, state, sizeof x); \
            for (int round = 0; round < ROUNDS; round += 2) { \
                QUARTER(x[0], x[4], x[8], x[12]) \
                QUARTER(x[1], x[5], x[9], x[13]) \
                QUARTER(x[2], x[6], x[10], x[14]) \
                QUARTER(x[3], x[7], x[11], x[15]) \
                QUARTER(x[0], x[5], x[10], x[15]) \
                QUARTER(x[1], x[6], x[11], x[12]) \
                QUARTER(x[2], x[7], x[8], x[13]) \
                QUARTER(x[3], x[4], x[9], x[14]) \
            } \
            for (int i = 0; i < LINE_WORDS; i++) state[i] += x[i]; \
            memcpy(words, state, sizeof words); \
            for (int lane = 0; lane < lanes; lane++) \
                for (int i = 0; i < LINE_WORDS; i++) \
                    out[(lane * LINES + line) * LINE_WORDS + i] = words[i][lane]; \
        } \
    }

PAGES_FUNCTION(page_alone, Words1, 1, )
PAGES_FUNCTION(pages_baseline, Words4, 4, )
#ifdef CHALLENGE_X86
PAGES_FUNCTION(pages_avx2, Words8, 8, CHALLENGE_AVX2)
PAGES_FUNCTION(pages_avx512, Words16, 16, CHALLENGE_AVX512)
#endif

void memory_fill(const uint8_t *key_bytes, uint64_t first, size_t count, uint64_t *out) {
    uint32_t key[8];
    memcpy(key, key_bytes, sizeof key);
    void (*make)(const uint32_t *, uint64_t, uint32_t *) = pages_baseline;
    size_t lanes = 4;
#ifdef CHALLENGE_X86
    if (CHALLENGE_HAS_AVX512)
        make = pages_avx512, lanes = 16;
    else if (CHALLENGE_HAS_AVX2)
        make = pages_avx2, lanes = 8;
#endif
    for (size_t page = 0; page < count; page += lanes)
        make(key, first + page, (uint32_t *)(out + page * MEMORY_PAGE_ENTRIES));
}

/// The entry a state names: its upper bits, spread over the table without a division.
static inline uint64_t entry_of(uint64_t state, uint64_t entries) {
    return (uint64_t)((unsigned __int128)state * entries >> 64);
}

/// The next state: a bijection for every entry, so that walks do not run together.
static inline uint64_t stepped(uint64_t state, uint64_t entry) {
    state = (state ^ entry) * 0xbf58476d1ce4e5b9ull;
    return state ^ state >> 29;
}

uint64_t memory_walk(const uint64_t *table, uint64_t entries, uint64_t state, uint64_t steps) {
    for (uint64_t step = 0; step < steps; step++)
        state = stepped(state, table[entry_of(state, entries)]);
    return state;
}

uint64_t memory_replay(const uint8_t *key_bytes, uint64_t entries, uint64_t state, uint64_t steps) {
    uint32_t key[8];
    uint64_t page[MEMORY_PAGE_ENTRIES];
    memcpy(key, key_bytes, sizeof key);
    for (uint64_t step = 0; step < steps; step++) {
        uint64_t entry = entry_of(state, entries);
        page_alone(key, entry / MEMORY_PAGE_ENTRIES, (uint32_t *)page);
        state = stepped(state, page[entry % MEMORY_PAGE_ENTRIES]);
    }
    return state;
}
