#pragma once
// Fork and join: the same body on a few threads, each with its own part of the outputs.

/// Work for one part of many. Parts write different memory and read only what is already written.
typedef void (*parallel_body)(const void *context, int part, int parts);

enum { PARALLEL_LIMIT = 64 };

/// Runs every part and returns when all are done. Threads live only as long as the call; a part
/// that gets no thread runs on the caller's, with the same result.
void parallel_run(int parts, parallel_body body, const void *context);

/// Where part `part` of `parts` begins in a range of `count`, as a multiple of `grain`.
static inline int part_start(int count, int grain, int part, int parts) {
    int grains = (count + grain - 1) / grain;
    int start = (int)((long)grains * part / parts) * grain;
    return start < count ? start : count;
}
