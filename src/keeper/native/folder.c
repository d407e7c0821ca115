// The run's own folder.
#include "folder.h"
#include "loop.h"
#include <dirent.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static int open_in(const char *folder, const char *name, int flags) {
    int at = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (at < 0) return -1;
    int fd = openat(at, name, O_WRONLY | O_CREAT | O_CLOEXEC | flags, 0666);
    close(at);
    return fd;
}

bool folder_note(const char *folder, const char *name, const char *text) {
    int fd = open_in(folder, name, O_TRUNC);
    if (fd < 0) return false;
    bool written = write_all(fd, text, strlen(text)) && write_all(fd, "\n", 1);
    close(fd);
    return written;
}

int folder_growing(const char *folder, const char *name) { return open_in(folder, name, O_APPEND); }

static void remove_in(int at, const char *name) {
    if (unlinkat(at, name, 0) == 0) return;
    int inside = openat(at, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
    DIR *folder = inside < 0 ? NULL : fdopendir(inside);
    if (!folder) return;
    for (struct dirent *entry; (entry = readdir(folder));)
        if (strcmp(entry->d_name, ".") != 0 && strcmp(entry->d_name, "..") != 0) remove_in(dirfd(folder), entry->d_name);
    closedir(folder);
    unlinkat(at, name, AT_REMOVEDIR);
}

void folder_remove(const char *folder) { remove_in(AT_FDCWD, folder); }
