// The keeper's side of its wardens: each process has one. One that has done its work waits for the next.
#pragma once
#include "frames.h"
#include <stdbool.h>
#include <sys/types.h>

// Where there are cgroups a warden is in one of its own below `cgroup`, and so is what it starts, without having to move there each time.
void wardens_begin(const char *cgroup);
// Has the process of that number started.
void wardens_spawn(long number, struct frame order);
// To whom keeps the process of that number.
void wardens_pass_on(long number, struct frame order);
// It is not wanted where it does not execute yet.
void wardens_cancel(long number, struct frame order);
bool wardens_have(pid_t pid);
// Reaps the keeper's children, and wakes wardens that somebody has stopped. False where there are more to be reaped.
bool wardens_reap(void);
// How long the loop may wait; and what is due when it has waited so long.
int wardens_patience(void);
void wardens_try_again(void);
