// Fork and join over threads that stay.
//
// Each caller has a *team*: a counter from which parts are claimed, and seats for workers. Whoever
// sits claims parts until there are none. Then the caller takes the free seats away and waits for the
// workers that sit: only for claimed parts, hence for threads that run. So no caller waits for
// another one's, a nested call cannot lock up, and with no worker at all the caller does everything.
//
// A team's word of members is all that decides who sits: the lower half counts free seats, the upper
// workers that sit. What else a team holds is written before seats are offered and read by those who
// sit. Teams are never freed, so that whoever comes late finds a word without seats.
#define _GNU_SOURCE
#include "include/parallel.h"
#include <linux/futex.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdint.h>
#include <sys/syscall.h>
#include <unistd.h>
#include "waiting.h"

enum {
    /// Callers that get help at once; further ones work alone.
    TEAMS = 16,
    /// How often an idle thread looks again before it sleeps: some 20 microseconds.
    SPINS = 1000,
    ONE_SITS = 1 << 16,
    /// Set while the caller sleeps until nobody sits.
    CALLER_SLEEPS = 1 << 15,
    SEATS = CALLER_SLEEPS - 1,
};

struct team {
    _Alignas(128) _Atomic uint32_t members;
    _Atomic int is_taken;
    parallel_body body;
    const void *context;
    int parts;
    /// On a line of its own: everybody who sits adds to it.
    _Alignas(128) _Atomic int next;
};

static struct team teams[TEAMS];

/// Grows with every team that offers seats: what idle workers watch and sleep on.
static _Alignas(128) _Atomic uint32_t posts;
static _Atomic int sleepers;
/// Workers that callers would use now, and those that there are.
static _Atomic int wanted, workers;
static pthread_mutex_t growing = PTHREAD_MUTEX_INITIALIZER;

static void sleep_while(_Atomic uint32_t *word, uint32_t value) {
    syscall(SYS_futex, word, FUTEX_WAIT_PRIVATE, value, 0, 0, 0);
}

static void wake(_Atomic uint32_t *word, int count) {
    syscall(SYS_futex, word, FUTEX_WAKE_PRIVATE, count, 0, 0, 0);
}

/// How often to look again: never where threads outnumber processors, because what is waited for
/// may need this one.
static int spins(void) {
    static _Atomic int processors;
    int count = atomic_load_explicit(&processors, memory_order_relaxed);
    if (count == 0) {
        cpu_set_t set;
        count = sched_getaffinity(0, sizeof set, &set) == 0 ? CPU_COUNT(&set) : 1;
        atomic_store_explicit(&processors, count, memory_order_relaxed);
    }
    return atomic_load_explicit(&workers, memory_order_relaxed) < count ? SPINS : 0;
}

static void claim_parts(struct team *team) {
    const int parts = team->parts;
    for (;;) {
        const int part = atomic_fetch_add_explicit(&team->next, 1, memory_order_relaxed);
        if (part >= parts) return;
        team->body(team->context, part, parts);
    }
}

/// Takes a seat of a team, if one is free.
static int sit_down(struct team *team) {
    uint32_t members = atomic_load_explicit(&team->members, memory_order_relaxed);
    while (members & SEATS)
        if (atomic_compare_exchange_weak_explicit(
                &team->members, &members, members - 1 + ONE_SITS, memory_order_acquire,
                memory_order_relaxed))
            return 1;
    return 0;
}

static void stand_up(struct team *team) {
    const uint32_t before =
        atomic_fetch_sub_explicit(&team->members, ONE_SITS, memory_order_release);
    if (before == (ONE_SITS | CALLER_SLEEPS)) wake(&team->members, 1);
}

static void *work(void *number) {
    const uintptr_t start = (uintptr_t)number;
    for (;;) {
        const uint32_t seen = atomic_load(&posts);
        int has_helped = 0;
        for (uintptr_t i = 0; i < TEAMS; i++) {
            struct team *team = &teams[(start + i) % TEAMS];
            if (!sit_down(team)) continue;
            claim_parts(team);
            stand_up(team);
            has_helped = 1;
        }
        if (has_helped) continue;
        for (int left = spins(); left > 0 && atomic_load(&posts) == seen; left--) pause_briefly();
        if (atomic_load(&posts) != seen) continue;
        // Either the next post sees a sleeper, or the system sees the post and does not let it sleep.
        atomic_fetch_add(&sleepers, 1);
        sleep_while(&posts, seen);
        atomic_fetch_sub(&sleepers, 1);
    }
    return 0;
}

static void before_fork(void) { pthread_mutex_lock(&growing); }
static void after_fork(void) { pthread_mutex_unlock(&growing); }

/// The child has none of the threads, and none of the callers that it did not come from.
static void in_child(void) {
    for (int i = 0; i < TEAMS; i++) {
        atomic_store(&teams[i].members, 0);
        atomic_store(&teams[i].is_taken, 0);
    }
    atomic_store(&sleepers, 0);
    atomic_store(&wanted, 0);
    atomic_store(&workers, 0);
    pthread_mutex_unlock(&growing);
}

/// Makes as many workers as are wanted now, or as many as the system allows.
static void grow(void) {
    static int is_prepared;
    // Signals are for threads that know what to do with them.
    sigset_t all, before;
    sigfillset(&all);
    pthread_mutex_lock(&growing);
    if (!is_prepared) is_prepared = pthread_atfork(before_fork, after_fork, in_child) == 0;
    pthread_sigmask(SIG_SETMASK, &all, &before);
    int count = atomic_load(&workers);
    while (is_prepared && count < atomic_load(&wanted) && count < PARALLEL_LIMIT - 1) {
        pthread_t thread;
        if (pthread_create(&thread, 0, work, (void *)(uintptr_t)count) != 0) break;
        pthread_detach(thread);
        atomic_store(&workers, ++count);
    }
    pthread_sigmask(SIG_SETMASK, &before, 0);
    pthread_mutex_unlock(&growing);
}

/// A team that is this caller's until it gives it back, or none.
static struct team *take_team(void) {
    for (int i = 0; i < TEAMS; i++) {
        int is_taken = 0;
        if (atomic_load_explicit(&teams[i].is_taken, memory_order_relaxed) == 0
            && atomic_compare_exchange_strong_explicit(
                &teams[i].is_taken, &is_taken, 1, memory_order_acquire, memory_order_relaxed))
            return &teams[i];
    }
    return 0;
}

/// Offers seats, and wakes who sleeps.
static void offer(struct team *team, int seats) {
    const int now = atomic_fetch_add(&wanted, seats) + seats;
    const int count = atomic_load(&workers);
    if (count < now && count < PARALLEL_LIMIT - 1) grow();
    atomic_store_explicit(&team->next, 0, memory_order_relaxed);
    atomic_store_explicit(&team->members, (uint32_t)seats, memory_order_release);
    atomic_fetch_add(&posts, 1);
    if (atomic_load(&sleepers) > 0) wake(&posts, seats);
}

/// Takes free seats away and returns when nobody sits.
static void dismiss(struct team *team, int seats) {
    uint32_t members = atomic_fetch_and_explicit(
                           &team->members, ~(uint32_t)SEATS, memory_order_acquire)
        & ~(uint32_t)SEATS;
    for (int left = spins(); left > 0 && members != 0; left--) {
        pause_briefly();
        members = atomic_load_explicit(&team->members, memory_order_acquire);
    }
    if (members != 0)
        members = atomic_fetch_or_explicit(&team->members, CALLER_SLEEPS, memory_order_acquire)
            | CALLER_SLEEPS;
    while (members >= ONE_SITS) {
        sleep_while(&team->members, members);
        members = atomic_load_explicit(&team->members, memory_order_acquire);
    }
    atomic_store_explicit(&team->members, 0, memory_order_relaxed);
    atomic_fetch_sub(&wanted, seats);
}

void parallel_run(int threads, int parts, parallel_body body, const void *context) {
    if (threads > PARALLEL_LIMIT) threads = PARALLEL_LIMIT;
    const int seats = (threads < parts ? threads : parts) - 1;
    struct team *team = seats > 0 ? take_team() : 0;
    if (!team) {
        for (int part = 0; part < parts; part++) body(context, part, parts);
        return;
    }
    team->body = body;
    team->context = context;
    team->parts = parts;
    offer(team, seats);
    claim_parts(team);
    dismiss(team, seats);
    atomic_store_explicit(&team->is_taken, 0, memory_order_release);
}
