#pragma once
// How a team computes products of bytes and of bfloat16 numbers on this processor.
#include "team_format.h"

struct team_format team_format_int8(void);
struct team_format team_format_bfloat16(void);
