// What keeper and runner, and keeper and warden, say to each other: a frame is its length (32 bits, little end first), and then fields,
// each with its length before it in the same way. Fields are bytes.
#pragma once
#include "bytes.h"
#include <stdbool.h>

// One that was said, wherever that stands.
struct frame {
    const char *at;
    // With the four bytes that say it.
    size_t length;
};

struct field {
    const char *at;
    size_t length;
};

// The first whole frame from `*from` on, which is moved behind it.
bool frame_next(const struct bytes *heard, size_t *from, struct frame *frame);
// Goes through the fields: `*from` is 0 before the first.
bool field_next(struct frame frame, size_t *from, struct field *field);
bool field_is(struct field field, const char *word);
long field_number(struct field field);

// Says a word, and a number of the runner's with it; then more fields, and the end.
size_t frame_open(struct bytes *said, const char *word);
void frame_bytes(struct bytes *said, const void *bytes, size_t length);
void frame_text(struct bytes *said, const char *text);
void frame_number(struct bytes *said, long number);
void frame_close(struct bytes *said, size_t opened);
