// Starting a process: vfork, set the surroundings, exec.
//
// vfork and not posix_spawn, because posix_spawn can neither set resource limits nor the parent
// death signal nor join a control group; and not fork, because copying the page tables of a node
// with gigabytes of state takes longer than everything else together. Between vfork and exec the
// child borrows the parent's memory, so it may only make system calls and write to its own locals.

#define _GNU_SOURCE
#include "CPlatform.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#ifndef CLOSE_RANGE_CLOEXEC
#define CLOSE_RANGE_CLOEXEC (1U << 2)
#endif
#ifndef SYS_close_range
#define SYS_close_range 436
#endif
#ifndef SYS_pidfd_open
#define SYS_pidfd_open 434
#endif

enum { DESCRIPTOR_LIMIT = 16 };

// Everything past the wanted descriptors closes when the program starts.
static void close_the_rest_at_exec(int first) {
    if (syscall(SYS_close_range, first, ~0U, CLOSE_RANGE_CLOEXEC) == 0) return;
    long last = sysconf(_SC_OPEN_MAX);
    if (last < 0 || last > 65536) last = 65536;
    for (int descriptor = first; descriptor < last; descriptor++) {
        fcntl(descriptor, F_SETFD, FD_CLOEXEC);
    }
}

// Moves the wanted descriptors to 0, 1, 2, ...; by way of high numbers, because a wanted
// descriptor may itself sit on a number that another one needs.
static int place_descriptors(const cplatform_spawn_request *request) {
    int moved[DESCRIPTOR_LIMIT];
    for (int i = 0; i < request->descriptor_count; i++) {
        moved[i] = fcntl(request->descriptors[i], F_DUPFD_CLOEXEC, 64);
        if (moved[i] < 0) return -1;
    }
    for (int i = 0; i < request->descriptor_count; i++) {
        if (dup2(moved[i], i) < 0) return -1;
    }
    close_the_rest_at_exec(request->descriptor_count);
    return 0;
}

static int join_groups(const cplatform_spawn_request *request) {
    for (int i = 0; i < request->group_count; i++) {
        if (write(request->group_descriptors[i], "0\n", 2) != 2) return -1;
    }
    return 0;
}

static int set_limits(const cplatform_spawn_request *request) {
    for (int i = 0; i < request->limit_count; i++) {
        struct rlimit limit = {request->limits[i].soft, request->limits[i].hard};
        if (setrlimit(request->limits[i].resource, &limit) != 0) return -1;
    }
    return 0;
}

static int set_privileges(const cplatform_spawn_request *request, pid_t parent) {
    if (request->flags & CPLATFORM_NEW_SESSION) {
        if (setsid() < 0) return -1;
    } else if (request->flags & CPLATFORM_NEW_GROUP) {
        if (setpgid(0, 0) != 0) return -1;
    }
    if (request->flags & CPLATFORM_NO_NEW_PRIVILEGES) {
        if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0) return -1;
    }
    if (request->flags & CPLATFORM_DIE_WITH_PARENT) {
        if (prctl(PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0) != 0) return -1;
        // The parent may have ended before the line above.
        if (getppid() != parent) {
            errno = ECHILD;
            return -1;
        }
    }
    return 0;
}

// Handlers of the parent must not run in the child, and an ignored SIGPIPE is inherited by
// programs that rely on it.
static void reset_signals(void) {
    struct sigaction action;
    memset(&action, 0, sizeof action);
    action.sa_handler = SIG_DFL;
    for (int number = 1; number < 65; number++) sigaction(number, &action, NULL);
    sigset_t none;
    sigemptyset(&none);
    sigprocmask(SIG_SETMASK, &none, NULL);
}

// Runs in the child; returns only when a step failed, with its stage.
static int become(const cplatform_spawn_request *request, pid_t parent) {
    if (join_groups(request) != 0) return CPLATFORM_STAGE_GROUP;
    if (place_descriptors(request) != 0) return CPLATFORM_STAGE_DESCRIPTORS;
    if (request->directory && chdir(request->directory) != 0) return CPLATFORM_STAGE_DIRECTORY;
    if (set_privileges(request, parent) != 0) return CPLATFORM_STAGE_PRIVILEGES;
    if (set_limits(request) != 0) return CPLATFORM_STAGE_LIMITS;
    reset_signals();
    execve(request->executable, request->arguments, request->environment);
    return CPLATFORM_STAGE_EXECUTE;
}

int cplatform_spawn(const cplatform_spawn_request *request, pid_t *process, int *stage) {
    if (request->descriptor_count > DESCRIPTOR_LIMIT) {
        *stage = CPLATFORM_STAGE_DESCRIPTORS;
        return EINVAL;
    }
    // Written by the child in memory that both share until it runs its program.
    volatile int failed_stage = CPLATFORM_STAGE_FORK;
    volatile int failure = 0;
    pid_t parent = getpid();

    // No handler of the parent may run in the child while the memory is shared.
    sigset_t all, before;
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &before);
    pid_t child = vfork();
    if (child == 0) {
        failed_stage = become(request, parent);
        failure = errno;
        _exit(127);
    }
    int fork_error = errno;
    pthread_sigmask(SIG_SETMASK, &before, NULL);

    if (child < 0) {
        *stage = CPLATFORM_STAGE_FORK;
        return fork_error;
    }
    if (failure != 0) {
        // It has already left; collect it so that no zombie stays.
        while (syscall(SYS_wait4, child, NULL, 0, NULL) < 0 && errno == EINTR) {}
        *stage = failed_stage;
        return failure;
    }
    *process = child;
    return 0;
}

int cplatform_pidfd(pid_t process) { return (int)syscall(SYS_pidfd_open, process, 0); }
