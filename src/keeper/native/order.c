// An order to start a process.
#include "order.h"
#include <stdlib.h>
#include <string.h>

// The place of the first stream among the words of an order.
enum { STDIN = 5 };

struct order *order_of(struct frame frame) {
    struct order *order = some(sizeof *order);
    size_t fields = 0, from = 0;
    for (struct field field; field_next(frame, &from, &field);) fields++;
    // Each with a NUL behind it, which takes less than its length did.
    char *to = order->text = some(frame.length + 1);
    char **words = some((fields + 3) * sizeof *words);
    from = 0;
    size_t count = 0;
    for (struct field field; field_next(frame, &from, &field); to += field.length + 1) {
        memcpy(to, field.at, field.length);
        if (count == STDIN) order->stdin_length = field.length;
        words[count++] = to;
    }
    // spawn, number, name, cwd, terminal, stdin, stdout, stderr, argc, argv…, env…
    order->number = atol(words[1]);
    order->cwd = words[3];
    order->terminal = *words[4];
    for (int stream = 0; stream < 3; stream++) {
        order->streams[stream] = words[STDIN + stream];
        order->pipes[stream] = -1;
    }
    size_t argc = (size_t)atol(words[8]);
    // Both lists end with a NULL: the words of the order before its arguments make room for one.
    order->argv = words + 8;
    memmove(order->argv, words + 9, argc * sizeof *words);
    order->argv[argc] = NULL;
    order->env = words + 9 + argc;
    order->complaints = -1;
    return order;
}

void order_forget(struct order *order) {
    free(order->text);
    free(order->argv - 8);
    free(order);
}

bool order_has_pipe(const struct order *order, int stream) { return strcmp(order->streams[stream], "*") == 0; }

bool order_may_wait(const struct order *order) {
    for (int stream = 0; stream < 3; stream++) {
        const char *how = order->streams[stream];
        // Of what the runner has open nobody waits for the other end.
        bool is_quick = *how == 0 || strchr("*|:", *how) || strcmp(how + 1, "/dev/null") == 0 ||
                        strncmp(how + 1, "/proc/", 6) == 0;
        if (!is_quick) return true;
    }
    return false;
}
