// A process that does all it can to get away, and whether it is caught.
#include "canary.h"
#include "cgroup.h"
#include "kept.h"
#include "loop.h"
#include "program.h"
#include "tree.h"
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

enum { MOST_TURNS = 400, A_TURN = 10 };

// Why it could not be forked, if it could not.
static int forkless;

static void nobody_listens(void) {}

_Noreturn static void fly(int tell) {
    pid_t self = getpid();
    struct sigaction ignored = {.sa_handler = SIG_IGN};
    sigset_t none;
    sigemptyset(&none);
    sigaction(SIGTERM, &ignored, NULL);
    sigprocmask(SIG_SETMASK, &none, NULL);
    write_all(tell, &self, sizeof self);
    for (int fd = 0; fd < 64; fd++) close(fd);
    char *argv[] = {"sleep", "600", NULL}, *env[] = {NULL};
    execve("/bin/sleep", argv, env);
    execve("/usr/bin/sleep", argv, env);
    for (;;) pause();
}

_Noreturn static void lead(const char *place, int tell) {
    setsid();
    if (place && !cgroup_enter(place)) _exit(1);
    pid_t pid = fork();
    if (pid > 0) {
        waitpid(pid, NULL, 0);
        _exit(0);
    }
    if (pid == 0) {
        setsid();
        pid = fork();
        if (pid > 0) _exit(0);
        if (pid == 0) fly(tell);
    }
    pid = -errno;
    write_all(tell, &pid, sizeof pid);
    _exit(1);
}

static bool serve_until(bool (*holds)(void)) {
    for (int turns = 0; turns < MOST_TURNS && !holds(); turns++) kept_serve(A_TURN);
    return holds();
}

// Its pid, once its leader has ended and it is known that something is left; else 0.
static pid_t release(const char *place) {
    int ends[2];
    if (pipe(ends) < 0) return 0;
    pid_t leader = fork(), bird = 0;
    if (leader == 0) lead(place, ends[1]);
    if (leader < 0) forkless = errno;
    close(ends[1]);
    if (leader < 0) return 0;
    kept_adopt(leader);
    bool is_left = serve_until(kept_has_exited) && !kept_is_over();
    if (read(ends[0], &bird, sizeof bird) != sizeof bird) bird = 0;
    close(ends[0]);
    if (bird < 0) forkless = -bird;
    return is_left && bird > 0 ? bird : 0;
}

// As a warden keeps one.
static bool caught_with_its_leader(void) {
    pid_t bird = release(NULL);
    if (bird == 0) return false;
    kept_empty(0);
    return serve_until(kept_is_over) && !is_alive(bird);
}

static bool caught_with_the_run(void (*kill_the_run)(int)) {
    pid_t bird = release(NULL);
    if (bird == 0) return false;
    kill_the_run(2);
    return !is_alive(bird);
}

static bool caught_in_cgroup(const char *cgroup) {
    char why[1] = "", *place = cgroup_make("canary", cgroup, why, sizeof why);
    pid_t bird = place ? release(place) : 0;
    if (bird != 0) cgroup_kill(place);
    for (int turns = 0; bird != 0 && turns < MOST_TURNS && !cgroup_is_empty(place); turns++) rest(1);
    bool is_caught = bird != 0 && !is_alive(bird);
    kill_all(2);
    if (place) cgroup_remove(place);
    return is_caught;
}

int canary_judge(const char *cgroup, void (*kill_the_run)(int)) {
    prctl(PR_SET_CHILD_SUBREAPER, 1);
    loop_end();
    loop_begin(-1, nobody_listens);
    kept_begin();
    int verdict = !caught_with_its_leader()                ? 2
                  : !caught_with_the_run(kill_the_run)     ? 3
                  : cgroup && !caught_in_cgroup(cgroup) ? 1
                                                           : 0;
    kill_all(2);
    return forkless ? CANARY_FORKLESS + forkless : verdict;
}
