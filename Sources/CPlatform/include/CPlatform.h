// Thin C faces over what Swift cannot call: variadic and macro interfaces of the kernel, work
// between fork and exec, and the processor's CRC32C instruction.
#pragma once

#include <stddef.h>
#include <stdint.h>
#include <sys/resource.h>
#include <sys/types.h>

// MARK: Starting a process (spawn.c)

/// One resource limit set in the child before it runs.
typedef struct {
    int resource;
    uint64_t soft;
    uint64_t hard;
} cplatform_limit;

enum {
    /// The child leads a process group of its own.
    CPLATFORM_NEW_GROUP = 1,
    /// The child leads a session of its own, without a controlling terminal.
    CPLATFORM_NEW_SESSION = 2,
    /// The child is killed when the *thread* that started it ends.
    CPLATFORM_DIE_WITH_PARENT = 4,
    /// Neither the child nor its descendants can gain privileges by running a file.
    CPLATFORM_NO_NEW_PRIVILEGES = 8,
};

/// What to run, and in which surroundings.
typedef struct {
    const char *executable;
    char *const *arguments;
    char *const *environment;
    /// Working directory, or null to keep the parent's.
    const char *directory;
    /// Descriptors of the parent that become 0, 1, 2, ... in the child; all others are closed.
    const int *descriptors;
    int descriptor_count;
    /// Open `cgroup.procs` files that the child joins before it runs.
    const int *group_descriptors;
    int group_count;
    const cplatform_limit *limits;
    int limit_count;
    int flags;
} cplatform_spawn_request;

/// Which step of starting the child failed.
enum {
    CPLATFORM_STAGE_FORK = 0,
    CPLATFORM_STAGE_DESCRIPTORS = 1,
    CPLATFORM_STAGE_GROUP = 2,
    CPLATFORM_STAGE_LIMITS = 3,
    CPLATFORM_STAGE_DIRECTORY = 4,
    CPLATFORM_STAGE_PRIVILEGES = 5,
    CPLATFORM_STAGE_EXECUTE = 6,
};

/// Starts a process. Returns 0 and sets `process`, or the errno and sets `stage`.
int cplatform_spawn(const cplatform_spawn_request *request, pid_t *process, int *stage);

/// A descriptor that becomes readable when the process ends, or -1 and errno.
int cplatform_pidfd(pid_t process);

// MARK: Signals (signal.c)

/// From now on each arrival of `signal` writes its number as one byte to `descriptor`.
/// Returns 0 or the errno.
int cplatform_signal_to_descriptor(int signal, int descriptor);

/// Ignores `signal` (SIGPIPE). Returns 0 or the errno.
int cplatform_signal_ignore(int signal);

// MARK: Entropy and threads (system.c)

/// Fills `buffer` from the kernel's generator. Returns 0 or the errno.
int cplatform_entropy(void *buffer, size_t count);

/// A counter that `poll` understands, closed when a program starts; or -1 and errno.
int cplatform_event_counter(void);

/// A pipe whose ends close when a program starts. Returns 0 or the errno.
int cplatform_pipe(int ends[2]);

/// The processor cores that this process may use, 0 when the kernel does not say.
int cplatform_cores(void);

enum { CPLATFORM_LIMIT_PROCESSES = RLIMIT_NPROC };

/// Names the calling thread (15 bytes at most are kept).
void cplatform_name_thread(const char *name);

/// Asks the scheduler for shorter turns for the calling thread, which then begin sooner: for a thread
/// that works for moments and waits in between. Without effect where the kernel cannot do it.
void cplatform_prefer_short_slices(uint64_t nanoseconds);

/// The columns of the terminal behind `descriptor`, or 0 when there is none.
int cplatform_terminal_columns(int descriptor);

// MARK: CRC32C (crc32c.c)

/// Continues the CRC32C (Castagnoli) `checksum` over `count` bytes; start with 0.
uint32_t cplatform_crc32c(uint32_t checksum, const void *bytes, size_t count);

/// The same by table, on every processor: what the fast path is tested against.
uint32_t cplatform_crc32c_portable(uint32_t checksum, const void *bytes, size_t count);
