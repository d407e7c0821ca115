// Waits until a descriptor can be read, and hands on what is to be said.
#include "loop.h"
#include <errno.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <time.h>
#include <unistd.h>

enum { MOST_EVENTS = 64 };

struct bytes said;
static int watched = -1;
static int outlet;
static void (*on_gone)(void);
static struct epoll_event events[MOST_EVENTS];
static int happened;

void loop_begin(int to, void (*gone)(void)) {
    watched = epoll_create1(EPOLL_CLOEXEC);
    if (watched < 0) abort();
    outlet = to;
    on_gone = gone;
    said.length = 0;
    happened = 0;
}

void loop_end(void) {
    close(watched);
    watched = -1;
}

void watch(struct watcher *watcher, int fd, void (*ready)(struct watcher *, uint32_t)) {
    struct epoll_event event = {.events = EPOLLIN, .data.ptr = watcher};
    *watcher = (struct watcher){.fd = fd, .ready = ready};
    if (epoll_ctl(watched, EPOLL_CTL_ADD, fd, &event) < 0) abort();
}

void unwatch(struct watcher *watcher) {
    if (watcher->fd < 0) return;
    epoll_ctl(watched, EPOLL_CTL_DEL, watcher->fd, NULL);
    watcher->fd = -1;
    // Nothing that has happened in this turn is for it any more, and soon it may not be there.
    for (int at = 0; at < happened; at++)
        if (events[at].data.ptr == watcher) events[at].data.ptr = NULL;
}

bool turn(int milliseconds) {
    happened = epoll_wait(watched, events, MOST_EVENTS, milliseconds);
    for (int at = 0; at < happened; at++) {
        struct watcher *watcher = events[at].data.ptr;
        if (watcher) watcher->ready(watcher, events[at].events);
    }
    bool any = happened > 0;
    happened = 0;
    return any;
}

void flush(void) {
    if (said.length == 0) return;
    if (!write_all(outlet, said.at, said.length)) on_gone();
    said.length = 0;
}

bool write_all(int fd, const void *bytes, size_t length) {
    for (size_t at = 0; at < length;) {
        ssize_t written = write(fd, (const char *)bytes + at, length - at);
        if (written >= 0) at += (size_t)written;
        else if (errno != EINTR) return false;
    }
    return true;
}

int read_more(int fd, struct bytes *heard, size_t most) {
    bytes_reserve(heard, most);
    ssize_t count = read(fd, heard->at + heard->length, most);
    if (count < 0) return errno == EINTR || errno == EAGAIN ? -1 : 0;
    heard->length += (size_t)count;
    return (int)count;
}

void rest(int milliseconds) {
    struct timespec time = {.tv_nsec = milliseconds * 1000000L};
    nanosleep(&time, NULL);
}
