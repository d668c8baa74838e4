// The kernels' code, included once by the file of each instruction set. That file has set
//   NATIVE_LANES   the floats of one register: 16, 8
//   TILE_ROWS      the rows of the product's register tile (two registers wide)
//   SOFTWARE_FMA   1 where the instruction set has no fused multiply-add
//   TABLE          the name of the table to define
// and, where it must, a `target` attribute for all functions that follow.
#include "delta_body.h"
#include "gemm_body.h"
#include "chain_body.h"
#include "double_body.h"
#include "network_body.h"
#include "norm_body.h"
#include "optimiser_body.h"

const struct kernel_table TABLE = {
    .gemm = gemm,
    .gemm_double = double_blocked,
    .team_single = &single_team,
    .team_double = &double_team,
    .layer_norm = layer_norm,
    .layer_norm_input_gradient = layer_norm_input_gradient,
    .layer_norm_weight_gradient = layer_norm_weight_gradient,
    .softmax = softmax,
    .softmax_gradient = softmax_gradient,
    .gelu = gelu,
    .gelu_gradient = gelu_gradient,
    .cross_entropy = cross_entropy,
    .embed = embed,
    .embed_gradient = embed_gradient,
    .sum_of_squares = sum_of_squares,
    .adamw = adamw,
    .fma_chain = fma_chain_lanes,
    .quantise = quantise,
    .expand = expand,
    .delta_norm = delta_norm,
    .aggregate = aggregate,
    .outer_step = outer_step,
};
