#pragma once
// The compute kernels: one header a family, one C file (or a few) behind each.
#include "gemm.h"
#include "verification.h"
