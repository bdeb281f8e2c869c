// processes.c — acts on other processes, on namespaces, on the caller's own identity and limits.

#define _GNU_SOURCE
#include "../kernel.h"
#include "probe.h"
#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <linux/capability.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/personality.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <sys/resource.h>
#include <sys/shm.h>
#include <sys/uio.h>
#include <sys/wait.h>

#define UNUSED(argument) (void)(argument)

/// Runs `attempt` in a child, so that a success does not change this process.
static int in_child(int (*attempt)(const char *), const char *argument) {
    pid_t child = fork();
    if (child < 0) return errno;
    if (child == 0) _exit(attempt(argument));
    int status;
    if (waitpid(child, &status, 0) < 0) return errno;
    return WIFSIGNALED(status) ? -WTERMSIG(status) : WEXITSTATUS(status);
}

static int signal_pid(const char *pid) { return errno_of(kill(atoi(pid), 0)); }

/// Process 1 of a sandbox, the shell in the open.
static int signal_parent(const char *argument) {
    UNUSED(argument);
    return errno_of(kill(getppid(), SIGTERM));
}

static int read_memory(pid_t pid) {
    char byte;
    struct iovec here = {&byte, 1}, there = {(void *)(uintptr_t)&byte, 1};
    long count = process_vm_readv(pid, &here, 1, &there, 1, 0);
    // In the open the address means nothing in the other process, but the door was opened.
    return count < 0 && errno != EFAULT ? errno : 0;
}

static int read_parent_memory(const char *argument) {
    UNUSED(argument);
    return read_memory(getppid());
}

static int attach(const char *pid) {
    pid_t target = *pid == 0 ? getppid() : atoi(pid);
    if (ptrace(PTRACE_SEIZE, target, NULL, NULL) != 0) return errno;
    ptrace(PTRACE_DETACH, target, NULL, NULL);
    return 0;
}

static int trace_me_here(const char *argument) {
    UNUSED(argument);
    return errno_of(ptrace(PTRACE_TRACEME, 0, NULL, NULL));
}

static int trace_me(const char *argument) { return in_child(trace_me_here, argument); }

static int compare(const char *argument) {
    UNUSED(argument);
    return errno_of(syscall(SYS_kcmp, getpid(), getppid(), 2 /* KCMP_FILES */, 0, 0));
}

static int take_descriptor(const char *pid) {
    int process = (int)syscall(SYS_pidfd_open, *pid == 0 ? getppid() : atoi(pid), 0);
    if (process < 0) return errno;
    int result = errno_of(syscall(438 /* pidfd_getfd */, process, 0, 0));
    close(process);
    return result;
}

static int unshare_user_here(const char *argument) {
    UNUSED(argument);
    return errno_of(unshare(CLONE_NEWUSER));
}

static int unshare_user(const char *argument) { return in_child(unshare_user_here, argument); }

static int unshare_network_here(const char *argument) {
    UNUSED(argument);
    return errno_of(unshare(CLONE_NEWUSER | CLONE_NEWNET));
}

static int unshare_network(const char *argument) {
    return in_child(unshare_network_here, argument);
}

static int clone_user(const char *argument) {
    UNUSED(argument);
    long child = syscall(SYS_clone, CLONE_NEWUSER | SIGCHLD, 0, 0, 0, 0);
    if (child == 0) _exit(0);
    int result = errno_of(child);
    if (child > 0) waitpid((pid_t)child, NULL, 0);
    return result;
}

static int clone3_user(const char *argument) {
    UNUSED(argument);
    struct k_clone_args request = {.flags = CLONE_NEWUSER, .exit_signal = SIGCHLD};
    long child = syscall(SYS_clone3, &request, sizeof request);
    if (child == 0) _exit(0);
    int result = errno_of(child);
    if (child > 0) waitpid((pid_t)child, NULL, 0);
    return result;
}

static int enter_namespace(const char *path) {
    int file = open(path, O_RDONLY | O_CLOEXEC);
    if (file < 0) return errno;
    int result = errno_of(setns(file, 0));
    close(file);
    return result;
}

static int become_root_here(const char *argument) {
    UNUSED(argument);
    return errno_of(setresuid(0, 0, 0));
}

static int become_root(const char *argument) { return in_child(become_root_here, argument); }

static int set_groups_here(const char *argument) {
    UNUSED(argument);
    gid_t group = 0;
    return errno_of(setgroups(1, &group));
}

static int set_groups(const char *argument) { return in_child(set_groups_here, argument); }

static int take_capabilities_here(const char *argument) {
    UNUSED(argument);
    struct __user_cap_header_struct header = {.version = _LINUX_CAPABILITY_VERSION_3};
    struct __user_cap_data_struct all[2];
    memset(all, 0xff, sizeof all);
    all[1].effective = all[1].permitted = all[1].inheritable = 0x1ff;
    return errno_of(syscall(SYS_capset, &header, all));
}

static int take_capabilities(const char *argument) {
    return in_child(take_capabilities_here, argument);
}

static int forget_no_new_privileges(const char *argument) {
    UNUSED(argument);
    return errno_of(prctl(PR_SET_NO_NEW_PRIVS, 0, 0, 0, 0));
}

static int nice_up(const char *argument) {
    UNUSED(argument);
    return errno_of(setpriority(PRIO_PROCESS, 0, -20));
}

static int real_time_here(const char *argument) {
    UNUSED(argument);
    struct sched_param parameters = {.sched_priority = 10};
    return errno_of(sched_setscheduler(0, SCHED_FIFO, &parameters));
}

static int real_time(const char *argument) { return in_child(real_time_here, argument); }

static int raise_limit_here(const char *argument) {
    UNUSED(argument);
    struct rlimit limit;
    if (getrlimit(RLIMIT_NOFILE, &limit) != 0) return errno;
    limit.rlim_max++;
    return errno_of(setrlimit(RLIMIT_NOFILE, &limit));
}

static int raise_limit(const char *argument) { return in_child(raise_limit_here, argument); }

static int memory_file(const char *argument) {
    UNUSED(argument);
    int memory = memfd_create("probe", MFD_CLOEXEC);
    if (memory < 0) return errno;
    close(memory);
    return 0;
}

static int shared_segment(const char *argument) {
    UNUSED(argument);
    int segment = shmget(IPC_PRIVATE, 4096, IPC_CREAT | 0600);
    if (segment < 0) return errno;
    shmctl(segment, IPC_RMID, NULL);
    return 0;
}

/// "ok" where `COUNT` processes could run at the same time.
static int forks(const char *count) {
    static pid_t children[65536];
    int wanted = atoi(count), running = 0, result = 0;
    if (wanted > 65536) return EINVAL;
    for (; running < wanted; running++) {
        children[running] = fork();
        if (children[running] == 0) {
            pause();
            _exit(0);
        }
        if (children[running] < 0) {
            result = errno;
            break;
        }
    }
    for (int i = 0; i < running; i++) kill(children[i], SIGKILL);
    for (int i = 0; i < running; i++) waitpid(children[i], NULL, 0);
    return result;
}

/// "ok" where this process could touch `MIB` of memory.
static int memory(const char *mebibytes) {
    for (int left = atoi(mebibytes); left > 0; left--) {
        char *block = mmap(
            NULL, 1 << 20, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_POPULATE, -1, 0);
        if (block == MAP_FAILED) return errno;
    }
    return 0;
}

/// Holds what was taken before for some seconds.
static int pause_for(const char *seconds) {
    sleep((unsigned)atoi(seconds));
    return 0;
}

/// "ok" where `COUNT` descriptors could be open.
static int descriptors(const char *count) {
    int wanted = atoi(count), result = 0;
    for (int i = 0; i < wanted && result == 0; i++) result = errno_of(dup(0));
    syscall(SYS_close_range, 3, ~0u, 0);
    return result;
}

const struct act process_acts[] = {
    {"signal", signal_pid},
    {"signal-parent", signal_parent},
    {"read-parent-memory", read_parent_memory},
    {"attach", attach},
    {"trace-me", trace_me},
    {"compare", compare},
    {"take-descriptor", take_descriptor},
    {"unshare-user", unshare_user},
    {"unshare-network", unshare_network},
    {"clone-user", clone_user},
    {"clone3-user", clone3_user},
    {"enter-namespace", enter_namespace},
    {"become-root", become_root},
    {"set-groups", set_groups},
    {"take-capabilities", take_capabilities},
    {"forget-no-new-privileges", forget_no_new_privileges},
    {"nice-up", nice_up},
    {"real-time", real_time},
    {"raise-limit", raise_limit},
    {"memory-file", memory_file},
    {"shared-segment", shared_segment},
    {"forks", forks},
    {"memory", memory},
    {"descriptors", descriptors},
    {"pause", pause_for},
    {0},
};
