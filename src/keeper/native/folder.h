// The run's own folder: what is noted in it for a sweep after a crash, and how it is taken away.
#pragma once
#include <stdbool.h>

// False (and errno) where the file cannot be made.
bool folder_note(const char *folder, const char *name, const char *text);
// Opens a file in it that is only added to; -1 where it cannot be made.
int folder_growing(const char *folder, const char *name);
void folder_remove(const char *folder);
