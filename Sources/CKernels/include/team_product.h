#pragma once
// One matrix product that several threads compute together: A and B are packed once for all of them,
// and each claims one rectangle of C after another. Every element is the same chain of sums as in a
// product on one thread, so that its bits do not depend on the number of threads.
#include <stddef.h>
#include "gemm.h"
#include "products.h"

/// The formats of products.
enum althing_format { ALTHING_SINGLE, ALTHING_DOUBLE, ALTHING_INT8, ALTHING_BFLOAT16 };

/// How many bytes of workspace, aligned to 64 bytes, a product of this size takes with so many threads.
size_t althing_team_workspace(
    enum althing_format format, ptrdiff_t rows, ptrdiff_t columns, ptrdiff_t depth, int threads);

/// Prepares a product, which it keeps a copy of in the workspace, for as many threads as the workspace
/// was sized for.
void althing_team_single(const struct althing_product *product, int threads, void *workspace);
void althing_team_double(
    const struct althing_product_double *product, int threads, void *workspace);
void althing_team_int8(const struct althing_product_int8 *product, int threads, void *workspace);
void althing_team_bfloat16(
    const struct althing_product_bfloat16 *product, int threads, void *workspace);

/// Computes along until there is nothing left to claim. To be called at least once, on any number of
/// threads, at the same time or one after another; when all calls have returned the product is
/// complete.
void althing_team_help(void *workspace);

/// Calls `althing_team_help` on so many threads.
void althing_team_run(int threads, void *workspace);
