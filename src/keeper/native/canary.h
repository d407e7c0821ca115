// A process that does all it can to get away: it forks twice, leads a session of its own, empties its environment, closes its files and
// ignores SIGTERM. A way of containment is used only after it has been seen to catch one, in a fork of the keeper that is thrown away.
#pragma once

// The exit code where it could not be forked is more than this, by the error.
enum { CANARY_FORKLESS = 64 };

// In that fork; `cgroup` is the run's, or NULL, and `kill_the_run` what ends a run without one. Answers its exit code: 0 where all were caught, else which was not: 2 what a process left
// behind, 3 what a run did, 1 what was in a cgroup.
int canary_judge(const char *cgroup, void (*kill_the_run)(int seconds));
