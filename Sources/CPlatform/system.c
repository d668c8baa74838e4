// Entropy, pipes, event counters, cores, thread names and terminal sizes.

#define _GNU_SOURCE
#include "CPlatform.h"

#include <errno.h>
#include <pthread.h>
#include <fcntl.h>
#include <sched.h>
#include <stdio.h>
#include <sys/eventfd.h>
#include <sys/ioctl.h>
#include <sys/random.h>
#include <sys/syscall.h>
#include <unistd.h>

int cplatform_entropy(void *buffer, size_t count) {
    unsigned char *next = buffer;
    while (count > 0) {
        ssize_t filled = getrandom(next, count, 0);
        if (filled < 0) {
            if (errno == EINTR) continue;
            return errno;
        }
        next += filled;
        count -= (size_t)filled;
    }
    return 0;
}

int cplatform_event_counter(void) { return eventfd(0, EFD_CLOEXEC); }

int cplatform_pipe(int ends[2]) { return pipe2(ends, O_CLOEXEC) == 0 ? 0 : errno; }

int cplatform_cores(void) {
    cpu_set_t set;
    if (sched_getaffinity(0, sizeof set, &set) != 0) return 0;
    return CPU_COUNT(&set);
}

void cplatform_name_thread(const char *name) {
    char kept[16];
    snprintf(kept, sizeof kept, "%s", name);
    pthread_setname_np(pthread_self(), kept);
}

// As the kernel has it since 3.14; not every C library declares it.
struct cplatform_scheduling {
    uint32_t size;
    uint32_t policy;
    uint64_t flags;
    int32_t nice;
    uint32_t priority;
    uint64_t runtime;
    uint64_t deadline;
    uint64_t period;
};

void cplatform_prefer_short_slices(uint64_t nanoseconds) {
    struct cplatform_scheduling own = {.size = sizeof own};
    if (syscall(SYS_sched_getattr, 0, &own, sizeof own, 0) != 0) return;
    own.size = sizeof own;
    own.runtime = nanoseconds;
    // Kernels before 6.12 take no notice of it.
    (void)syscall(SYS_sched_setattr, 0, &own, 0);
}

int cplatform_terminal_columns(int descriptor) {
    struct winsize size;
    if (ioctl(descriptor, TIOCGWINSZ, &size) != 0) return 0;
    return size.ws_col;
}
