// What the process prints into its two pipes.
#define _GNU_SOURCE
#include "printed.h"
#include "frames.h"
#include "loop.h"
#include <fcntl.h>
#include <poll.h>
#include <sys/epoll.h>
#include <unistd.h>

enum { CHUNK = 16 << 10, MOST_TOLD = 64 << 10, MOST_DRAINED = 80 };

static struct printed {
    struct watcher watcher;
    // -1 where there is none, or its end was read.
    int fd;
    // How much was told.
    size_t told;
    // The runner was asked to open it.
    bool is_handed;
    // It cannot.
    bool is_ours;
} pipes[3] = {[0 ... 2] = {.fd = -1, .watcher.fd = -1}};
static long number;
static struct bytes heard;

bool printed_open(struct order *order) {
    number = order->number;
    for (int stream = 0; stream < 3; stream++) {
        pipes[stream] = (struct printed){.fd = -1, .watcher.fd = -1};
        if (!order_has_pipe(order, stream)) continue;
        int ends[2];
        if (pipe2(ends, O_CLOEXEC) < 0) return false;
        pipes[stream].fd = ends[0];
        order->pipes[stream] = ends[1];
    }
    return true;
}

static void leave(struct printed *pipe) {
    unwatch(&pipe->watcher);
    if (pipe->fd >= 0) close(pipe->fd);
    pipe->fd = -1;
}

static void close_writing_ends(struct order *order) {
    for (int stream = 0; stream < 3; stream++) {
        if (order->pipes[stream] >= 0) close(order->pipes[stream]);
        order->pipes[stream] = -1;
    }
}

void printed_abandon(struct order *order) {
    close_writing_ends(order);
    for (int stream = 0; stream < 3; stream++) leave(&pipes[stream]);
}

// Which of the two it is goes by its place.
static int stream_of(const struct printed *pipe) { return (int)(pipe - pipes); }

// False at its end.
static bool tell_some(struct printed *pipe) {
    heard.length = 0;
    int count = read_more(pipe->fd, &heard, CHUNK);
    if (count <= 0) return count < 0;
    size_t frame = frame_open(&said, "printed");
    frame_number(&said, number);
    frame_number(&said, stream_of(pipe));
    frame_bytes(&said, heard.at, (size_t)count);
    frame_close(&said, frame);
    pipe->told += (size_t)count;
    return true;
}

static void hand_over(struct printed *pipe) {
    unwatch(&pipe->watcher);
    pipe->is_handed = true;
    size_t frame = frame_open(&said, "pipe");
    frame_number(&said, number);
    frame_number(&said, stream_of(pipe));
    frame_number(&said, getpid());
    frame_number(&said, pipe->fd);
    frame_close(&said, frame);
}

static void ready(struct watcher *watcher, uint32_t events) {
    struct printed *pipe = (struct printed *)watcher;
    if (!(events & EPOLLIN) || !tell_some(pipe)) leave(pipe);
    else if (pipe->told >= MOST_TOLD && !pipe->is_ours) hand_over(pipe);
}

void printed_begin(struct order *order) {
    close_writing_ends(order);
    for (int stream = 0; stream < 3; stream++)
        if (pipes[stream].fd >= 0) watch(&pipes[stream].watcher, pipes[stream].fd, ready);
}

void printed_drain(void) {
    for (int stream = 0; stream < 3; stream++) {
        struct printed *pipe = &pipes[stream];
        if (pipe->fd < 0 || pipe->is_handed) continue;
        struct pollfd look = {.fd = pipe->fd, .events = POLLIN};
        int left = MOST_DRAINED;
        while (left-- > 0 && poll(&look, 1, 0) == 1 && look.revents & POLLIN) tell_some(pipe);
        if (look.revents == POLLHUP) leave(pipe);
        // Somebody else has its other end.
        else hand_over(pipe);
    }
}

void printed_took(int stream, bool is_open) {
    struct printed *pipe = &pipes[stream == 2 ? 2 : 1];
    if (!pipe->is_handed) return;
    pipe->is_handed = false;
    if (is_open) return leave(pipe);
    pipe->is_ours = true;
    watch(&pipe->watcher, pipe->fd, ready);
}

bool printed_is_awaited(void) { return pipes[1].is_handed || pipes[2].is_handed; }
