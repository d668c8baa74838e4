#pragma once
// The compute kernels: one header a family, one C file (or a few) behind each.
#include "delta.h"
#include "gemm.h"
#include "isa.h"
#include "pages.h"
#include "parallel.h"
#include "peaks.h"
#include "products.h"
#include "suite.h"
#include "team_product.h"
#include "transformer.h"
#include "verification.h"
