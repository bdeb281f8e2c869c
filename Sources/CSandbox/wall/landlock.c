// landlock.c — the Landlock tier: no namespaces, for machines that refuse them.
//
// Without a process namespace nothing ends by itself. The watcher is a subreaper: every orphan below
// it becomes its child, and at the end it kills children until none is left.

#define _GNU_SOURCE
#include "wall.h"
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/signalfd.h>
#include <sys/wait.h>
#include <unistd.h>

/// Whether the command has ended, and how.
static bool ended;
static int ended_how;
static struct rusage ended_usage;

/// Reaps what has ended. Returns false when there are no children left.
static bool reap_ended(pid_t command) {
    for (;;) {
        int status;
        struct rusage usage;
        pid_t pid = wait4(-1, &status, WNOHANG, &usage);
        if (pid == command) {
            ended = true;
            ended_how = status;
            ended_usage = usage;
        }
        if (pid == 0) return true;
        if (pid < 0 && errno != EINTR) return false;
    }
}

/// Kills every child once. A child that is just forking may leave a new one behind: hence the loop
/// in `kill_all`, and a limit of no further processes for each victim before its signal.
static void kill_children(void) {
    char path[64], text[4096];
    snprintf(path, sizeof path, "/proc/self/task/%d/children", getpid());
    int file = open(path, O_RDONLY | O_CLOEXEC);
    if (file < 0) return;
    ssize_t count;
    pid_t pid = 0;
    while ((count = read(file, text, sizeof text)) > 0) {
        for (ssize_t i = 0; i < count; i++) {
            if (text[i] >= '0' && text[i] <= '9') {
                pid = pid * 10 + (text[i] - '0');
            } else if (pid > 0) {
                const struct rlimit none = {0, 0};
                prlimit(pid, RLIMIT_NPROC, &none, NULL);
                kill(pid, SIGKILL);
                pid = 0;
            }
        }
    }
    close(file);
}

static void kill_all(pid_t command) {
    while (reap_ended(command)) {
        kill_children();
        // Give the victims the processor; the next turn reaps them.
        poll(NULL, 0, 1);
    }
    if (ended) say_exit(ended_how, &ended_usage);
}

/// Returns when the command has ended or the host is gone.
static void watch(const struct specification *spec, pid_t command, int signals, int listener) {
    struct pollfd watched[3] = {{.fd = signals, .events = POLLIN},
                                {.fd = WALL_CHANNEL, .events = POLLIN | POLLRDHUP},
                                {.fd = listener, .events = POLLIN}};
    reap_ended(command);
    while (!ended) {
        if (poll(watched, 3, -1) < 0 && errno != EINTR) return;
        if (watched[1].revents != 0) return;
        if (watched[2].revents & POLLIN)
            answer_delegate(listener, spec);
        else if (watched[2].revents != 0)
            watched[2].fd = -1; // Nobody is left who could call.
        struct signalfd_siginfo information[16];
        if (read(signals, information, sizeof information) > 0) reap_ended(command);
    }
}

void run_landlock_tier(const struct specification *spec) {
    // Landlock does not look at the owner of a file: what root may do, it may do inside its grants.
    if (getuid() == 0 || geteuid() == 0) fail(WALL_STEP_IDENTITY, EPERM, 0);
    if (spec->cgroup_count > 0) fail(WALL_STEP_CGROUP, EINVAL, 0);
    drop_capabilities(WALL_STEP_CAPABILITIES);
    done(spec, WALL_STEP_CAPABILITIES);
    if (prctl(PR_SET_CHILD_SUBREAPER, 1) != 0) fail(WALL_STEP_PARENT, errno, 0);
    int listener;
    pid_t command = start_command(spec, WALL_LAYER_CAPABILITIES, &listener);
    // Only now, since the command would inherit the mask. A signal that came before is not missed:
    // the watch looks once before it waits.
    sigset_t child;
    sigemptyset(&child);
    sigaddset(&child, SIGCHLD);
    sigprocmask(SIG_BLOCK, &child, NULL);
    int signals = signalfd(-1, &child, SFD_CLOEXEC | SFD_NONBLOCK);
    if (signals < 0) fail(WALL_STEP_PARENT, errno, 0);
    close(0), close(1), close(2);
    if (spec->flags & WALL_FLAG_BROKER) close(WALL_BROKER);
    watch(spec, command, signals, listener);
    kill_all(command);
}
