// The cgroups (version 2) of a run: one for the whole of it, below the one that this runs in, and in that one for each warden. Whoever
// was put into one, and all that it starts, is in there until it ends, whatever else it does.
#pragma once
#include <stdbool.h>

// The path of a new one, below `parent` or, where that is NULL, below the one that this is in; NULL where there is none, and then `why`
// says why.
char *cgroup_make(const char *name, const char *parent, char *why, int room);
// One in it, by a number; NULL where it cannot be made.
char *cgroup_place(const char *path, long number);
// This process, and all that it starts from now on.
bool cgroup_enter(const char *path);
bool cgroup_is_empty(const char *path);
void cgroup_kill(const char *path);
// With all that is below; all in it are dead, but the kernel may take the last one out of it a little later.
void cgroup_remove(const char *path);
