// Bytes that are added at the end and taken off the front.
#include "bytes.h"
#include <stdlib.h>
#include <string.h>

static void *sure(void *memory) {
    if (!memory) abort();
    return memory;
}

void *some(size_t size) { return sure(calloc(1, size)); }

void bytes_reserve(struct bytes *bytes, size_t more) {
    if (bytes->room - bytes->length >= more) return;
    bytes->room = (bytes->length + more) * 2;
    bytes->at = sure(realloc(bytes->at, bytes->room));
}

void bytes_add(struct bytes *bytes, const void *added, size_t length) {
    if (length == 0) return;
    bytes_reserve(bytes, length);
    memcpy(bytes->at + bytes->length, added, length);
    bytes->length += length;
}

void bytes_drop(struct bytes *bytes, size_t length) {
    bytes->length -= length;
    if (bytes->length > 0) memmove(bytes->at, bytes->at + length, bytes->length);
}
