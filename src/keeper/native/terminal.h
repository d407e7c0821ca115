// The terminal of the session that the keeper is in: whose it is, and how it reads and echoes.
#pragma once
#include <stdbool.h>
#include <sys/types.h>
#include <termios.h>

// False where there is none.
bool terminal_modes(struct termios *modes);
// The group has it, also where who gives it is in the background.
void terminal_give(int fd, pid_t group);
// The same for who has it not open; with `modes`, these are set again.
void terminal_pass(pid_t group, const struct termios *modes);
