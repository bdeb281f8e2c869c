// report.c — the records that the wall writes into its channel.

#define _GNU_SOURCE
#include "wall.h"
#include <sys/socket.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

static uint64_t started;

static uint64_t microseconds(void) {
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (uint64_t)now.tv_sec * 1000000 + (uint64_t)now.tv_nsec / 1000;
}

void start_clock(void) { started = microseconds(); }

// A host that is gone cannot be told anything; the watch on the channel ends the sandbox then.
static void send_record(struct wall_record record) {
    record.elapsed = microseconds() - started;
    send(WALL_CHANNEL, &record, sizeof record, MSG_NOSIGNAL);
}

void done(const struct specification *spec, enum wall_step step) {
    if (spec->flags & WALL_FLAG_TRACE)
        send_record((struct wall_record){.kind = WALL_KIND_STEP, .step = step});
}

void say_ready(uint32_t layers, int landlock_abi) {
    send_record((struct wall_record){
        .kind = WALL_KIND_READY, .code = landlock_abi, .layers = layers});
}

static uint64_t total(struct timeval time) {
    return (uint64_t)time.tv_sec * 1000000 + (uint64_t)time.tv_usec;
}

void say_exit(int status, const struct rusage *usage) {
    send_record((struct wall_record){.kind = WALL_KIND_EXIT,
                                     .code = status,
                                     .a = total(usage->ru_utime),
                                     .b = total(usage->ru_stime),
                                     .c = (uint64_t)usage->ru_maxrss});
}

void fail(enum wall_step step, int error, uint32_t index) {
    send_record(
        (struct wall_record){.kind = WALL_KIND_FAILED, .step = step, .code = error, .index = index});
    _exit(126);
}
