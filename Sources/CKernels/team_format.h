#pragma once
// What the work of a team on a product is made of: each format packs and multiplies its own way.
#include <stddef.h>
#include <stdint.h>

/// A part of C and what it takes of A and B in one block of depths. The pointers are to what is
/// packed of these rows and columns.
struct team_piece {
    ptrdiff_t row, rows, column, columns, depth, deep;
    int accumulate;
    void *slivers, *panels;
    int32_t *offsets;
    /// The format's `detail`.
    const void *detail;
};

/// One way to compute products.
struct team_format {
    /// Rows and columns of a tile: what is packed, and what C is divided into, are multiples of them.
    ptrdiff_t tile_rows, tile_columns;
    /// At most so many depths and columns make a block that rests in the second-level cache.
    ptrdiff_t depth_block, column_block;
    /// Packed bytes of one row or column of so many depths.
    ptrdiff_t (*line_bytes)(ptrdiff_t deep);
    void (*pack_rows)(const void *product, const struct team_piece *piece);
    void (*pack_columns)(const void *product, const struct team_piece *piece);
    void (*multiply)(const void *product, const struct team_piece *piece);
    /// The whole product on this thread.
    void (*alone)(const void *product, void *workspace);
    const void *detail;
};

enum {
    /// What one block of packed rows, or of columns, may take: four of them lie in a third-level
    /// cache, and a block is so large that packing costs a few hundredths of multiplying. A little
    /// more than 4 MiB, so that 2,048 lines of the deepest block of bytes fit.
    TEAM_BUFFER_BYTES = (4 << 20) + (1 << 16),
    /// Depth blocks are multiples of this, so that they end where groups of depths do.
    TEAM_DEPTH_UNIT = 8,
    /// What a format's tile may have at most.
    TEAM_TILE_LIMIT = 48,
};
