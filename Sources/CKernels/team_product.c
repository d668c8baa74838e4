// Several threads on one product.
//
// The product is divided into *stages*: a block of depths of a large block of C. A stage is tasks:
// some pack A, some pack B, each of the others multiplies into one rectangle of C. Tasks are claimed in
// order from one counter, and a task waits only for tasks that come before it:
//   packing, for the multiplications two stages earlier, whose packed blocks it overwrites;
//   multiplying, for all packing of its stage, and for its rectangle in the stage before.
// A claimed task runs on some thread, so the first unfinished one never waits: no order of threads can
// lock up, not even one after another. There is no barrier: who is done goes on to the next stage.
#include "include/team_product.h"
#include <sched.h>
#include <stdatomic.h>
#include <string.h>
#include "include/isa.h"
#include "include/parallel.h"
#include "kernel_table.h"
#include "product_blocks.h"
#include "product_formats.h"
#include "team_format.h"
#include "waiting.h"

enum {
    /// Rectangles of one stage, at most.
    TILES_LIMIT = 4096,
    /// Multiplications below which a product is not worth dividing: some ten microseconds.
    DIVIDED = 1 << 21,
    LINE = 64,
};

typedef _Atomic ptrdiff_t counter;

struct team_product {
    /// On lines of their own: everybody claims.
    _Alignas(64) counter next;
    _Alignas(64) struct team_format format;
    union {
        struct althing_product single;
        struct althing_product_double twice;
        struct althing_product_int8 bytes;
        struct althing_product_bfloat16 halves;
    } product;
    ptrdiff_t rows, columns, depth;
    /// Large blocks of C down and across, blocks of depths, and all stages.
    ptrdiff_t high, wide, deep, stages;
    /// Rectangles down and across in a stage, and tasks that pack one side.
    ptrdiff_t down, across, packers;
    /// Whether one thread does it all.
    int is_alone;
    /// Of each stage: tasks done that pack and that multiply. Of each rectangle: stages done.
    counter *packed, *multiplied, *finished;
    /// By turns, those of even and of odd stages.
    char *slivers[2], *panels[2];
    int32_t *offsets[2];
};

/// A range of rows, columns or depths.
struct range {
    ptrdiff_t start, count;
};

/// Part `index` of `parts` of a range, in whole units but for the last.
static struct range slice(struct range of, ptrdiff_t unit, ptrdiff_t index, ptrdiff_t parts) {
    const ptrdiff_t units = (of.count + unit - 1) / unit;
    ptrdiff_t first = units * index / parts * unit, last = units * (index + 1) / parts * unit;
    if (last > of.count) last = of.count;
    return (struct range){of.start + first, last - first};
}

static ptrdiff_t parts_of(ptrdiff_t count, ptrdiff_t most) { return (count + most - 1) / most; }
static size_t whole_lines(size_t bytes) { return (bytes + LINE - 1) / LINE * LINE; }

static void wait_until(counter *value, ptrdiff_t least) {
    for (int left = 2000; atomic_load_explicit(value, memory_order_acquire) < least;)
        // Who is waited for may need this processor.
        if (left-- > 0) pause_briefly(); else sched_yield();
}

/// Everything about a stage that its tasks share.
struct stage {
    struct range rows, columns, depth;
    ptrdiff_t number;
    int buffer;
};

static struct stage stage_at(const struct team_product *team, ptrdiff_t number) {
    const ptrdiff_t block = number / team->deep;
    const struct team_format *format = &team->format;
    return (struct stage){
        .rows = slice(
            (struct range){0, team->rows}, format->tile_rows, block / team->wide, team->high),
        .columns = slice(
            (struct range){0, team->columns}, format->tile_columns, block % team->wide,
            team->wide),
        .depth = slice(
            (struct range){0, team->depth}, TEAM_DEPTH_UNIT, number % team->deep, team->deep),
        .number = number,
        .buffer = (int)(number % 2)};
}

static struct team_piece piece_of(
    const struct team_product *team, const struct stage *stage, struct range rows,
    struct range columns) {
    const ptrdiff_t line = team->format.line_bytes(stage->depth.count);
    return (struct team_piece){
        .row = rows.start, .rows = rows.count, .column = columns.start, .columns = columns.count,
        .depth = stage->depth.start, .deep = stage->depth.count,
        .accumulate = stage->depth.start > 0,
        .slivers = team->slivers[stage->buffer] + (rows.start - stage->rows.start) * line,
        .panels = team->panels[stage->buffer] + (columns.start - stage->columns.start) * line,
        .offsets = team->offsets[stage->buffer] + (columns.start - stage->columns.start),
        .detail = team->format.detail};
}

static void pack(struct team_product *team, const struct stage *stage, ptrdiff_t task) {
    const struct team_format *format = &team->format;
    if (stage->number >= 2)
        wait_until(&team->multiplied[stage->number - 2], team->down * team->across);
    struct range rows = stage->rows, columns = stage->columns;
    if (task < team->packers)
        rows = slice(rows, format->tile_rows, task, team->packers);
    else
        columns = slice(columns, format->tile_columns, task - team->packers, team->packers);
    const struct team_piece piece = piece_of(team, stage, rows, columns);
    if (piece.rows > 0 && piece.columns > 0)
        (task < team->packers ? format->pack_rows : format->pack_columns)(&team->product, &piece);
    atomic_fetch_add_explicit(&team->packed[stage->number], 1, memory_order_release);
}

static void multiply(struct team_product *team, const struct stage *stage, ptrdiff_t task) {
    const struct team_format *format = &team->format;
    wait_until(&team->packed[stage->number], 2 * team->packers);
    wait_until(&team->finished[task], stage->number);
    // Down first: who claims the next rectangle finds the same columns of B in the cache.
    const struct team_piece piece = piece_of(
        team, stage, slice(stage->rows, format->tile_rows, task % team->down, team->down),
        slice(stage->columns, format->tile_columns, task / team->down, team->across));
    if (piece.rows > 0 && piece.columns > 0) format->multiply(&team->product, &piece);
    atomic_store_explicit(&team->finished[task], stage->number + 1, memory_order_release);
    atomic_fetch_add_explicit(&team->multiplied[stage->number], 1, memory_order_release);
}

void althing_team_help(void *workspace) {
    struct team_product *team = workspace;
    const ptrdiff_t packing = 2 * team->packers, tiles = team->down * team->across;
    const ptrdiff_t tasks = packing + tiles, first = tiles / 2;
    for (;;) {
        ptrdiff_t task = atomic_fetch_add_explicit(&team->next, 1, memory_order_relaxed);
        if (task >= packing + tasks * team->stages) return;
        if (team->is_alone) {
            team->format.alone(&team->product, team + 1);
            continue;
        }
        // What the first stage needs, then of each stage half of the rectangles, what the next one
        // needs, and the other half: what is waited for has long been claimed.
        ptrdiff_t number = 0;
        if (task >= packing) {
            task -= packing;
            number = task / tasks, task %= tasks;
            if (task < first || task >= first + packing) {
                const struct stage stage = stage_at(team, number);
                multiply(team, &stage, task < first ? task : task - packing);
                continue;
            }
            task -= first, number++;
        }
        const struct stage stage = stage_at(team, number);
        if (number < team->stages) pack(team, &stage, task);
    }
}

static void help_part(const void *context, int part, int parts) {
    (void)part, (void)parts;
    althing_team_help(*(void *const *)context);
}

void althing_team_run(int threads, void *workspace) {
    parallel_run(threads, threads < 1 ? 1 : threads, help_part, &workspace);
}

/// Divides a stage of `rows` x `columns` so that the threads end at about the same time.
///
/// What a rectangle costs is its area with a margin, for what is read into caches anew: one tile more
/// of rows, half a tile of columns. Half a round counts for threads that are not equally fast.
static void divide(
    struct team_product *team, int threads, ptrdiff_t rows, ptrdiff_t columns) {
    const struct team_format *format = &team->format;
    const ptrdiff_t slivers = parts_of(rows, format->tile_rows);
    const ptrdiff_t panels = parts_of(columns, format->tile_columns);
    const ptrdiff_t least = parts_of(columns, format->column_block);
    ptrdiff_t best = PTRDIFF_MAX;
    for (ptrdiff_t across = least; across <= 4 * least && across <= panels; across++)
        for (ptrdiff_t turns = 1; turns <= 8; turns++) {
            ptrdiff_t down = parts_of(turns * threads, across);
            if (down > slivers) down = slivers;
            const ptrdiff_t tiles = down * across;
            if (tiles > TILES_LIMIT) break;
            const ptrdiff_t rounds =
                tiles < threads ? team->stages : parts_of(tiles * team->stages, threads);
            const ptrdiff_t cost = (2 * rounds + 1)
                * (parts_of(slivers, down) + 1) * format->tile_rows
                * (2 * parts_of(panels, across) + 1) * format->tile_columns;
            if (cost < best) best = cost, team->down = down, team->across = across;
        }
}

/// The layout of a workspace, the same for every instruction set: what each region takes.
struct layout {
    size_t head, stages, tiles, slivers, panels, offsets;
};

static size_t bytes_of(const struct layout *layout) {
    return layout->head + 2 * layout->stages + layout->tiles
        + 2 * (layout->slivers + layout->panels + layout->offsets);
}

/// Bytes of a line of the deepest block of any instruction set.
static ptrdiff_t longest_line(enum althing_format format, ptrdiff_t depth) {
    ptrdiff_t deep, bytes;
    switch (format) {
    case ALTHING_SINGLE: deep = SINGLE_DEEPEST, bytes = 4; break;
    case ALTHING_DOUBLE: deep = DOUBLE_DEPTH_BLOCK, bytes = 8; break;
    case ALTHING_INT8: deep = INT8_DEPTH_BLOCK, bytes = 1; break;
    default: deep = BFLOAT16_DEPTH_BLOCK, bytes = 4; break;
    }
    const ptrdiff_t whole = parts_of(depth, TEAM_DEPTH_UNIT) * TEAM_DEPTH_UNIT;
    return (whole < deep ? whole : deep) * bytes + TEAM_DEPTH_UNIT;
}

static struct layout layout_of(
    enum althing_format format, ptrdiff_t rows, ptrdiff_t columns, ptrdiff_t depth) {
    // A block has at most the lines that fit, and its last tile may be filled up.
    const ptrdiff_t line = longest_line(format, depth);
    const size_t most = TEAM_BUFFER_BYTES + (size_t)(TEAM_TILE_LIMIT * line);
    const size_t slivers = (size_t)((rows + TEAM_TILE_LIMIT) * line);
    const size_t panels = (size_t)((columns + TEAM_TILE_LIMIT) * line);
    // No block of any format has fewer than 256 depths, or fewer than 1,024 lines.
    const ptrdiff_t stages =
        parts_of(rows, 1024) * parts_of(columns, 1024) * parts_of(depth, 256);
    return (struct layout){
        .head = whole_lines(sizeof(struct team_product)),
        .stages = whole_lines((size_t)stages * sizeof(counter)),
        .tiles = TILES_LIMIT * sizeof(counter),
        .slivers = whole_lines(slivers < most ? slivers : most),
        .panels = whole_lines(panels < most ? panels : most),
        .offsets = whole_lines((size_t)(columns + TEAM_TILE_LIMIT) * sizeof(int32_t))};
}

size_t althing_team_workspace(
    enum althing_format format, ptrdiff_t rows, ptrdiff_t columns, ptrdiff_t depth, int threads) {
    const size_t alone = sizeof(struct team_product)
        + (format == ALTHING_SINGLE ? sizeof(float) * althing_gemm_workspace()
                                    : althing_products_workspace());
    if (threads <= 1) return alone;
    const struct layout layout = layout_of(format, rows, columns, depth);
    const size_t together = bytes_of(&layout);
    return together > alone ? together : alone;
}

static struct team_product *prepare(
    void *workspace, const struct team_format *format, const void *product, size_t size,
    ptrdiff_t rows, ptrdiff_t columns, ptrdiff_t depth) {
    struct team_product *team = workspace;
    memset(team, 0, sizeof *team);
    team->format = *format;
    memcpy(&team->product, product, size);
    team->rows = rows;
    team->columns = columns;
    team->depth = depth;
    team->is_alone = 1;
    team->stages = team->down = team->across = 1;
    return team;
}

/// Divides the product and lays out the workspace, unless one thread does it all.
static void arrange(struct team_product *team, enum althing_format kind, int threads) {
    const struct team_format *format = &team->format;
    if (threads <= 1 || team->rows * team->columns < DIVIDED / team->depth) return;
    if (threads > PARALLEL_LIMIT) threads = PARALLEL_LIMIT;
    const struct layout layout = layout_of(kind, team->rows, team->columns, team->depth);
    team->is_alone = 0;
    team->deep = parts_of(team->depth, format->depth_block);
    const ptrdiff_t most = TEAM_BUFFER_BYTES / format->line_bytes(format->depth_block);
    team->high = parts_of(team->rows, most);
    team->wide = parts_of(team->columns, most);
    team->stages = team->high * team->wide * team->deep;
    team->packers = threads;
    divide(
        team, threads, parts_of(team->rows, team->high), parts_of(team->columns, team->wide));
    char *at = (char *)team + layout.head;
    team->packed = (counter *)at, at += layout.stages;
    team->multiplied = (counter *)at, at += layout.stages;
    team->finished = (counter *)at, at += layout.tiles;
    memset(team->packed, 0, layout.stages * 2 + layout.tiles);
    for (int i = 0; i < 2; i++) {
        team->slivers[i] = at, at += layout.slivers;
        team->panels[i] = at, at += layout.panels;
        team->offsets[i] = (int32_t *)at, at += layout.offsets;
    }
}

#define DEFINE_TEAM(name, PRODUCT, KIND, FORMAT) \
    void althing_team_##name(const PRODUCT *product, int threads, void *workspace) { \
        const struct team_format format = FORMAT; \
        arrange( \
            prepare( \
                workspace, &format, product, sizeof *product, product->rows, product->columns, \
                product->depth), \
            KIND, threads); \
    }

DEFINE_TEAM(single, struct althing_product, ALTHING_SINGLE, *althing_kernels()->team_single)
DEFINE_TEAM(double, struct althing_product_double, ALTHING_DOUBLE, *althing_kernels()->team_double)
DEFINE_TEAM(int8, struct althing_product_int8, ALTHING_INT8, team_format_int8())
DEFINE_TEAM(bfloat16, struct althing_product_bfloat16, ALTHING_BFLOAT16, team_format_bfloat16())
