// The child on its way to being the program.
#pragma once
#include "order.h"
#include <sys/types.h>

// What keeper and wardens hold open.
enum { INLET = 0, RUNNER = 1, STARTS = 3, SIGNALS = 4 };

// No signal is ignored or blocked but SIGCHLD, which is waited for, and nothing that may come ends a keeper.
void signals_begin(void);

struct birth {
    struct order *order;
    pid_t parent;
};

// Leads a session of its own, writes down that it starts, lays its streams, and executes, with exactly these bytes and without a shell.
// Where a step fails it says which and why, and is gone. It never comes back.
int program_become(void *birth);
