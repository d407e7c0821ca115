// The keeper's side of its wardens.
#define _GNU_SOURCE
#include "wardens.h"
#include "cgroup.h"
#include "loop.h"
#include "tree.h"
#include "warden.h"
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

// Of many that are to be started at once, the first have often ended before the last could be: their wardens are free for these.
enum { MOST_IDLE = 16, MOST_STARTING = 8, MOST_TRIES = 20, BETWEEN_TRIES = 50, MOST_STRAYS = 1000, LISTS = 1024 };

struct warden {
    struct watcher socket;
    // 0 once it is reaped.
    pid_t pid;
    struct bytes heard;
    char *place;
    // Of the process that it keeps; 0 for none.
    long number;
    bool is_starting, has_started, has_exited, is_done;
    // In the list of all, and in the one of those with such numbers, or of those that are idle.
    struct warden *next, *beside;
};

struct waiting {
    struct waiting *next;
    long number;
    int tries;
    // To start, and whatever it was told since.
    struct bytes orders;
};

static const char *cgroup;
static long places;
// Of cgroups that nobody is in any more.
static char *free_places[MOST_IDLE];
static int free_count;
static struct warden *all, *idle, *by_number[LISTS];
static int idle_count, starting;
static struct waiting *first, **last = &first;

static void hear(struct watcher *watcher, uint32_t events);
static void lost(struct warden *warden);
static void bury(struct warden *warden);

void wardens_begin(const char *path) { cgroup = path; }

// ── who keeps what ──

static struct warden *keeper_of(long number) {
    struct warden *warden = by_number[number % LISTS];
    while (warden && warden->number != number) warden = warden->beside;
    return warden;
}

static void take_out(struct warden **list, const struct warden *warden) {
    while (*list && *list != warden) list = &(*list)->beside;
    if (*list) *list = warden->beside;
}

bool wardens_have(pid_t pid) {
    for (struct warden *warden = all; warden; warden = warden->next)
        if (warden->pid == pid) return true;
    return false;
}

void wardens_pass_on(long number, struct frame order) {
    struct warden *warden = keeper_of(number);
    if (warden) {
        write_all(warden->socket.fd, order.at, order.length);
        return;
    }
    // What waits for a warden is told all at once.
    for (struct waiting *waiting = first; waiting; waiting = waiting->next)
        if (waiting->number == number) bytes_add(&waiting->orders, order.at, order.length);
}

// ── begun ──

static char *place_for_one(void) {
    if (free_count > 0) return free_places[--free_count];
    return cgroup_place(cgroup, ++places);
}

static void give_place_back(char *place) {
    if (place && free_count < MOST_IDLE) free_places[free_count++] = place;
    else free(place);
}

_Noreturn static void be_warden(int socket, const char *place) {
    // Whoever is told nothing more is to find that out.
    for (struct warden *warden = all; warden; warden = warden->next)
        if (warden->socket.fd >= 0) close(warden->socket.fd);
    warden_serve(socket, place);
}

static struct warden *hire(void) {
    int ends[2];
    if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends) < 0) return NULL;
    char *place = cgroup ? place_for_one() : NULL;
    pid_t pid = cgroup && !place ? -1 : fork();
    if (pid == 0) {
        close(ends[0]);
        be_warden(ends[1], place);
    }
    int error = errno;
    close(ends[1]);
    if (pid < 0) {
        close(ends[0]);
        give_place_back(place);
        errno = error;
        return NULL;
    }
    struct warden *warden = some(sizeof *warden);
    warden->pid = pid;
    warden->place = place;
    warden->next = all;
    all = warden;
    watch(&warden->socket, ends[0], hear);
    return warden;
}

static struct warden *one_for(long number) {
    struct warden *warden = idle;
    if (warden) {
        idle = warden->beside;
        idle_count--;
    } else if (!(warden = hire())) {
        return NULL;
    }
    warden->number = number;
    warden->is_starting = true;
    warden->has_started = warden->has_exited = warden->is_done = false;
    warden->beside = by_number[number % LISTS];
    by_number[number % LISTS] = warden;
    starting++;
    return warden;
}

static void wait_for_one(long number, struct frame order) {
    struct waiting *waiting = some(sizeof *waiting);
    waiting->number = number;
    bytes_add(&waiting->orders, order.at, order.length);
    *last = waiting;
    last = &waiting->next;
}

void wardens_spawn(long number, struct frame order) {
    struct warden *warden = first || starting >= MOST_STARTING ? NULL : one_for(number);
    if (warden) write_all(warden->socket.fd, order.at, order.length);
    else wait_for_one(number, order);
}

static void say(const char *word, long number, const char *second, const char *third) {
    size_t frame = frame_open(&said, word);
    frame_number(&said, number);
    if (second) frame_text(&said, second);
    if (third) frame_text(&said, third);
    frame_close(&said, frame);
}

static struct waiting *take_out_of_line(struct waiting **of) {
    struct waiting *waiting = *of;
    *of = waiting->next;
    if (!*of) last = of;
    return waiting;
}

static void forget(struct waiting *waiting) {
    free(waiting->orders.at);
    free(waiting);
}

void wardens_cancel(long number, struct frame order) {
    struct waiting **one = &first;
    while (*one && (*one)->number != number) one = &(*one)->next;
    if (!*one) return wardens_pass_on(number, order);
    say("failed", number, "cancel", "0");
    forget(take_out_of_line(one));
}

static void start_those_that_wait(void) {
    while (first && starting < MOST_STARTING) {
        struct waiting *waiting = first;
        struct warden *warden = one_for(waiting->number);
        if (warden) {
            write_all(warden->socket.fd, waiting->orders.at, waiting->orders.length);
        } else {
            // The system lacks something that others may soon give back.
            if (waiting->tries < MOST_TRIES) return;
            char error[12];
            snprintf(error, sizeof error, "%d", errno);
            say("failed", waiting->number, "fork", error);
        }
        forget(take_out_of_line(&first));
    }
}

int wardens_patience(void) { return first && starting < MOST_STARTING ? BETWEEN_TRIES : -1; }

void wardens_try_again(void) {
    if (!first || starting >= MOST_STARTING) return;
    first->tries++;
    start_those_that_wait();
}

// ── heard of ──

// That one is on its way, or will never be.
static void is_under_way(struct warden *warden) {
    if (!warden->is_starting) return;
    warden->is_starting = false;
    starting--;
}

// Nothing is told it any more: it ends.
static void leave(struct warden *warden) {
    int fd = warden->socket.fd;
    unwatch(&warden->socket);
    if (fd >= 0) close(fd);
}

static void dismiss(struct warden *warden) {
    is_under_way(warden);
    take_out(&by_number[warden->number % LISTS], warden);
    warden->number = 0;
    if (idle_count >= MOST_IDLE) return leave(warden);
    warden->beside = idle;
    idle = warden;
    idle_count++;
}

static void hear_frame(struct warden *warden, struct frame frame) {
    struct field word, field;
    size_t from = 0;
    if (!field_next(frame, &from, &word)) return;
    if (field_is(word, "idle")) return dismiss(warden);
    // It may wait for one that has yet to be started.
    if (field_is(word, "opening")) return is_under_way(warden);
    bytes_add(&said, frame.at, frame.length);
    if (field_is(word, "started")) {
        warden->has_started = true;
    } else if (field_is(word, "failed") || field_is(word, "emptied")) {
        warden->is_done = true;
    } else if (field_is(word, "exited")) {
        warden->has_exited = true;
        field_next(frame, &from, &field);
        field_next(frame, &from, &field);
        warden->is_done = field_next(frame, &from, &field) && field_is(field, "1");
    }
    if (warden->has_exited || warden->is_done) is_under_way(warden);
}

static void hear(struct watcher *watcher, uint32_t events) {
    (void)events;
    struct warden *warden = (struct warden *)watcher;
    if (read_more(watcher->fd, &warden->heard, 64 << 10) == 0) return lost(warden);
    size_t from = 0;
    for (struct frame frame; frame_next(&warden->heard, &from, &frame);) hear_frame(warden, frame);
    bytes_drop(&warden->heard, from);
    // Whoever has not ended by now will run for a while.
    if (warden->has_started) is_under_way(warden);
    // It was reaped before its last word was heard, and is needed no more.
    if (watcher->fd < 0 && warden->pid == 0) bury(warden);
    start_those_that_wait();
}

// ── gone ──

// Whoever has lost his warden is the keeper's now, once that is reaped and not a moment before: neither another warden's nor anybody's that
// is to live. Nor is anybody gone who can still be reaped: what he leaves comes after him.
static void kill_strays(pid_t gone) {
    for (int pass = 0; pass < MOST_STRAYS; pass++) {
        bool any = gone != 0 && wardens_have(gone);
        struct pids children = {0};
        own_children(&children);
        for (size_t at = 0; at < pids_count(&children); at++) {
            pid_t pid = pids_at(&children, at);
            if (wardens_have(pid)) continue;
            any = true;
            kill(pid, SIGKILL);
        }
        pids_forget(&children);
        if (!any) return;
        rest(2);
        wardens_reap();
    }
}

static void bury(struct warden *warden) {
    struct warden **one = &all;
    while (*one != warden) one = &(*one)->next;
    *one = warden->next;
    give_place_back(warden->place);
    free(warden->heard.at);
    free(warden);
}

// Somebody killed it.
static void lost(struct warden *warden) {
    struct warden was = *warden;
    is_under_way(warden);
    take_out(was.number == 0 ? &idle : &by_number[was.number % LISTS], warden);
    leave(warden);
    if (was.pid == 0) bury(warden);
    if (was.number == 0) {
        idle_count--;
        return;
    }
    if (was.pid != 0) kill(was.pid, SIGKILL);
    kill_strays(was.pid);
    if (!was.is_done) {
        if (!was.has_started) say("failed", was.number, "warden", "0");
        else if (was.has_exited) say("emptied", was.number, NULL, NULL);
        else say("exited", was.number, "9", "1");
    }
    start_those_that_wait();
}

static void reaped(pid_t pid, int status) {
    struct warden *warden = all;
    while (warden && warden->pid != pid) warden = warden->next;
    if (!warden) return;
    // A program may stop its parent, which then would look after nothing any more.
    if (WIFSTOPPED(status)) {
        kill(pid, SIGCONT);
        return;
    }
    warden->pid = 0;
    // What it has said last may still be to be heard.
    if (warden->socket.fd < 0) bury(warden);
}

bool wardens_reap(void) {
    int status;
    pid_t pid = 0;
    for (int count = 0; count < MOST_REAPED && (pid = waitpid(-1, &status, WNOHANG | WUNTRACED)) > 0; count++) reaped(pid, status);
    return pid <= 0;
}
