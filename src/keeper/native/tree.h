// Who descends from whom, as /proc shows it, and how nothing of it is left: all are stopped until no new one is found, and then killed.
// Of a subreaper it is enough to look at its own children again and again, for whoever loses a parent becomes one.
#pragma once
#include "bytes.h"
#include <stdbool.h>
#include <sys/types.h>

// A chain of forks may end faster than it can be reaped, and others have to be heard in between.
enum { MOST_REAPED = 1000 };

// Each is in it once. All zero: nobody.
struct pids {
    struct bytes list;
    // A bit for each number that there can be.
    unsigned char *known;
};

struct look {
    char state;
    pid_t parent, group;
    unsigned long long started;
    int threads;
};

// False where it was in there.
bool pids_add(struct pids *pids, pid_t pid);
size_t pids_count(const struct pids *pids);
pid_t pids_at(const struct pids *pids, size_t at);
void pids_forget(struct pids *pids);

// False where there is no such process.
bool look_at(pid_t pid, struct look *look);
// Whose first thread has ended is shown as a zombie, and lives as long as another one does.
bool is_alive(pid_t pid);
// All below this process, zombies too.
void below_self(struct pids *found);
// At least its own children.
void own_children(struct pids *found);
// One pass: stops what is below this process until nothing new is found, and kills it; whom, is added to `killed`. What ends meanwhile is
// reaped by `reap`, or a chain of forks would leave more zombies to look at than one look takes time.
void kill_below(struct pids *killed, void (*reap)(void));
// Until this process has no child any more; all are killed and reaped. Gives up after so many seconds: the kernel may hold one in a call,
// and one that is another user's by now is not ours to kill.
void kill_all(int seconds);
