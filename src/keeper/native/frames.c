// Frames and fields, as PROTOCOL.md says them.
#include "frames.h"
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { SIZE = 4 };

static size_t read_size(const char *at) {
    const unsigned char *bytes = (const unsigned char *)at;
    return bytes[0] | (size_t)bytes[1] << 8 | (size_t)bytes[2] << 16 | (size_t)bytes[3] << 24;
}

static void write_size(char *at, size_t size) {
    for (int byte = 0; byte < SIZE; byte++) at[byte] = (char)(size >> 8 * byte);
}

bool frame_next(const struct bytes *heard, size_t *from, struct frame *frame) {
    size_t left = heard->length - *from;
    if (left < SIZE || left - SIZE < read_size(heard->at + *from)) return false;
    frame->at = heard->at + *from;
    frame->length = SIZE + read_size(frame->at);
    *from += frame->length;
    return true;
}

bool field_next(struct frame frame, size_t *from, struct field *field) {
    if (*from == 0) *from = SIZE;
    if (frame.length - *from < SIZE) return false;
    field->length = read_size(frame.at + *from);
    field->at = frame.at + *from + SIZE;
    if (field->length > frame.length - *from - SIZE) return false;
    *from += SIZE + field->length;
    return true;
}

bool field_is(struct field field, const char *word) {
    return field.length == strlen(word) && memcmp(field.at, word, field.length) == 0;
}

long field_number(struct field field) {
    char text[24] = "";
    memcpy(text, field.at, field.length < sizeof text ? field.length : sizeof text - 1);
    return strtol(text, NULL, 10);
}

size_t frame_open(struct bytes *said, const char *word) {
    size_t opened = said->length;
    bytes_add(said, "\0\0\0\0", SIZE);
    frame_text(said, word);
    return opened;
}

void frame_bytes(struct bytes *said, const void *bytes, size_t length) {
    char size[SIZE];
    write_size(size, length);
    bytes_add(said, size, SIZE);
    bytes_add(said, bytes, length);
}

void frame_text(struct bytes *said, const char *text) { frame_bytes(said, text, strlen(text)); }

void frame_number(struct bytes *said, long number) {
    char text[24];
    frame_bytes(said, text, (size_t)snprintf(text, sizeof text, "%ld", number));
}

void frame_close(struct bytes *said, size_t opened) { write_size(said->at + opened, said->length - opened - SIZE); }
