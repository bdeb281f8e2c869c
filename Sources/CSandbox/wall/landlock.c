// landlock.c — the Landlock tier: no namespaces, for machines that refuse them.
//
// Without a process namespace nothing ends by itself. So the watcher enters a Landlock domain that does
// nothing but hold signals in, and the command a narrower one within: from inside nobody reaches the
// watcher, and the watcher's signal to "every process" reaches exactly those of the sandbox, in one
// sweep that no fork outruns. It is a subreaper, so that they become its children and are reaped. A
// guard beside it sends the same signal when the watcher dies.
//
// The watcher also makes the calls that Landlock does not judge in the command's place: see delegate.c.

#define _GNU_SOURCE
#include "wall.h"
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
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

/// Every process of the domain, which this one is not counted among.
static void sweep(void) { kill(-1, SIGKILL); }

static void kill_all(pid_t command, int signals) {
    struct pollfd news = {.fd = signals, .events = POLLIN};
    sweep();
    while (reap_ended(command)) {
        // Wait for a death, a millisecond at most; the next turn reaps it. A second sweep is for what a
        // process that was just being made has become.
        poll(&news, 1, 1);
        struct signalfd_siginfo information[16];
        while (read(signals, information, sizeof information) > 0) {}
        sweep();
    }
    if (ended) say_exit(ended_how, &ended_usage);
}

/// Waits, in a process of its own, until the watcher is gone, and ends what it left.
static void start_guard(void) {
    int ends[2];
    if (pipe2(ends, O_CLOEXEC) != 0) fail(WALL_STEP_PARENT, errno, 0);
    pid_t guard = fork();
    if (guard < 0) fail(WALL_STEP_FORK, errno, 0);
    if (guard > 0) {
        close(ends[0]);
        return;
    }
    // The first to go is the command, not the guard; and it holds nothing that others wait for.
    dup2(ends[0], 0);
    close_range(1, ~0u, 0);
    char byte;
    while (read(0, &byte, 1) < 0 && errno == EINTR) {}
    sweep();
    _exit(0);
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
    confine_signals();
    start_guard();
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
    kill_all(command, signals);
}
