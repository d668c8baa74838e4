#pragma once
// The register tiles of the product of bytes, one for each instruction set.
#include <stddef.h>
#include <stdint.h>

enum {
    /// Depths that lie side by side: what one 32-bit lane takes at a time.
    INT8_GROUP = 4,
    /// Elements of the largest tile.
    INT8_TILE_LIMIT = 12 * 32,
};

/// A tile of `rows` x `columns` sums over `groups` (even) groups of depths:
/// c = offsets + sliver * panel, or c += that.
struct int8_tile {
    ptrdiff_t rows, columns;
    /// How deep and wide a block of B is: a multiple of eight and of `columns`.
    ptrdiff_t depth_block, column_block;
    void (*run)(
        ptrdiff_t groups, const uint8_t *sliver, const int8_t *panel, const int32_t *offsets,
        int32_t *c, ptrdiff_t c_row, int accumulate);
};

extern const struct int8_tile int8_tile_plain;
#if defined(__x86_64__)
extern const struct int8_tile int8_tile_avx2, int8_tile_avx512, int8_tile_vnni;
#endif
