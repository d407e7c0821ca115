// The keeper of a run: a small process beside the runner that starts what the pipeline declares, reaps it, and leaves nothing of it
// behind, however the runner ends. Each process is under a warden, and each warden in a cgroup where there are such. ../PROTOCOL.md says
// what the keeper is told and what it answers; ../keeper.pl is the same for where there is no compiler.
#define _GNU_SOURCE
#include "canary.h"
#include "cgroup.h"
#include "folder.h"
#include "frames.h"
#include "loop.h"
#include "program.h"
#include "tree.h"
#include "wardens.h"
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/signalfd.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

enum { MOST_READ = 1 << 20, SECONDS_AT_END = 5, SECONDS_ALONE = 30, MOST_REASON = 600 };

// The run's own, which goes with it.
static const char *folder;
static char *cgroup;
// What must not outlive the runner.
static struct guarded {
    struct guarded *next;
    pid_t pid;
    unsigned long long started;
} *guarded;
static struct bytes heard;
static struct watcher inlet, signals;
static bool more_to_reap;

// ── the end ──

// A cgroup is killed at a stroke, by the kernel; what has left it descends from here all the same.
static void kill_the_run(int seconds) {
    if (cgroup) cgroup_kill(cgroup);
    kill_all(seconds);
    if (cgroup) cgroup_remove(cgroup);
}

// Whatever is left is killed.
_Noreturn static void end(void) {
    struct pids left = {0};
    below_self(&left);
    size_t frame = frame_open(&said, "ended");
    for (size_t at = 0; at < pids_count(&left); at++) {
        pid_t pid = pids_at(&left, at);
        if (!wardens_have(pid) && is_alive(pid)) frame_number(&said, pid);
    }
    frame_close(&said, frame);
    kill_the_run(SECONDS_AT_END);
    flush();
    _exit(0);
}

// The runner is gone, and nobody else takes anything away.
static void end_alone(void) {
    for (struct guarded *one = guarded; one; one = one->next) {
        struct look look;
        if (look_at(one->pid, &look) && look.started == one->started) kill(one->pid, SIGKILL);
    }
    kill_the_run(SECONDS_ALONE);
    folder_remove(folder);
    _exit(0);
}

// ── what it is told ──

static void guard(pid_t pid) {
    struct look look;
    if (!look_at(pid, &look)) return;
    struct guarded *one = some(sizeof *one);
    *one = (struct guarded){.next = guarded, .pid = pid, .started = look.started};
    guarded = one;
}

static void make_fifos(struct frame frame, size_t from) {
    int error = 0;
    for (struct field path; field_next(frame, &from, &path);) {
        char *name = strndup(path.at, path.length);
        if (mkfifo(name, 0600) < 0 && error == 0) error = errno;
        free(name);
    }
    size_t answer = frame_open(&said, "fifos");
    frame_number(&said, error);
    frame_close(&said, answer);
}

static void obey(struct frame frame) {
    struct field word, first = {0};
    size_t from = 0;
    if (!field_next(frame, &from, &word)) return;
    size_t after_word = from;
    field_next(frame, &from, &first);
    if (field_is(word, "spawn")) wardens_spawn(field_number(first), frame);
    else if (field_is(word, "fifos")) make_fifos(frame, after_word);
    else if (field_is(word, "guard")) guard((pid_t)field_number(first));
    else if (field_is(word, "end")) end();
    else if (field_is(word, "cancel")) wardens_cancel(field_number(first), frame);
    else wardens_pass_on(field_number(first), frame);
}

static void hear(struct watcher *watcher, uint32_t events) {
    (void)events;
    if (read_more(watcher->fd, &heard, MOST_READ) == 0) end_alone();
    size_t from = 0;
    for (struct frame frame; frame_next(&heard, &from, &frame);) obey(frame);
    bytes_drop(&heard, from);
}

static void reap(struct watcher *watcher, uint32_t events) {
    (void)events;
    struct signalfd_siginfo what[16];
    while (read(watcher->fd, what, sizeof what) < 0 && errno == EINTR) {
    }
    more_to_reap = !wardens_reap();
}

// ── beginning ──

// Nothing of the run was started.
_Noreturn static void unfit(const char *reason) {
    size_t frame = frame_open(&said, "unfit");
    frame_text(&said, reason);
    frame_close(&said, frame);
    flush();
    _exit(0);
}

static void close_inherited(void) {
    DIR *open = opendir("/proc/self/fd");
    if (!open) return;
    for (struct dirent *entry; (entry = readdir(open));) {
        int fd = atoi(entry->d_name);
        if (fd > 2 && fd != dirfd(open)) close(fd);
    }
    closedir(open);
}

// So that nobody has to be told which descriptor is which.
static void place_at(int fd, int wanted) {
    if (fd == wanted) return;
    dup3(fd, wanted, O_CLOEXEC);
    close(fd);
}

static void prepare(void) {
    close_inherited();
    signals_begin();
    int starts = folder_growing(folder, "starts");
    if (starts >= 0) place_at(starts, STARTS);
    sigset_t children;
    sigemptyset(&children);
    sigaddset(&children, SIGCHLD);
    place_at(signalfd(-1, &children, SFD_NONBLOCK | SFD_CLOEXEC), SIGNALS);
    loop_begin(RUNNER, end_alone);
    if (starts < 0) unfit("no file can be made in the folder of the run");
    if (prctl(PR_SET_CHILD_SUBREAPER, 1) < 0) unfit("it cannot become a subreaper");
}

// A throwaway fork proves a way of containment before it is used; answers its verdict.
static int let_canary_loose(void) {
    pid_t pid = fork();
    if (pid == 0) {
        const char *whole = cgroup;
        cgroup = NULL;
        _exit(canary_judge(whole, kill_the_run));
    }
    int status = -1;
    if (pid < 0) return CANARY_FORKLESS + errno;
    while (waitpid(pid, &status, 0) < 0 && errno == EINTR) {
    }
    return WIFEXITED(status) ? WEXITSTATUS(status) : status;
}

static void add_verdict(char *lost, const char *tier, int verdict) {
    size_t length = strlen(lost);
    char *end = lost + length;
    size_t room = MOST_REASON - length;
    const char *then = length ? "; " : "";
    if (verdict > CANARY_FORKLESS && verdict < CANARY_FORKLESS + 64)
        snprintf(end, room, "%s%s: no canary could be forked: %s", then, tier, strerror(verdict - CANARY_FORKLESS));
    else
        snprintf(end, room, "%s%s: the canary got away (%d)", then, tier, verdict);
}

static char *make_cgroup(const char *run, char *why) {
    char name[256];
    snprintf(name, sizeof name, "forkline-%s", run);
    char *made = cgroup_make(name, NULL, why, MOST_REASON);
    // For a sweep after a crash.
    if (made) folder_note(folder, "cgroup", made);
    return made;
}

static void try_out(const char *run, bool may_use_cgroup) {
    char lost[MOST_REASON] = "", why[MOST_REASON] = "";
    if (may_use_cgroup && !(cgroup = make_cgroup(run, why))) snprintf(lost, sizeof lost, "cgroup: %.500s", why);
    int verdict = let_canary_loose();
    if (verdict != 0 && cgroup) {
        add_verdict(lost, "cgroup", verdict);
        cgroup_remove(cgroup);
        cgroup = NULL;
        verdict = let_canary_loose();
    }
    if (verdict != 0) {
        add_verdict(lost, "subreaper", verdict);
        unfit(lost);
    }
    size_t frame = frame_open(&said, "ready");
    frame_text(&said, cgroup ? "cgroup" : "subreaper");
    frame_text(&said, cgroup ? cgroup : "");
    if (*lost) frame_text(&said, lost);
    frame_close(&said, frame);
}

// RUN FOLDER TIER: what is allowed is `cgroup`, or only `subreaper`.
int main(int count, char **words) {
    if (count != 4) return 2;
    folder = words[2];
    prepare();
    try_out(words[1], strcmp(words[3], "cgroup") == 0);
    wardens_begin(cgroup);
    watch(&signals, SIGNALS, reap);
    watch(&inlet, INLET, hear);
    for (;;) {
        flush();
        bool any = turn(more_to_reap ? 0 : wardens_patience());
        if (more_to_reap) more_to_reap = !wardens_reap();
        if (!any) wardens_try_again();
    }
}
