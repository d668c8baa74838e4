#pragma once
// Fork and join: one body for many parts, each with its own part of the outputs.

/// Work for one part of many. Parts write different memory and read only what was written before; a
/// body may itself call `parallel_run`, and may not fork the process.
typedef void (*parallel_body)(const void *context, int part, int parts);

/// The most threads that work for one caller.
enum { PARALLEL_LIMIT = 64 };

/// Calls `body` for every part below `parts` on at most `threads` threads, this one among them, and
/// returns when all calls have.
///
/// Threads are made when first wanted and kept. The caller takes parts like any other thread, so
/// that it ends, with the same result, where all are busy, where none can be made, and in the child
/// of a fork, which has none. Any number of threads may call at once.
void parallel_run(int threads, int parts, parallel_body body, const void *context);
