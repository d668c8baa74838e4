#pragma once
// Looking again and again for a moment.

/// Tells the processor that this is a loop that waits: it saves power, and on cores with two threads
/// it leaves the units to the other one.
static inline void pause_briefly(void) {
#if defined(__x86_64__)
    __builtin_ia32_pause();
#elif defined(__aarch64__)
    __asm__ volatile("isb" ::: "memory");
#endif
}
