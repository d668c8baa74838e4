// SHA-256 with the processor's instructions, two messages at a time: the rounds of one message wait
// for each other, those of two do not.
#if defined(__x86_64__)
#include "sha256_lanes.h"
#include "sha256_constants.h"
#include <immintrin.h>

#define NATIVE __attribute__((target("sha,sse4.1,ssse3")))
#define INLINE static inline __attribute__((always_inline)) NATIVE

struct state {
    __m128i abef, cdgh;
};

/// The instructions want the eight words as (a, b, e, f) and (c, d, g, h).
INLINE struct state load_state(const uint32_t *words) {
    __m128i low = _mm_loadu_si128((const __m128i *)words);
    __m128i high = _mm_loadu_si128((const __m128i *)(words + 4));
    low = _mm_shuffle_epi32(low, 0xb1);
    high = _mm_shuffle_epi32(high, 0x1b);
    return (struct state){_mm_alignr_epi8(low, high, 8), _mm_blend_epi16(high, low, 0xf0)};
}

INLINE void store_state(struct state state, uint32_t *words) {
    __m128i low = _mm_shuffle_epi32(state.abef, 0x1b);
    __m128i high = _mm_shuffle_epi32(state.cdgh, 0xb1);
    _mm_storeu_si128((__m128i *)words, _mm_blend_epi16(low, high, 0xf0));
    _mm_storeu_si128((__m128i *)(words + 4), _mm_alignr_epi8(high, low, 8));
}

INLINE __m128i load_words(const uint8_t *bytes) {
    const __m128i swap =
        _mm_set_epi64x(0x0c0d0e0f08090a0bll, 0x0405060700010203ll);
    return _mm_shuffle_epi8(_mm_loadu_si128((const __m128i *)bytes), swap);
}

/// Four rounds with the words `w`.
INLINE void four_rounds(struct state *state, __m128i w, int round) {
    __m128i sum = _mm_add_epi32(w, _mm_load_si128((const __m128i *)(sha256_round + round)));
    state->cdgh = _mm_sha256rnds2_epu32(state->cdgh, state->abef, sum);
    sum = _mm_shuffle_epi32(sum, 0x0e);
    state->abef = _mm_sha256rnds2_epu32(state->abef, state->cdgh, sum);
}

/// The next four words of the schedule, from the sixteen before.
INLINE __m128i next_words(__m128i w0, __m128i w1, __m128i w2, __m128i w3) {
    __m128i sum = _mm_add_epi32(_mm_sha256msg1_epu32(w0, w1), _mm_alignr_epi8(w3, w2, 4));
    return _mm_sha256msg2_epu32(sum, w3);
}

NATIVE void sha256_compress_two(
    uint32_t *first_state, const uint8_t *first_block, uint32_t *second_state,
    const uint8_t *second_block, size_t blocks) {
    struct state a = load_state(first_state), b = load_state(second_state);
    for (; blocks > 0; blocks--, first_block += 64, second_block += 64) {
        const struct state a_before = a, b_before = b;
        __m128i v[4], w[4];
        _Pragma("clang loop unroll(full)") for (int i = 0; i < 4; i++) {
            v[i] = load_words(first_block + 16 * i);
            w[i] = load_words(second_block + 16 * i);
        }
        _Pragma("clang loop unroll(full)") for (int i = 0; i < 16; i++) {
            four_rounds(&a, v[i % 4], 4 * i);
            four_rounds(&b, w[i % 4], 4 * i);
            if (i < 12) {
                v[i % 4] = next_words(v[i % 4], v[(i + 1) % 4], v[(i + 2) % 4], v[(i + 3) % 4]);
                w[i % 4] = next_words(w[i % 4], w[(i + 1) % 4], w[(i + 2) % 4], w[(i + 3) % 4]);
            }
        }
        a.abef = _mm_add_epi32(a.abef, a_before.abef);
        a.cdgh = _mm_add_epi32(a.cdgh, a_before.cdgh);
        b.abef = _mm_add_epi32(b.abef, b_before.abef);
        b.cdgh = _mm_add_epi32(b.cdgh, b_before.cdgh);
    }
    store_state(a, first_state);
    store_state(b, second_state);
}
#endif
