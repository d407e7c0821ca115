// An order to start a process, as PROTOCOL.md says it, and what came of it.
#pragma once
#include "frames.h"
#include <stdbool.h>

struct order {
    long number;
    const char *cwd;
    bool terminal;
    const char *streams[3];
    // How long the first of them is.
    size_t stdin_length;
    char **argv, **env;
    // Where a stream is a pipe of ours, the end that the process writes to; else -1.
    int pipes[3];
    // How often it was tried.
    int tries;
    // Where a child of its own memory says what went wrong; -1 where it shares ours.
    int complaints;
    // What went wrong, and with which error; NULL for nothing.
    const char *step;
    int error;
    // What the others point into.
    char *text;
};

struct order *order_of(struct frame frame);
void order_forget(struct order *order);
// Whether to open its streams may take until somebody else opens the other end.
bool order_may_wait(const struct order *order);
bool order_has_pipe(const struct order *order, int stream);
