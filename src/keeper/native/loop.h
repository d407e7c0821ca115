// The loop of a keeper or warden: waits until a descriptor can be read, and hands on what is to be said. Nobody wakes up for nothing.
#pragma once
#include "bytes.h"
#include <stdbool.h>
#include <stdint.h>

struct watcher {
    // -1 where it is not watched.
    int fd;
    // `events` as epoll tells them.
    void (*ready)(struct watcher *, uint32_t events);
};

// What is to be said goes here.
extern struct bytes said;

// Anew, also in a fork: nothing is watched and nothing said. What is said goes to `outlet`; `gone` is called when nobody takes it any more.
void loop_begin(int outlet, void (*gone)(void));
void loop_end(void);
void watch(struct watcher *watcher, int fd, void (*ready)(struct watcher *, uint32_t));
void unwatch(struct watcher *watcher);
// Waits for so long, for ever where that is -1. Answers whether anything could be read.
bool turn(int milliseconds);
void flush(void);

bool write_all(int fd, const void *bytes, size_t length);
// Adds what can be read, up to `most` bytes. 0 at the end, -1 where there was nothing after all.
int read_more(int fd, struct bytes *heard, size_t most);
void rest(int milliseconds);
