// A warden: a fork of the keeper that is a subreaper itself and keeps one process after the other, alone: so whatever that leaves running
// becomes the warden's child and nobody else's.
#include "warden.h"
#include "cgroup.h"
#include "kept.h"
#include "loop.h"
#include "program.h"
#include "tree.h"
#include <sys/prctl.h>
#include <unistd.h>

static struct bytes heard;
static struct watcher inlet;

// The keeper is gone, or needs it no more. Nobody else kills what it keeps.
_Noreturn static void end(void) {
    kill_all(30);
    _exit(0);
}

static void obey(struct frame frame) {
    struct field word, number, third = {0}, fourth = {0};
    size_t from = 0;
    if (!field_next(frame, &from, &word) || !field_next(frame, &from, &number)) return;
    if (field_is(word, "spawn")) return kept_start(order_of(frame));
    field_next(frame, &from, &third);
    field_next(frame, &from, &fourth);
    long which = field_number(number);
    if (field_is(word, "signal")) kept_signal(which, (int)field_number(third), field_is(fourth, "tree"));
    else if (field_is(word, "empty")) kept_empty(which);
    else if (field_is(word, "cancel")) kept_cancel(which);
    else if (field_is(word, "foreground")) kept_foreground(which);
    else if (field_is(word, "took")) kept_took(which, (int)field_number(third), true);
    else if (field_is(word, "untaken")) kept_took(which, (int)field_number(third), false);
}

static void hear(struct watcher *watcher, uint32_t events) {
    (void)events;
    if (read_more(watcher->fd, &heard, 64 << 10) == 0) end();
    size_t from = 0;
    for (struct frame frame; frame_next(&heard, &from, &frame);) obey(frame);
    bytes_drop(&heard, from);
}

void warden_serve(int socket, const char *place) {
    // It, and so all that it will start.
    if (place && !cgroup_enter(place)) _exit(1);
    prctl(PR_SET_CHILD_SUBREAPER, 1);
    dup2(socket, INLET);
    close(socket);
    heard.length = 0;
    loop_end();
    loop_begin(INLET, end);
    kept_begin();
    watch(&inlet, INLET, hear);
    for (;;) kept_serve(-1);
}
