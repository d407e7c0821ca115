// The terminal of the session that the keeper is in.
#include "terminal.h"
#include <fcntl.h>
#include <signal.h>
#include <unistd.h>

static int terminal(void) { return open("/dev/tty", O_RDWR | O_NOCTTY | O_CLOEXEC); }

bool terminal_modes(struct termios *modes) {
    int fd = terminal();
    if (fd < 0) return false;
    bool known = tcgetattr(fd, modes) == 0;
    close(fd);
    return known;
}

// Who does this from the background would be stopped.
static void unstopped(int fd, pid_t group, const struct termios *modes) {
    struct sigaction ignored = {.sa_handler = SIG_IGN}, before;
    sigaction(SIGTTOU, &ignored, &before);
    tcsetpgrp(fd, group);
    if (modes) tcsetattr(fd, TCSADRAIN, modes);
    sigaction(SIGTTOU, &before, NULL);
}

void terminal_give(int fd, pid_t group) { unstopped(fd, group, NULL); }

void terminal_pass(pid_t group, const struct termios *modes) {
    int fd = terminal();
    if (fd < 0) return;
    unstopped(fd, group, modes);
    close(fd);
}
