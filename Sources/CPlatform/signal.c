// Signals as bytes in a pipe: a handler may do next to nothing, so it writes one byte and a thread
// does the rest.

#define _GNU_SOURCE
#include "CPlatform.h"

#include <errno.h>
#include <signal.h>
#include <string.h>
#include <unistd.h>

static volatile int descriptor_of_signal[65];

static void write_number(int number) {
    int saved = errno;
    unsigned char byte = (unsigned char)number;
    // A full pipe already holds signals nobody has read: one more would say nothing new.
    ssize_t ignored = write(descriptor_of_signal[number], &byte, 1);
    (void)ignored;
    errno = saved;
}

static int set_handler(int number, void (*handler)(int)) {
    struct sigaction action;
    memset(&action, 0, sizeof action);
    action.sa_handler = handler;
    action.sa_flags = SA_RESTART;
    sigfillset(&action.sa_mask);
    return sigaction(number, &action, NULL) == 0 ? 0 : errno;
}

int cplatform_signal_to_descriptor(int number, int descriptor) {
    if (number < 1 || number > 64) return EINVAL;
    descriptor_of_signal[number] = descriptor;
    return set_handler(number, write_number);
}

int cplatform_signal_ignore(int number) { return set_handler(number, SIG_IGN); }
