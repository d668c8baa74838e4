// Fork and join over POSIX threads.
#include "parallel.h"
#include <pthread.h>

struct share {
    parallel_body body;
    const void *context;
    int part, parts;
};

static void *run_share(void *argument) {
    const struct share *share = argument;
    share->body(share->context, share->part, share->parts);
    return 0;
}

void parallel_run(int parts, parallel_body body, const void *context) {
    if (parts > PARALLEL_LIMIT) parts = PARALLEL_LIMIT;
    struct share shares[PARALLEL_LIMIT];
    pthread_t threads[PARALLEL_LIMIT];
    int started[PARALLEL_LIMIT];
    for (int part = 1; part < parts; part++) {
        shares[part] = (struct share){body, context, part, parts};
        started[part] = pthread_create(&threads[part], 0, run_share, &shares[part]) == 0;
    }
    body(context, 0, parts < 1 ? 1 : parts);
    for (int part = 1; part < parts; part++) {
        if (started[part])
            pthread_join(threads[part], 0);
        else
            run_share(&shares[part]);
    }
}
