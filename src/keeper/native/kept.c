// The one process that a warden starts, signals, reaps, and empties: it, and all that is below it.
#define _GNU_SOURCE
#include "kept.h"
#include "loop.h"
#include "printed.h"
#include "program.h"
#include "terminal.h"
#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/signalfd.h>
#include <sys/wait.h>
#include <unistd.h>

enum { MOST_TRIES = 20, BETWEEN_TRIES = 50, MOST_PASSES = 2500, BETWEEN_PASSES = 2, STACK = 64 << 10 };

static struct {
    long number;
    pid_t pid;
    int status;
    // The order, until it executes or cannot.
    struct order *order;
    // It is to be tried again.
    bool is_put_off;
    // Readable once it executes, where that is not known at once.
    struct watcher complaints;
    bool has_failed, has_exited, is_told, is_over;
    bool has_modes;
    struct termios modes;
    // What its leader has left is being killed.
    bool is_killing;
    int passes;
    struct pids killed;
} kept;
// Whether this process has no child at all, or some that it did not come to reap.
static bool is_childless, has_more;
static struct watcher signals;

static void hear_signals(struct watcher *watcher, uint32_t events);
static void reap(void);
static void try_to_start(void);
static void hear_complaint(struct watcher *watcher, uint32_t events);
static void settle(void);
static void kill_once(void);

void kept_begin(void) { watch(&signals, SIGNALS, hear_signals); }

void kept_serve(int milliseconds) {
    bool is_killing = kept.is_killing && !kept.is_over;
    bool any = turn(has_more ? 0 : is_killing ? BETWEEN_PASSES : kept.is_put_off ? BETWEEN_TRIES : milliseconds);
    if (has_more) reap();
    if (!any && kept.is_put_off) try_to_start();
    if (is_killing && !kept.is_over) kill_once();
    flush();
}

bool kept_has_exited(void) { return kept.has_exited; }
bool kept_is_over(void) { return kept.is_over; }

static void say(const char *word) {
    size_t frame = frame_open(&said, word);
    frame_number(&said, kept.number);
    frame_close(&said, frame);
}

// ── how it starts ──

static void keep(long number) {
    pids_forget(&kept.killed);
    memset(&kept, 0, sizeof kept);
    kept.complaints.fd = -1;
    kept.number = number;
}

void kept_start(struct order *order) {
    keep(order->number);
    kept.order = order;
    try_to_start();
}

void kept_adopt(pid_t pid) {
    keep(0);
    kept.pid = pid;
    is_childless = false;
}

static void say_failed(const char *step, int error) {
    size_t frame = frame_open(&said, "failed");
    frame_number(&said, kept.number);
    frame_text(&said, step);
    frame_number(&said, error);
    frame_close(&said, frame);
}

static void forget_order(void) {
    order_forget(kept.order);
    kept.order = NULL;
}

static void never_start(const char *step, int error) {
    say_failed(step, error);
    forget_order();
    kept.is_put_off = false;
    kept.is_over = true;
    say("idle");
}

// The system lacks something that others may soon give back.
static void put_off(const char *step, int error) {
    printed_abandon(kept.order);
    kept.is_put_off = kept.order->tries++ < MOST_TRIES;
    if (!kept.is_put_off) never_start(step, error);
}

// It executes by now, or has said why it cannot.
static void launched(void) {
    struct order *order = kept.order;
    if (order->step) {
        kept.has_failed = true;
        printed_abandon(order);
        say_failed(order->step, order->error);
    } else {
        size_t frame = frame_open(&said, "started");
        frame_number(&said, kept.number);
        frame_number(&said, kept.pid);
        frame_number(&said, getpid());
        frame_close(&said, frame);
    }
    forget_order();
}

// In the memory of this process, which waits until it executes: nothing has to be copied for it.
static pid_t start_sharing(struct birth *birth) {
    static char stack[STACK] __attribute__((aligned(64)));
    return clone(program_become, stack + STACK, CLONE_VM | CLONE_VFORK | SIGCHLD, birth);
}

// In a memory of its own, for it may take long.
static pid_t start_apart(struct birth *birth) {
    int ends[2];
    if (pipe2(ends, O_CLOEXEC) < 0) return -1;
    birth->order->complaints = ends[1];
    pid_t pid = fork();
    if (pid == 0) program_become(birth);
    close(ends[1]);
    if (pid < 0) close(ends[0]);
    else watch(&kept.complaints, ends[0], hear_complaint);
    return pid;
}

static void try_to_start(void) {
    struct order *order = kept.order;
    struct birth birth = {.order = order, .parent = getpid()};
    kept.is_put_off = false;
    if (order->terminal) kept.has_modes = terminal_modes(&kept.modes);
    if (!printed_open(order)) return put_off("pipe", errno);
    bool is_apart = order->terminal || order_may_wait(order);
    kept.pid = is_apart ? start_apart(&birth) : start_sharing(&birth);
    if (kept.pid < 0) return put_off("fork", errno);
    is_childless = false;
    printed_begin(order);
    if (!is_apart) return launched();
    say("opening");
}

static void hear_complaint(struct watcher *watcher, uint32_t events) {
    (void)events;
    static char text[32];
    int fd = watcher->fd;
    ssize_t length;
    while ((length = read(fd, text, sizeof text - 1)) < 0 && errno == EINTR) {
    }
    unwatch(watcher);
    close(fd);
    text[length < 0 ? 0 : length] = 0;
    if (length > 0) {
        char *step;
        kept.order->error = (int)strtol(text, &step, 10);
        kept.order->step = step + 1;
    }
    launched();
}

// ── how it ends ──

static void hear_signals(struct watcher *watcher, uint32_t events) {
    (void)events;
    static struct signalfd_siginfo what[16];
    while (read(watcher->fd, what, sizeof what) < 0 && errno == EINTR) {
    }
    reap();
}

static void reap(void) {
    pid_t pid = 0;
    int status;
    for (int count = 0; count < MOST_REAPED && (pid = waitpid(-1, &status, WNOHANG)) > 0; count++) {
        if (pid != kept.pid || kept.has_exited) continue;
        if (kept.complaints.fd >= 0) hear_complaint(&kept.complaints, 0);
        kept.status = status;
        kept.has_exited = true;
        if (kept.has_modes) terminal_pass(getpgrp(), &kept.modes);
    }
    has_more = pid > 0;
    is_childless = pid < 0;
    settle();
}

static void say_exited(void) {
    size_t frame = frame_open(&said, "exited");
    frame_number(&said, kept.number);
    frame_number(&said, kept.status);
    frame_number(&said, is_childless);
    frame_close(&said, frame);
}

static void say_emptied(void) {
    size_t frame = frame_open(&said, "emptied");
    frame_number(&said, kept.number);
    for (size_t at = 0; at < pids_count(&kept.killed); at++) frame_number(&said, pids_at(&kept.killed, at));
    frame_close(&said, frame);
}

// Its leader has ended: says so, and later that nothing of it is left.
static void settle(void) {
    if (!kept.has_exited || kept.is_over) return;
    if (is_childless && !kept.has_failed) printed_drain();
    if (kept.has_failed) {
        kept.is_killing = !is_childless;
    } else if (!kept.is_told) {
        kept.is_told = true;
        say_exited();
    } else if (is_childless) {
        say_emptied();
    }
    if (!is_childless) return;
    kept.is_over = true;
    if (!printed_is_awaited()) say("idle");
}

// ── what is done to it ──

static bool is_here(long number) { return number == kept.number && kept.pid > 0 && !kept.is_over; }

// Nobody gets it twice, and nobody whose number has gone to a stranger.
void kept_signal(long number, int signal, bool tree) {
    if (!is_here(number)) return;
    bool leads = !kept.has_exited;
    if (leads) kill(-kept.pid, signal);
    if (!tree) return;
    struct pids members = {0};
    below_self(&members);
    for (size_t at = 0; at < pids_count(&members); at++) {
        struct look look;
        pid_t pid = pids_at(&members, at);
        if (look_at(pid, &look) && !(leads && look.group == kept.pid)) kill(pid, signal);
    }
    pids_forget(&members);
}

void kept_foreground(long number) {
    if (!is_here(number) || kept.has_exited) return;
    terminal_pass(kept.pid, NULL);
    kill(-kept.pid, SIGCONT);
}

void kept_cancel(long number) {
    if (number != kept.number || !kept.order) return;
    if (kept.is_put_off) never_start("cancel", 0);
    else kill(kept.pid, SIGKILL);
}

void kept_empty(long number) {
    if (!is_here(number)) return;
    kept.is_killing = true;
    kill_once();
}

// One pass of several, until it is empty.
static void kill_once(void) {
    kill_below(&kept.killed, reap);
    if (kept.is_over) return;
    // The kernel holds one, or it is another user's by now: the run must not wait for it for ever.
    if (++kept.passes < MOST_PASSES) return;
    if (!kept.has_failed) say_emptied();
    kept.is_over = true;
}

void kept_took(long number, int stream, bool is_open) {
    if (number != kept.number) return;
    // What nobody can open once it is over is nobody's.
    printed_took(stream, is_open || kept.is_over);
    if (kept.is_over && is_childless && !printed_is_awaited()) say("idle");
}
