#pragma once
// How the products of products.h are blocked, and what workspace that takes: multiples of every
// tile, sized so that a block of B rests in the second-level cache and one of A in the third.

enum {
    /// Floats, of any instruction set: the deepest block, and what is packed of A and of B at most.
    SINGLE_DEEPEST = 480,
    SINGLE_PACKED = (1536 + 384) * SINGLE_DEEPEST,

    DOUBLE_DEPTH_BLOCK = 384,
    DOUBLE_COLUMN_BLOCK = 192,
    DOUBLE_ROW_BLOCK = 1152,

    /// Bytes, packed as quads.
    INT8_DEPTH_BLOCK = 2048,
    INT8_COLUMN_BLOCK = 384,
    /// The same for tiles of narrow registers, whose processors have smaller caches.
    INT8_NARROW_DEPTH_BLOCK = 1024,
    INT8_NARROW_COLUMN_BLOCK = 384,
    INT8_ROW_BLOCK = 3072,

    BFLOAT16_DEPTH_BLOCK = 480,
    /// From one widened row of A to the next: so far that the product of floats packs A, and no power
    /// of two, so that rows do not share the sets of a cache.
    BFLOAT16_LINE = 528,
    BFLOAT16_COLUMN_BLOCK = 1536,
    BFLOAT16_ROW_BLOCK = 1536,
    /// For the processor's own instruction, twice as deep and a quarter as wide as the blocks of
    /// floats: the same bytes in the caches.
    BFLOAT16_NATIVE_DEPTH = 960,
    BFLOAT16_NATIVE_WIDE = 384,
};
