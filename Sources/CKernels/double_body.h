// The product in double precision. Without an instruction for it a fused multiply-add comes from
// the mathematical library, where it is exact and slow.
#include "product_blocks.h"

#define ELEMENT double
#define VECTOR_LANES (NATIVE_LANES / 2)
#define PRODUCT struct althing_product_double
#define NAME(x) double_##x
#define SCALAR_FUSED __builtin_fma
#define COLUMN_BLOCK DOUBLE_COLUMN_BLOCK
#define DEPTH_BLOCK DOUBLE_DEPTH_BLOCK
#define ROW_BLOCK DOUBLE_ROW_BLOCK
#include "gemm_blocked.h"
DEFINE_TEAM_FORMAT(double_blocked)
#undef DEFINE_TEAM_FORMAT
#undef ELEMENT
#undef VECTOR_LANES
#undef PRODUCT
#undef NAME
#undef SCALAR_FUSED
#undef COLUMN_BLOCK
#undef DEPTH_BLOCK
#undef ROW_BLOCK
