// run.c — the command's own process: limits, Landlock, and the command itself.
//
// It is started like a vfork, on a stack of its own in the memory of its parent, who waits until it
// has executed the command: that spares the copy of every page table.

#define _GNU_SOURCE
#include "wall.h"
#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <unistd.h>

static const char *variable(const struct specification *spec, const char *name) {
    size_t length = strlen(name);
    for (unsigned i = 0; i < spec->variable_count; i++) {
        const char *text = spec->variables[i];
        if (strncmp(text, name, length) == 0 && text[length] == '=') return text + length + 1;
    }
    return NULL;
}

static void try_execute(const struct specification *spec, const char *path) {
    execve(path, spec->arguments, spec->variables);
}

/// Looks the program up in PATH as a shell does: a file that may not be executed is remembered, and
/// the search goes on.
static int search_path(const struct specification *spec, const char *name) {
    const char *path = variable(spec, "PATH");
    int error = ENOENT;
    while (path != NULL && *path != 0) {
        size_t length = strcspn(path, ":");
        char candidate[4096];
        int count = snprintf(candidate, sizeof candidate, "%.*s/%s", (int)length, path, name);
        if (*path == '/' && count > 0 && (size_t)count < sizeof candidate) {
            try_execute(spec, candidate);
            if (errno != ENOENT && errno != ENOTDIR) error = errno;
        }
        path += length;
        if (*path == ':') path++;
    }
    return error;
}

struct start {
    const struct specification *spec;
    uint32_t layers;
    pid_t watcher;
    int listener;
};

/// Without a process namespace, dies with the watcher.
static void follow(pid_t watcher) {
    if (prctl(PR_SET_PDEATHSIG, SIGKILL) != 0) fail(WALL_STEP_PARENT, errno, 0);
    if (getppid() != watcher) _exit(126);
}

/// The first to go when memory runs out, and before the watcher, who ends the rest.
static void go_first(void) {
    int file = open("/proc/self/oom_score_adj", O_WRONLY | O_CLOEXEC);
    if (file < 0 || write(file, "1000", 4) != 4) fail(WALL_STEP_LIMITS, errno, 0);
    close(file);
}

/// A process group of its own, so that its signals stay in it; and where it is given a terminal, a
/// session of its own, so that the terminal is not its to control. Only there, since a session is also
/// a new scheduling group, which on a busy machine waits some milliseconds for its first turn.
static void leave_terminal(void) {
    if (isatty(0) || isatty(1) || isatty(2))
        setsid();
    else
        setpgid(0, 0);
}

static int become_command(void *pointer) {
    struct start *start = pointer;
    const struct specification *spec = start->spec;
    if (spec->flags & WALL_FLAG_LANDLOCK_TIER) {
        follow(start->watcher);
        go_first();
    }
    leave_terminal();
    umask(022);
    set_limits(spec);
    done(spec, WALL_STEP_LIMITS);
    if (chdir(spec->folder) != 0) fail(WALL_STEP_FOLDER, errno, 0);
    int abi = confine_files(spec);
    done(spec, WALL_STEP_LANDLOCK);
    if (fcntl(WALL_CHANNEL, F_SETFD, FD_CLOEXEC) != 0) fail(WALL_STEP_EXECUTE, errno, 0);
    if (spec->flags & WALL_FLAG_LANDLOCK_TIER) {
        start->listener = filter_calls(spec);
        done(spec, WALL_STEP_FILTER);
    }
    uint32_t layers = start->layers | WALL_LAYER_LIMITS | WALL_LAYER_FILTER;
    say_ready(layers | (abi > 0 ? WALL_LAYER_LANDLOCK : 0), abi);
    const char *program = spec->arguments[0];
    int error;
    if (strchr(program, '/') != NULL) {
        try_execute(spec, program);
        error = errno;
    } else {
        error = search_path(spec, program);
    }
    fail(WALL_STEP_EXECUTE, error, 0);
}

pid_t start_command(const struct specification *spec, uint32_t layers, int *listener) {
    static char stack[256 << 10] __attribute__((aligned(16)));
    struct start start = {spec, layers, getpid(), -1};
    // The listener is opened by the command's process and meant for this one: one table of
    // descriptors serves for both until the command is executed, which closes it on that side.
    int flags = CLONE_VM | CLONE_VFORK | SIGCHLD | (listener == NULL ? 0 : CLONE_FILES);
    pid_t command = clone(become_command, stack + sizeof stack, flags, &start);
    if (command < 0) fail(WALL_STEP_FORK, errno, 0);
    if (listener != NULL) *listener = start.listener;
    return command;
}
