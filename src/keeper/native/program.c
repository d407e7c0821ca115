// The child on its way to being the program. Mostly it shares the memory of the warden, which waits for it meanwhile: so there are
// only system calls here, and nothing is made that somebody would have to take away.
#define _GNU_SOURCE
#include "program.h"
#include "loop.h"
#include "terminal.h"
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <unistd.h>

// What a keeper must not hear. It catches them and does nothing: what is caught, other than what is ignored, is as it was in whatever is
// executed.
static const int unheard[] = {SIGINT,  SIGTERM, SIGHUP,  SIGQUIT, SIGTSTP, SIGTTIN,
                              SIGTTOU, SIGPIPE, SIGUSR1, SIGUSR2, SIGALRM};

static void do_nothing(int signal) { (void)signal; }

void signals_begin(void) {
    struct sigaction usual = {.sa_handler = SIG_DFL}, nothing = {.sa_handler = do_nothing, .sa_flags = SA_RESTART};
    for (int number = 1; number < NSIG; number++) sigaction(number, &usual, NULL);
    for (size_t at = 0; at < sizeof unheard / sizeof *unheard; at++) sigaction(unheard[at], &nothing, NULL);
    sigset_t children;
    sigemptyset(&children);
    sigaddset(&children, SIGCHLD);
    sigprocmask(SIG_SETMASK, &children, NULL);
}

_Noreturn static void fail(struct order *order, const char *step, int error) {
    order->step = step;
    order->error = error;
    char text[32];
    if (order->complaints >= 0) {
        int length = snprintf(text, sizeof text, "%d %s", error, step);
        write_all(order->complaints, text, (size_t)length);
    }
    _exit(127);
}

// ── the streams ──

static int flags_of(char how) {
    switch (how) {
        case '>': return O_WRONLY | O_CREAT | O_TRUNC;
        case '+': return O_WRONLY | O_CREAT | O_APPEND;
        // A pipe that is there.
        case '|': return O_WRONLY;
        case '=': return O_RDWR;
        default: return O_RDONLY;
    }
}

// Open at its beginning, and gone with who has it open.
static int file_of(const char *bytes, size_t length) {
    int fd = memfd_create("stdin", MFD_CLOEXEC);
    if (fd < 0) return -1;
    for (size_t at = 0; at < length;) {
        ssize_t written = pwrite(fd, bytes + at, length - at, (off_t)at);
        if (written < 0 && errno != EINTR) return -1;
        if (written > 0) at += (size_t)written;
    }
    return fd;
}

static int open_stream(const struct order *order, int stream) {
    const char *how = order->streams[stream];
    if (*how == '*') return order->pipes[stream];
    if (*how == ':') return file_of(how + 1, order->stdin_length - 1);
    if (*how == 0) how = "</dev/null";
    // One end of a pipe must not wait for the other; what is read or written afterwards may.
    bool is_pipe = *how == '|' || strncmp(how + 1, "/proc/", 6) == 0;
    int fd = open(how + 1, flags_of(*how) | O_NOCTTY | O_CLOEXEC | (is_pipe ? O_NONBLOCK : 0), 0666);
    if (fd >= 0 && is_pipe) fcntl(fd, F_SETFL, fcntl(fd, F_GETFL) & ~O_NONBLOCK);
    return fd;
}

// ── the record ──

// One write, of what /proc says of it: its pid, and when it was started.
static bool record(void) {
    char text[1024];
    int fd = open("/proc/self/stat", O_RDONLY | O_CLOEXEC);
    if (fd < 0) return false;
    ssize_t length = read(fd, text, sizeof text);
    close(fd);
    return length > 0 && write(STARTS, text, (size_t)length) == length;
}

// Whether the runner and the keeper are there still.
static bool is_wanted(void) {
    struct pollfd ends[] = {{.fd = RUNNER, .events = POLLRDHUP}, {.fd = INLET, .events = POLLRDHUP}};
    return poll(ends, 2, 0) == 0;
}

// ── the program ──

static const char *variable(char **env, const char *name) {
    size_t length = strlen(name);
    for (; *env; env++)
        if (strncmp(*env, name, length) == 0 && (*env)[length] == '=') return *env + length + 1;
    return NULL;
}

// Looks for the program as a shell does. Answers the number of the error.
static int execute(char **argv, char **env) {
    const char *name = argv[0];
    if (!name || *name == 0) return ENOENT;
    if (strchr(name, '/')) {
        execve(name, argv, env);
        return errno;
    }
    const char *path = variable(env, "PATH");
    if (!path) path = "/usr/local/bin:/usr/bin:/bin";
    int error = ENOENT;
    for (bool more = true; more;) {
        size_t length = strcspn(path, ":");
        more = path[length] == ':';
        char file[PATH_MAX];
        int needed = snprintf(file, sizeof file, "%.*s/%s", length ? (int)length : 1, length ? path : ".", name);
        path += length + 1;
        if (needed >= (int)sizeof file) return ENAMETOOLONG;
        // To ask first costs less than to try in vain.
        if (access(file, F_OK) == 0) execve(file, argv, env);
        if (errno == EACCES) error = EACCES;
        else if (errno != ENOENT && errno != ENOTDIR) return errno;
    }
    return error;
}

int program_become(void *given) {
    struct birth *birth = given;
    struct order *order = birth->order;
    if (order->terminal) setpgid(0, 0);
    else setsid();
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    if (getppid() != birth->parent) _exit(127);
    if (chdir(order->cwd) < 0) fail(order, "cwd", errno);
    int fds[3];
    static const char *const names[] = {"0", "1", "2"};
    for (int stream = 0; stream < 3; stream++) {
        fds[stream] = open_stream(order, stream);
        if (fds[stream] < 0) fail(order, names[stream], errno);
    }
    if (order->terminal) terminal_give(fds[0], getpid());
    if (!record()) fail(order, "record", errno);
    sigset_t none;
    sigemptyset(&none);
    sigprocmask(SIG_SETMASK, &none, NULL);
    // From here on nothing can start that nobody knows of; and nothing does for a runner that is gone.
    if (!is_wanted() || getppid() != birth->parent) _exit(127);
    for (int stream = 0; stream < 3; stream++) dup2(fds[stream], stream);
    fail(order, "exec", execute(order->argv, order->env));
}
