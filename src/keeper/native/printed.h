// What the process prints into its two pipes. The first of it is told to the runner by frames, so that who prints little costs no pipe more;
// who prints much has its pipe handed to the runner.
#pragma once
#include "order.h"
#include <stdbool.h>

// Makes those that the order wants. False (and errno) where there are none to be had.
bool printed_open(struct order *order);
// The order's ends are the child's now.
void printed_begin(struct order *order);
// There is no such child.
void printed_abandon(struct order *order);
// Nobody will write any more, unless he got away: says what is still in there.
void printed_drain(void);
// The runner has opened the pipe, or cannot, and wants to be told all.
void printed_took(int stream, bool is_open);
// Whether the runner has yet to open one.
bool printed_is_awaited(void);
