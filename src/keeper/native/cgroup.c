// The cgroups (version 2) of a run.
#include "cgroup.h"
#include "bytes.h"
#include "loop.h"
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static char *joined(const char *folder, const char *name) {
    size_t room = strlen(folder) + strlen(name) + 2;
    char *path = some(room);
    snprintf(path, room, "%s/%s", folder, name);
    return path;
}

static bool write_into(const char *path, const char *name, const char *text) {
    char *file = joined(path, name);
    int fd = open(file, O_WRONLY | O_CLOEXEC);
    free(file);
    if (fd < 0) return false;
    bool written = write_all(fd, text, strlen(text));
    close(fd);
    return written;
}

// ── where this process is ──

// Where in the hierarchy; false where none is mounted.
static bool own_place(char *place, int room) {
    FILE *file = fopen("/proc/self/cgroup", "re");
    if (!file) return false;
    bool found = false;
    while (!found && fgets(place, room, file)) found = strncmp(place, "0::", 3) == 0;
    fclose(file);
    if (!found) return false;
    place[strcspn(place, "\n")] = 0;
    memmove(place, place + 3, strlen(place + 3) + 1);
    return true;
}

// Of the part of the hierarchy that is mounted there, what `place` is in; NULL where it is not in that part.
static char *within(const char *mounted, const char *root, const char *place) {
    size_t length = strcmp(root, "/") == 0 ? 0 : strlen(root);
    if (length > 0 && (strncmp(place, root, length) != 0 || (place[length] != '/' && place[length] != 0))) return NULL;
    const char *inside = place + length;
    return strcmp(inside, "/") == 0 || *inside == 0 ? strdup(mounted) : joined(mounted, inside + 1);
}

// The folder of the cgroup that this process is in.
static char *own(void) {
    char place[PATH_MAX], line[3 * PATH_MAX], root[PATH_MAX], mounted[PATH_MAX];
    if (!own_place(place, sizeof place)) return NULL;
    FILE *file = fopen("/proc/self/mountinfo", "re");
    if (!file) return NULL;
    char *found = NULL;
    while (!found && fgets(line, sizeof line, file))
        if (strstr(line, " - cgroup2 ") && sscanf(line, "%*s %*s %*s %4095s %4095s", root, mounted) == 2)
            found = within(mounted, root, place);
    fclose(file);
    return found;
}

// ── made, used and removed ──

char *cgroup_make(const char *name, const char *parent, char *why, int room) {
    char *folder = parent ? strdup(parent) : own();
    if (!folder) {
        snprintf(why, (size_t)room, "no cgroup of version 2 is mounted");
        return NULL;
    }
    char *path = joined(folder, name);
    if (mkdir(path, 0777) < 0) {
        snprintf(why, (size_t)room, "no cgroup can be made in %s: %s", folder, strerror(errno));
    } else {
        char *kills = joined(path, "cgroup.kill");
        bool can_kill = access(kills, F_OK) == 0;
        free(kills);
        free(folder);
        if (can_kill) return path;
        snprintf(why, (size_t)room, "the kernel cannot kill a cgroup (Linux 5.14 can)");
        cgroup_remove(path);
        free(path);
        return NULL;
    }
    free(folder);
    free(path);
    return NULL;
}

char *cgroup_place(const char *path, long number) {
    char name[24];
    snprintf(name, sizeof name, "%ld", number);
    char *place = joined(path, name);
    if (mkdir(place, 0777) == 0) return place;
    free(place);
    return NULL;
}

bool cgroup_enter(const char *path) { return write_into(path, "cgroup.procs", "0"); }

void cgroup_kill(const char *path) { write_into(path, "cgroup.kill", "1"); }

bool cgroup_is_empty(const char *path) {
    char *file = joined(path, "cgroup.events"), text[256] = "";
    int fd = open(file, O_RDONLY | O_CLOEXEC);
    free(file);
    if (fd < 0) return false;
    ssize_t length = read(fd, text, sizeof text - 1);
    close(fd);
    return length > 0 && strstr(text, "populated 0");
}

static bool remove_folder(const char *path) {
    DIR *folder = opendir(path);
    if (!folder) return errno == ENOENT;
    for (struct dirent *entry; (entry = readdir(folder));) {
        if (entry->d_type != DT_DIR || entry->d_name[0] == '.') continue;
        char *inside = joined(path, entry->d_name);
        remove_folder(inside);
        free(inside);
    }
    closedir(folder);
    return rmdir(path) == 0;
}

void cgroup_remove(const char *path) {
    for (int tries = 0; tries < 100 && !remove_folder(path); tries++) rest(2);
}
