// full.c — the full tier: seven namespaces, a root of its own, a process 1 that ends with the command.
//
// Three processes stand between the host and the command's children. The watcher, outside, kills
// process 1 when the host closes the channel. Process 1 builds the walls, starts the command, reaps
// orphans, and reports how the command ended; when it exits, the kernel kills what is left. If the
// watcher is killed, its death signal takes process 1 along.

#define _GNU_SOURCE
#include "kernel.h"
#include "wall.h"
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/utsname.h>
#include <sys/wait.h>

static void write_text(const char *path, const char *text, enum wall_step step) {
    int file = open(path, O_WRONLY | O_CLOEXEC);
    if (file < 0) fail(step, errno, 0);
    ssize_t length = (ssize_t)strlen(text);
    if (write(file, text, (size_t)length) != length) fail(step, errno, 0);
    close(file);
}

/// One user and one group of the host, under a number that is not 0: so the kernel itself takes all
/// capabilities away when the command is executed.
static void map_identity(const struct specification *spec) {
    char line[64];
    write_text("/proc/self/setgroups", "deny", WALL_STEP_MAP);
    snprintf(line, sizeof line, "%u %u 1", spec->inner_user, spec->outer_user);
    write_text("/proc/self/uid_map", line, WALL_STEP_MAP);
    snprintf(line, sizeof line, "%u %u 1", spec->inner_group, spec->outer_group);
    write_text("/proc/self/gid_map", line, WALL_STEP_MAP);
    // The first to go when memory runs out.
    write_text("/proc/self/oom_score_adj", "1000", WALL_STEP_MAP);
}

static void join_cgroups(const struct specification *spec) {
    bool born_inside = spec->flags & WALL_FLAG_CLONE_INTO_CGROUP;
    for (int i = 0; i < (int)spec->cgroup_count; i++) {
        if (!born_inside && write(WALL_CGROUP + i, "0", 1) != 1)
            fail(WALL_STEP_CGROUP, errno, (uint32_t)i);
        close(WALL_CGROUP + i);
    }
}

/// Kernel 6.14 made the largest process number a setting of each process namespace; before, it was one
/// of the machine's, which is not to be touched.
static bool has_own_numbers(void) {
    struct utsname name;
    unsigned major = 0, minor = 0;
    if (uname(&name) != 0 || sscanf(name.release, "%u.%u", &major, &minor) != 2) return false;
    return major > 6 || (major == 6 && minor >= 14);
}

/// The kernel counts none of root's processes for RLIMIT_NPROC. Where no control group counts them, the
/// namespace gets as many numbers as there may be processes, and the 300 that the kernel hands out only
/// once: so a fork bomb stays small enough for the host to get its turn and end it.
static bool bound_numbers(const struct specification *spec) {
    char line[32];
    uint64_t count = 0;
    if (spec->outer_user != 0 || spec->cgroup_count > 0 || !has_own_numbers()) return false;
    for (unsigned i = 0; i < spec->limit_count; i++)
        if (spec->limits[i].resource == RLIMIT_NPROC) count = spec->limits[i].value;
    int file = open("/proc/sys/kernel/pid_max", O_WRONLY | O_CLOEXEC);
    if (count == 0 || file < 0) return false;
    int length = snprintf(line, sizeof line, "%llu", (unsigned long long)count + 301);
    bool done = write(file, line, (size_t)length) == length;
    close(file);
    return done;
}

/// Dies with the watcher, also where it died before this was called.
static void follow_parent(int parent) {
    if (prctl(PR_SET_PDEATHSIG, SIGKILL) != 0) fail(WALL_STEP_PARENT, errno, 0);
    struct pollfd gone = {.fd = parent, .events = POLLIN};
    if (poll(&gone, 1, 0) != 0) _exit(126);
    close(parent);
}

/// Waits for the command, then ends what it left behind, and reports when that is gone: so the host
/// need not wait until the kernel has taken the namespaces apart.
static _Noreturn void reap(pid_t command) {
    int status = 0, ended;
    struct rusage usage;
    pid_t pid;
    do {
        pid = wait4(-1, &status, 0, &usage);
        if (pid < 0 && errno != EINTR) _exit(126);
    } while (pid != command);
    kill(-1, SIGKILL);
    do pid = wait4(-1, &ended, 0, NULL);
    while (pid > 0 || errno == EINTR);
    say_exit(status, &usage);
    _exit(0);
}

static _Noreturn void be_process_one(const struct specification *spec, int parent) {
    uint32_t layers = WALL_LAYER_NAMESPACES | WALL_LAYER_ROOT | WALL_LAYER_CAPABILITIES;
    follow_parent(parent);
    done(spec, WALL_STEP_PARENT);
    map_identity(spec);
    done(spec, WALL_STEP_MAP);
    if (bound_numbers(spec)) layers |= WALL_LAYER_NUMBERS;
    if (spec->name != NULL && sethostname(spec->name, strlen(spec->name)) != 0)
        fail(WALL_STEP_NAME, errno, 0);
    if (spec->cgroup_count > 0) {
        join_cgroups(spec);
        layers |= WALL_LAYER_CGROUP;
        done(spec, WALL_STEP_CGROUP);
    }
    build_root(spec);
    drop_capabilities(WALL_STEP_CAPABILITIES);
    done(spec, WALL_STEP_CAPABILITIES);
    // Nobody inside may look into process 1. The command gets its own setting when it is executed.
    prctl(PR_SET_DUMPABLE, 0);
    // The command inherits the filter; process 1 needs nothing that it refuses.
    filter_calls(spec);
    done(spec, WALL_STEP_FILTER);
    pid_t command = start_command(spec, layers, NULL);
    syscall(SYS_close_range, 0, 2, 0);
    // The broker sees that the command is gone when its last holder is.
    if (spec->flags & WALL_FLAG_BROKER) close(WALL_BROKER);
    reap(command);
}

/// Waits until process 1 and with it every other process is gone; hurries when the host is.
static void watch(int process_one) {
    struct pollfd watched[2] = {{.fd = process_one, .events = POLLIN},
                                {.fd = WALL_CHANNEL, .events = POLLIN | POLLRDHUP}};
    while (poll(watched, 2, -1) < 0 && errno == EINTR) {}
    // Whatever comes from the host means: end it.
    if (watched[1].revents != 0) syscall(SYS_pidfd_send_signal, process_one, SIGKILL, NULL, 0);
    siginfo_t information;
    while (waitid((idtype_t)P_PIDFD, (id_t)process_one, &information, WEXITED) < 0)
        if (errno != EINTR) _exit(126);
}

void run_full_tier(const struct specification *spec) {
    int process_one = -1;
    int self = (int)syscall(SYS_pidfd_open, getpid(), 0);
    if (self < 0) fail(WALL_STEP_CLONE, errno, 0);
    struct k_clone_args arguments = {
        .flags = CLONE_NEWUSER | CLONE_NEWNS | CLONE_NEWPID | CLONE_NEWNET | CLONE_NEWIPC
            | CLONE_NEWUTS | CLONE_NEWCGROUP | CLONE_PIDFD,
        .pidfd = (uint64_t)(uintptr_t)&process_one,
        .exit_signal = SIGCHLD,
    };
    if (spec->flags & WALL_FLAG_CLONE_INTO_CGROUP) {
        arguments.flags |= K_CLONE_INTO_CGROUP;
        arguments.cgroup = WALL_CGROUP;
    }
    long child = syscall(SYS_clone3, &arguments, sizeof arguments);
    if (child < 0) fail(WALL_STEP_CLONE, errno, 0);
    if (child == 0) be_process_one(spec, self);
    syscall(SYS_close_range, 0, 2, 0);
    for (int i = 0; i < (int)spec->cgroup_count; i++) close(WALL_CGROUP + i);
    if (spec->flags & WALL_FLAG_BROKER) close(WALL_BROKER);
    watch(process_one);
}
