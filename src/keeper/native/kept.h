// The one process that a warden starts, signals, reaps, and empties: it, and all that is below it.
#pragma once
#include "order.h"
#include "tree.h"
#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

// Anew: nothing is kept, and signals of children are waited for.
void kept_begin(void);
// Starts what is ordered, which is this one's from now on; says what comes of it.
void kept_start(struct order *order);
// Keeps a child that is there already.
void kept_adopt(pid_t pid);

void kept_signal(long number, int signal, bool tree);
// Kills what its leader has left.
void kept_empty(long number);
// Before it is the program.
void kept_cancel(long number);
// It has the terminal, and lost it while it was stopped.
void kept_foreground(long number);
// The runner has opened a pipe, or cannot.
void kept_took(long number, int stream, bool is_open);

// One turn of the loop, and what is due after it. -1: as long as it takes.
void kept_serve(int milliseconds);

bool kept_has_exited(void);
bool kept_is_over(void);
