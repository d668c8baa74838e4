// Prints one digest for what each kernel computes. Two machines that print different lines do not
// compute the same; `compare` runs this natively, on every instruction set, and as an arm64 program.
#include "CKernels.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

// What is computed here must not differ either.
#pragma STDC FP_CONTRACT OFF

static uint64_t lots_state;

/// SplitMix64 (Steele, Lea, Flood, 2014).
static uint64_t lot(void) {
    uint64_t z = lots_state += 0x9e3779b97f4a7c15ull;
    z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9ull;
    z = (z ^ z >> 27) * 0x94d049bb133111ebull;
    return z ^ z >> 31;
}

static void *memory(size_t bytes) {
    void *made = aligned_alloc(64, (bytes + 63) / 64 * 64);
    if (made == NULL) exit(1);
    memset(made, 0, (bytes + 63) / 64 * 64);
    return made;
}

static void digest(const char *name, const void *bytes, size_t count) {
    const uint8_t *from = bytes;
    uint64_t hash = 0xcbf29ce484222325ull;
    for (size_t i = 0; i < count; i++) hash = (hash ^ from[i]) * 0x100000001b3ull;
    printf("%-24s %016llx\n", name, (unsigned long long)hash);
}

static void randomise(float *values, size_t count, float scale) {
    for (size_t i = 0; i < count; i++) values[i] = ((float)(lot() >> 40) / 0x1p23f - 1.0f) * scale;
}

static void products(void) {
    enum { ROWS = 70, COLUMNS = 530, DEPTH = 611 };
    float *a = memory(4 * ROWS * DEPTH), *b = memory(4 * COLUMNS * DEPTH);
    float *c = memory(4 * ROWS * COLUMNS);
    randomise(a, ROWS * DEPTH, 1.0f), randomise(b, COLUMNS * DEPTH, 1.0f);
    float *workspace = memory(4 * althing_gemm_workspace());
    void *others = memory(althing_products_workspace());
    // Packed A, and A as it lies.
    for (int columns = COLUMNS; columns >= 100; columns -= 400) {
        althing_gemm(
            &(struct althing_product){
                .rows = ROWS, .columns = columns, .depth = DEPTH, .a = a, .a_row = DEPTH,
                .a_step = 1, .b = b, .b_step = COLUMNS, .b_column = 1, .c = c, .c_row = COLUMNS},
            workspace);
        digest("product, single", c, 4 * ROWS * COLUMNS);
    }
    // On one thread and on several the bits are the same, and so are the lines.
    void *team = memory(althing_team_workspace(ALTHING_SINGLE, ROWS, COLUMNS, DEPTH, 5));
    althing_team_single(
        &(struct althing_product){
            .rows = ROWS, .columns = COLUMNS, .depth = DEPTH, .a = a, .a_row = DEPTH, .a_step = 1,
            .b = b, .b_step = COLUMNS, .b_column = 1, .c = c, .c_row = COLUMNS},
        5, team);
    althing_team_run(5, team);
    digest("product, a team", c, 4 * ROWS * COLUMNS);
    double *da = memory(8 * ROWS * DEPTH), *db = memory(8 * COLUMNS * DEPTH);
    double *dc = memory(8 * ROWS * COLUMNS);
    for (int i = 0; i < ROWS * DEPTH; i++) da[i] = (double)a[i] / 3;
    for (int i = 0; i < COLUMNS * DEPTH; i++) db[i] = (double)b[i] / 7;
    althing_gemm_double(
        &(struct althing_product_double){
            .rows = ROWS, .columns = COLUMNS, .depth = DEPTH, .a = da, .a_row = DEPTH, .a_step = 1,
            .b = db, .b_step = COLUMNS, .b_column = 1, .c = dc, .c_row = COLUMNS},
        others);
    digest("product, double", dc, 8 * ROWS * COLUMNS);
    int8_t *ia = memory(ROWS * DEPTH), *ib = memory(COLUMNS * DEPTH);
    uint16_t *ha = memory(2 * ROWS * DEPTH), *hb = memory(2 * COLUMNS * DEPTH);
    int32_t *ic = memory(4 * ROWS * COLUMNS);
    for (int i = 0; i < ROWS * DEPTH; i++) ia[i] = (int8_t)(lot() % 127) - 63;
    for (int i = 0; i < COLUMNS * DEPTH; i++) ib[i] = (int8_t)(lot() % 127) - 63;
    for (int i = 0; i < ROWS * DEPTH; i++) a[i] = ia[i], memcpy(ha + i, (char *)(a + i) + 2, 2);
    for (int i = 0; i < COLUMNS * DEPTH; i++) b[i] = ib[i], memcpy(hb + i, (char *)(b + i) + 2, 2);
    althing_gemm_int8(
        &(struct althing_product_int8){
            .rows = ROWS, .columns = COLUMNS, .depth = DEPTH, .a = ia, .a_row = DEPTH, .a_step = 1,
            .b = ib, .b_step = COLUMNS, .b_column = 1, .c = ic, .c_row = COLUMNS},
        others);
    digest("product, bytes", ic, 4 * ROWS * COLUMNS);
    althing_gemm_bfloat16(
        &(struct althing_product_bfloat16){
            .rows = ROWS, .columns = COLUMNS, .depth = DEPTH, .a = ha, .a_row = DEPTH, .a_step = 1,
            .b = hb, .b_step = COLUMNS, .b_column = 1, .c = c, .c_row = COLUMNS},
        others);
    digest("product, bfloat16", c, 4 * ROWS * COLUMNS);
}

static void training(void) {
    const struct althing_shape shape = {2, 4, 64, 32, 256};
    enum { BATCH = 3, TARGETS = BATCH * 32 };
    const size_t count = althing_parameter_count(&shape);
    float *parameters = memory(4 * count), *gradient = memory(4 * count);
    float *first = memory(4 * count), *second = memory(4 * count);
    float *workspace = memory(4 * althing_training_workspace(&shape, BATCH, 2));
    float losses[TARGETS];
    uint8_t tokens[TARGETS], targets[TARGETS];
    randomise(parameters, count, 0.05f);
    for (int i = 0; i < TARGETS; i++) tokens[i] = (uint8_t)lot(), targets[i] = (uint8_t)lot();
    for (int step = 1; step <= 2; step++) {
        althing_gradient(
            &shape, parameters, tokens, targets, BATCH, losses, gradient, workspace, 2);
        const struct althing_adamw rule = {
            .rate = 0.01f, .first_decay = 0.9f, .second_decay = 0.99f, .first_correction = 2.0f,
            .second_correction = 3.0f, .epsilon = 1e-8f, .weight_decay = 0.1f, .clip_norm = 1.0f};
        althing_adamw_step(&rule, parameters, gradient, first, second, count);
    }
    digest("training step", parameters, 4 * count);
    digest("losses", losses, sizeof losses);
}

static void challenges(void) {
    enum { SIZE = 544, BAND = 32 * SIZE };
    uint8_t key[32];
    for (int i = 0; i < 32; i++) key[i] = (uint8_t)(7 * i + 1);
    int8_t *band = memory(BAND + 1024), *vectors = memory(FREIVALDS_VECTORS * 1024);
    float *floats = memory(4 * (BAND + 1024));
    challenge_operands(key, 5, band, (BAND + 1023) / 1024 * 1024);
    challenge_operands_float(key, 5, floats, (BAND + 1023) / 1024 * 1024);
    challenge_operands(key, 6, vectors, FREIVALDS_VECTORS * 1024);
    digest("operands", band, BAND);
    digest("operands, floats", floats, 4 * BAND);
    for (int i = 0; i < BAND; i++) floats[i] *= (float)(i % 99991);
    int8_t *residues = memory(BAND);
    challenge_reduce(floats, residues, BAND);
    digest("residues", residues, BAND);
    int32_t *sums = memory(4 * FREIVALDS_VECTORS * SIZE);
    freivalds_rows(band, 32, SIZE, vectors, sums, SIZE);
    digest("check, rows", sums, 4 * FREIVALDS_VECTORS * SIZE);
    freivalds_columns(band, 32, SIZE, vectors, SIZE, sums);
    digest("check, columns", sums, 4 * FREIVALDS_VECTORS * SIZE);
    uint64_t *b = memory(8 * STREAM_CHAIN_BLOCK), *c = memory(8 * STREAM_CHAIN_BLOCK);
    uint64_t *out = memory(8 * STREAM_CHAIN_BLOCK);
    uint8_t digests[STREAM_CHAIN_DIGEST];
    for (int i = 0; i < STREAM_CHAIN_BLOCK; i++) b[i] = lot(), c[i] = lot();
    stream_chain_pass(out, b, c, 0x123456789abcdef1ull, 1, digests, 1);
    digest("stream chain", out, 8 * STREAM_CHAIN_BLOCK);
    digest("stream chain, digest", digests, sizeof digests);
}

static void suite(void) {
    uint8_t key[32], digests[5 * 32];
    for (int i = 0; i < 32; i++) key[i] = (uint8_t)(11 * i + 3);
    uint64_t *table = memory(16 * MEMORY_PAGE);
    memory_fill(key, 3, 16, table);
    digest("memory table", table, 16 * MEMORY_PAGE);
    uint64_t end = memory_walk(table, 16 * MEMORY_PAGE_ENTRIES, 9, 1000);
    digest("memory walk", &end, sizeof end);
    for (size_t i = 0; i < sizeof digests; i++) digests[i] = (uint8_t)lot();
    sha256_chain(digests, 5, 7);
    digest("SHA-256, chained", digests, sizeof digests);
    sha256_pair(0, (uint8_t *)table, (uint8_t *)table + 1000, 1000, digests, digests + 32);
    digest("SHA-256, pair", digests, sizeof digests);
    uint32_t *twiddles = memory(4 << 14), *values = memory(4 << 14);
    ntt_prepare(14, twiddles);
    for (int i = 0; i < 1 << 14; i++) values[i] = (uint32_t)(lot() % NTT_PRIME);
    ntt_forward(14, twiddles, values);
    digest("transform", values, 4 << 14);
    float *x = memory(4 * FMA_CHAIN_GROUP), *c = memory(4 * FMA_CHAIN_GROUP);
    randomise(x, FMA_CHAIN_GROUP, 1.0f);
    for (int i = 0; i < FMA_CHAIN_GROUP; i++) c[i] = 1.5f + (float)(i % 100) * 0.0049f;
    fma_chain(x, c, FMA_CHAIN_GROUP, 5000);
    digest("chain of roundings", x, 4 * FMA_CHAIN_GROUP);
    uint64_t *words = memory(8 * INTEGER_MIX_ENTRIES), state[4] = {1, 2, 3, 4};
    for (int i = 0; i < INTEGER_MIX_ENTRIES; i++) words[i] = lot();
    integer_mix(words, state, 100000);
    digest("integer mix", state, sizeof state);
}

static void layers(void) {
    enum { CONTEXT = 77, SIZE = 48, SIDE = 9, CHANNELS = 40 };
    float *rows = memory(4 * 4 * CONTEXT * SIZE);
    randomise(rows, 3 * CONTEXT * SIZE, 2.0f);
    float *workspace = memory(4 * althing_attention_workspace(CONTEXT));
    althing_attention_forward(
        &(struct althing_attention){
            .size = SIZE, .stride = SIZE, .first = 0, .last = CONTEXT, .query = rows,
            .key = rows + CONTEXT * SIZE, .value = rows + 2 * CONTEXT * SIZE,
            .out = rows + 3 * CONTEXT * SIZE},
        workspace);
    digest("attention", rows + 3 * CONTEXT * SIZE, 4 * CONTEXT * SIZE);
    float *image = memory(4 * (SIDE + 2) * (SIDE + 2) * CHANNELS);
    float *weights = memory(4 * 9 * CHANNELS * CHANNELS);
    float *out = memory(4 * SIDE * (SIDE + 2) * CHANNELS);
    randomise(image, (SIDE + 2) * (SIDE + 2) * CHANNELS, 1.0f);
    randomise(weights, 9 * CHANNELS * CHANNELS, 1.0f);
    althing_convolve(
        &(struct althing_convolution){
            .height = SIDE, .width = SIDE, .inputs = CHANNELS, .outputs = CHANNELS, .in = image,
            .weights = weights, .out = out},
        workspace);
    digest("convolution", out, 4 * SIDE * (SIDE + 2) * CHANNELS);
}

/// Prints which instruction set it ran on to standard error, and the digests to standard output. An
/// argument names a set by its number.
int main(int count, char **arguments) {
    if (count > 1) {
        if (althing_kernels_set_isa((enum althing_isa)atoi(arguments[1])) != 0) return 77;
        if (atoi(arguments[1]) == 0) althing_kernels_set_extensions(0);
    }
    fprintf(stderr, "%s\n", althing_kernels_isa_name(althing_kernels_isa()));
    products();
    training();
    challenges();
    suite();
    layers();
    return 0;
}
