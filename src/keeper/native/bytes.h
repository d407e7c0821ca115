// Bytes that are added at the end and taken off the front. There is always memory, or the keeper ends, and all that it keeps with it.
#pragma once
#include <stddef.h>

struct bytes {
    char *at;
    size_t length, room;
};

void *some(size_t size);
void bytes_reserve(struct bytes *bytes, size_t more);
void bytes_add(struct bytes *bytes, const void *added, size_t length);
void bytes_drop(struct bytes *bytes, size_t length);
