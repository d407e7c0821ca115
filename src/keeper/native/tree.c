// Who descends from whom, as /proc shows it, and how nothing of it is left.
#include "tree.h"
#include "bytes.h"
#include "loop.h"
#include <dirent.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

// PID_MAX_LIMIT of the kernel.
enum { MOST_PIDS = 1 << 22 };
enum { MOST_LOOKS = 20, ROUNDS_A_SECOND = 500, ROUNDS_BETWEEN_PASSES = 50, FIRST_PASS = 5 };

bool pids_add(struct pids *pids, pid_t pid) {
    if (!pids->known) pids->known = some(MOST_PIDS / 8);
    unsigned char *known = &pids->known[pid / 8], bit = (unsigned char)(1 << pid % 8);
    if (*known & bit) return false;
    *known |= bit;
    bytes_add(&pids->list, &pid, sizeof pid);
    return true;
}

size_t pids_count(const struct pids *pids) { return pids->list.length / sizeof(pid_t); }

pid_t pids_at(const struct pids *pids, size_t at) { return ((const pid_t *)(const void *)pids->list.at)[at]; }

void pids_forget(struct pids *pids) {
    free(pids->known);
    free(pids->list.at);
    *pids = (struct pids){0};
}

// A small file of /proc; empty where there is none.
static size_t read_file(const char *path, char *text, size_t room) {
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    ssize_t length = fd < 0 ? 0 : read(fd, text, room - 1);
    if (fd >= 0) close(fd);
    if (length < 0) length = 0;
    text[length] = 0;
    return (size_t)length;
}

bool look_at(pid_t pid, struct look *look) {
    char path[64], text[4096];
    snprintf(path, sizeof path, "/proc/%d/stat", pid);
    if (read_file(path, text, sizeof text) == 0) return false;
    // "pid (name) state ppid …", and the name may hold anything.
    const char *after = strrchr(text, ')');
    return after &&
           sscanf(after + 2, "%c %d %d %*s %*s %*s %*s %*s %*s %*s %*s %*s %*s %*s %*s %*s %*s %d %*s %llu", &look->state,
                  &look->parent, &look->group, &look->threads, &look->started) == 5;
}

bool is_alive(pid_t pid) {
    struct look look;
    if (!look_at(pid, &look)) return false;
    return (look.state != 'Z' && look.state != 'X') || look.threads > 1;
}

// ── who is below ──

static bool shows_children(void) {
    static int shows = -1;
    if (shows < 0) shows = access("/proc/thread-self/children", F_OK) == 0;
    return shows;
}

static void children_of_task(pid_t pid, const char *task, struct pids *found) {
    char path[320];
    snprintf(path, sizeof path, "/proc/%d/task/%s/children", pid, task);
    FILE *file = fopen(path, "re");
    if (!file) return;
    for (int child; fscanf(file, "%d", &child) == 1;) pids_add(found, child);
    fclose(file);
}

static void children(pid_t pid, struct pids *found) {
    char path[64];
    snprintf(path, sizeof path, "/proc/%d/task", pid);
    DIR *tasks = opendir(path);
    if (!tasks) return;
    for (struct dirent *task; (task = readdir(tasks));)
        if (task->d_name[0] != '.') children_of_task(pid, task->d_name, found);
    closedir(tasks);
}

// Where the kernel does not list children, everybody is asked for a parent.
static void children_by_parent(pid_t parent, struct pids *found) {
    DIR *all = opendir("/proc");
    if (!all) return;
    for (struct dirent *one; (one = readdir(all));) {
        struct look look;
        pid_t pid = atoi(one->d_name);
        if (pid > 0 && look_at(pid, &look) && look.parent == parent) pids_add(found, pid);
    }
    closedir(all);
}

static void children_of(pid_t pid, struct pids *found) {
    if (shows_children()) children(pid, found);
    else children_by_parent(pid, found);
}

void own_children(struct pids *found) { children_of(getpid(), found); }

void below_self(struct pids *found) {
    own_children(found);
    for (size_t at = 0; at < pids_count(found); at++) children_of(pids_at(found, at), found);
}

// ── nothing of it is left ──

// Stops what is below until nothing new is found.
static void freeze(struct pids *stopped, void (*reap)(void)) {
    for (int look = 0; look < MOST_LOOKS; look++) {
        bool is_new = false;
        struct pids found = {0};
        below_self(&found);
        for (size_t at = 0; at < pids_count(&found); at++) {
            if (!pids_add(stopped, pids_at(&found, at))) continue;
            is_new = true;
            kill(pids_at(&found, at), SIGSTOP);
        }
        pids_forget(&found);
        if (!is_new) return;
        reap();
    }
}

static void kill_those_alive(const struct pids *found, struct pids *killed) {
    for (size_t at = 0; at < pids_count(found); at++) {
        pid_t pid = pids_at(found, at);
        if (!is_alive(pid)) continue;
        pids_add(killed, pid);
        kill(pid, SIGKILL);
    }
}

void kill_below(struct pids *killed, void (*reap)(void)) {
    struct pids stopped = {0};
    freeze(&stopped, reap);
    kill_those_alive(&stopped, killed);
    pids_forget(&stopped);
}

static void kill_children(void) {
    struct pids own = {0};
    own_children(&own);
    for (size_t at = 0; at < pids_count(&own); at++) kill(pids_at(&own, at), SIGKILL);
    pids_forget(&own);
}

// Whether any child is left. Not all at once: a chain of forks may end faster than it can be reaped.
static bool reap_some(void) {
    pid_t reaped = 1;
    for (int count = 0; count < MOST_REAPED && reaped > 0; count++) reaped = waitpid(-1, NULL, WNOHANG);
    return reaped >= 0;
}

static void just_reap(void) { reap_some(); }

void kill_all(int seconds) {
    for (int round = 0; round < seconds * ROUNDS_A_SECOND; round++) {
        struct pids killed = {0};
        // Its children first: a warden that is stopped reaps nothing. Those that fork faster than that are stopped.
        if (round % ROUNDS_BETWEEN_PASSES == FIRST_PASS) kill_below(&killed, just_reap);
        else kill_children();
        pids_forget(&killed);
        if (!reap_some()) return;
        rest(round < 3 ? 0 : 2);
    }
}
