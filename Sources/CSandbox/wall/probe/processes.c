// processes.c — acts on other processes, on namespaces, on the caller's own identity and limits.

#define _GNU_SOURCE
#include "../kernel.h"
#include "probe.h"
#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <linux/capability.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
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
#include <sys/socket.h>
#include <sys/uio.h>
#include <sys/wait.h>
#include <time.h>

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

static int queue_signal(const char *pid) {
    siginfo_t information = {.si_code = SI_QUEUE};
    return errno_of(syscall(SYS_rt_sigqueueinfo, atoi(pid), 0, &information));
}

static int thread_signal(const char *pid) {
    return errno_of(syscall(SYS_tgkill, atoi(pid), atoi(pid), 0));
}

static int group_signal(const char *pid) { return errno_of(kill(-atoi(pid), 0)); }

static int descriptor_signal(const char *pid) {
    int process = (int)syscall(SYS_pidfd_open, atoi(pid), 0);
    if (process < 0) return errno;
    int result = errno_of(syscall(SYS_pidfd_send_signal, process, 0, NULL, 0));
    close(process);
    return result;
}

/// Has the kernel send SIGKILL to a process, as news about a socket.
static int kill_by_news(const char *pid) {
    int ends[2];
    if (socketpair(AF_UNIX, SOCK_STREAM, 0, ends) != 0) return errno;
    int result = errno_of(fcntl(ends[0], F_SETOWN, atoi(pid)));
    if (result == 0) result = errno_of(fcntl(ends[0], F_SETSIG, SIGKILL));
    if (result == 0) result = errno_of(fcntl(ends[0], F_SETFL, O_ASYNC | O_NONBLOCK));
    if (result == 0) result = errno_of(write(ends[1], "x", 1));
    close(ends[0]), close(ends[1]);
    return result;
}

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

static int write_parent_memory(const char *argument) {
    UNUSED(argument);
    char byte = 0;
    struct iovec here = {&byte, 1}, there = {(void *)(uintptr_t)&byte, 1};
    long count = process_vm_writev(getppid(), &here, 1, &there, 1, 0);
    return count < 0 && errno != EFAULT ? errno : 0;
}

/// Every process that can be reached, except this one: never in the open.
static int signal_all(const char *argument) {
    UNUSED(argument);
    return errno_of(kill(-1, SIGKILL));
}

/// "USER,NICE": every process of a user. In the open only of one who has nothing to lose.
static int renice_all_of(const char *argument) {
    unsigned user = 0;
    int nice = 0;
    if (sscanf(argument, "%u,%d", &user, &nice) != 2 || user == 0) return EINVAL;
    return errno_of(setpriority(PRIO_USER, user, nice));
}

static int renice(const char *pid) {
    return errno_of(setpriority(PRIO_PROCESS, (id_t)atoi(pid), getpriority(PRIO_PROCESS, (id_t)atoi(pid))));
}

/// The class that processes have anyway: IOPRIO_CLASS_BE, level 4.
static int change_io_priority(const char *pid) {
    return errno_of(syscall(SYS_ioprio_set, 1 /* IOPRIO_WHO_PROCESS */, atoi(pid), 2 << 13 | 4));
}

static int bind_to_processors(const char *pid) {
    cpu_set_t set;
    if (sched_getaffinity(0, sizeof set, &set) != 0) return errno;
    return errno_of(sched_setaffinity(atoi(pid), sizeof set, &set));
}

static int change_scheduler(const char *pid) {
    struct sched_param parameters = {0};
    return errno_of(sched_setscheduler(atoi(pid), SCHED_OTHER, &parameters));
}

static int ask_limit_of(const char *pid) {
    struct rlimit limit;
    return errno_of(prlimit(atoi(pid), RLIMIT_NOFILE, NULL, &limit));
}

/// A System V segment of somebody else's, by its number.
static int attach_segment(const char *number) {
    void *memory = shmat(atoi(number), NULL, SHM_RDONLY);
    if (memory == (void *)-1) return errno;
    shmdt(memory);
    return 0;
}

static int remove_queue(const char *name) { return errno_of(syscall(SYS_mq_unlink, name)); }

/// Any capability, also one that could be inherited; in the bounding set where NAME says "bounding".
static int hold_capability(const char *name) {
    struct __user_cap_header_struct header = {.version = _LINUX_CAPABILITY_VERSION_3};
    struct __user_cap_data_struct held[2];
    if (syscall(SYS_capget, &header, held) != 0) return errno;
    for (int i = 0; i < 2; i++)
        if (held[i].effective | held[i].permitted | held[i].inheritable) return 0;
    for (int i = 0; i < 64; i++) {
        if (prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_IS_SET, i, 0, 0) == 1) return 0;
        if (strcmp(name, "bounding") == 0 && prctl(PR_CAPBSET_READ, i) == 1) return 0;
    }
    return EPERM;
}

static int be_privileged(const char *argument) {
    UNUSED(argument);
    if (prctl(PR_GET_NO_NEW_PRIVS, 0, 0, 0, 0) != 1) return 0;
    return prctl(PR_GET_SECCOMP) == 2 ? EPERM : 0;
}

static int become_group_here(const char *argument) {
    UNUSED(argument);
    return errno_of(setresgid(0, 0, 0));
}

static int become_group(const char *argument) { return in_child(become_group_here, argument); }

/// "MIB,PROCESSES": the same amount in several processes at once, held for some seconds.
static int memory_together(const char *argument) {
    int mebibytes = 0, processes = 0, result = 0;
    if (sscanf(argument, "%d,%d", &mebibytes, &processes) != 2) return EINVAL;
    for (int i = 0; i < processes; i++) {
        pid_t child = fork();
        if (child < 0) return errno;
        if (child == 0) {
            for (int left = mebibytes; left > 0; left--)
                if (mmap(NULL, 1 << 20, PROT_READ | PROT_WRITE,
                         MAP_PRIVATE | MAP_ANONYMOUS | MAP_POPULATE, -1, 0) == MAP_FAILED)
                    _exit(errno);
            sleep(5);
            _exit(0);
        }
    }
    for (int i = 0, status; i < processes; i++)
        if (wait(&status) > 0 && status != 0) result = WIFEXITED(status) ? WEXITSTATUS(status) : EIO;
    return result;
}

/// Shared memory that is filled, and that this process lets go of piece by piece: it is in nobody's
/// resident size.
static int memory_unseen(const char *mebibytes) {
    for (int left = atoi(mebibytes); left > 0; left--) {
        char *block = mmap(
            NULL, 1 << 20, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS | MAP_POPULATE, -1, 0);
        if (block == MAP_FAILED) return errno;
        madvise(block, 1 << 20, MADV_DONTNEED);
    }
    sleep(5);
    return 0;
}

/// "COUNT": pairs of sockets with full buffers.
static int memory_in_sockets(const char *count) {
    static char block[64 << 10];
    for (int i = 0; i < atoi(count); i++) {
        int ends[2];
        if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, ends) != 0) return errno;
        while (write(ends[0], block, sizeof block) > 0) {}
        while (write(ends[1], block, sizeof block) > 0) {}
    }
    sleep(5);
    return 0;
}

/// "GIB": reads one byte in every 2 MiB of that much empty memory, which costs a page table for each.
static int memory_in_tables(const char *gibibytes) {
    volatile char sum = 0;
    for (int left = atoi(gibibytes); left > 0; left--) {
        char *block = mmap(
            NULL, 1 << 30, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
        if (block == MAP_FAILED) return errno;
        madvise(block, 1 << 30, MADV_NOHUGEPAGE);
        for (size_t at = 0; at < 1 << 30; at += 2 << 20) sum += block[at];
    }
    sleep(5);
    return 0;
}

static int lock_memory(const char *argument) {
    UNUSED(argument);
    static char page[4096];
    return errno_of(mlock(page, sizeof page));
}

static int message_queue(const char *name) {
    int queue = (int)syscall(SYS_mq_open, name, O_RDWR | O_CREAT, 0600, NULL);
    if (queue < 0) return errno;
    close(queue);
    syscall(SYS_mq_unlink, name);
    return 0;
}

static int wait_here(void *argument) {
    UNUSED(argument);
    syscall(SYS_pause);
    return 0;
}

/// "ok" where `COUNT` threads could run at the same time, for some seconds.
static int threads(const char *count) {
    static char stacks[8192][4096] __attribute__((aligned(16)));
    int wanted = atoi(count);
    if (wanted > 8192) return EINVAL;
    const int flags = CLONE_VM | CLONE_FS | CLONE_FILES | CLONE_SIGHAND | CLONE_THREAD | CLONE_SYSVSEM;
    for (int i = 0; i < wanted; i++)
        if (clone(wait_here, stacks[i] + sizeof stacks[i], flags, NULL) < 0) return errno;
    sleep(5);
    return 0;
}

/// "SECONDS": leaves a process behind that is not its own child but its parent's.
static int sibling(const char *seconds) {
    long child = syscall(SYS_clone, CLONE_PARENT | SIGCHLD, 0, 0, 0, 0);
    if (child == 0) {
        sleep((unsigned)atoi(seconds));
        _exit(0);
    }
    return errno_of(child);
}

/// "ok" where there can be `COUNT` timers.
static int timers(const char *count) {
    struct sigevent event = {.sigev_notify = SIGEV_SIGNAL, .sigev_signo = SIGUSR1};
    for (int i = 0, timer; i < atoi(count); i++)
        if (syscall(SYS_timer_create, CLOCK_MONOTONIC, &event, &timer) != 0) return errno;
    return 0;
}

static int listen_to_calls_here(const char *argument) {
    UNUSED(argument);
    struct sock_filter allow = {.code = BPF_RET | BPF_K, .k = SECCOMP_RET_ALLOW};
    struct sock_fprog program = {.len = 1, .filter = &allow};
    if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0) return errno;
    return errno_of(syscall(
        SYS_seccomp, SECCOMP_SET_MODE_FILTER, SECCOMP_FILTER_FLAG_NEW_LISTENER, &program));
}

/// Wants calls of its own children handed to itself, to let them through.
static int listen_to_calls(const char *argument) { return in_child(listen_to_calls_here, argument); }

/// Asks for the real-time class, where the limit of the user's allows that.
static int real_time_limit(const char *argument) {
    UNUSED(argument);
    struct rlimit limit;
    if (getrlimit(RLIMIT_RTPRIO, &limit) != 0) return errno;
    return limit.rlim_cur > 0 || limit.rlim_max > 0 ? 0 : EPERM;
}

/// Forks as fast as it can, for half a minute.
static int fork_bomb(const char *argument) {
    UNUSED(argument);
    for (time_t end = time(NULL) + 30; time(NULL) < end;) fork();
    _exit(0);
}

/// "SECONDS": signals between a child and its parent, as fast as they go.
static int signal_storm(const char *seconds) {
    signal(SIGUSR1, SIG_IGN);
    pid_t self = getpid(), child = fork();
    if (child < 0) return errno;
    if (child == 0)
        for (;;) kill(self, SIGUSR1);
    alarm(0);
    for (time_t end = time(NULL) + atoi(seconds); time(NULL) < end;) kill(child, SIGUSR1);
    kill(child, SIGKILL);
    waitpid(child, NULL, 0);
    return 0;
}

/// "COUNT": leaves that many children behind that end at once.
static int orphans(const char *count) {
    pid_t parent = fork();
    if (parent < 0) return errno;
    if (parent == 0) {
        for (int i = 0; i < atoi(count); i++)
            if (fork() == 0) _exit(0);
        _exit(0);
    }
    waitpid(parent, NULL, 0);
    return 0;
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
    {"write-parent-memory", write_parent_memory},
    {"signal-all", signal_all},
    {"renice-all-of", renice_all_of},
    {"renice", renice},
    {"change-io-priority", change_io_priority},
    {"bind-to-processors", bind_to_processors},
    {"change-scheduler", change_scheduler},
    {"ask-limit-of", ask_limit_of},
    {"attach-segment", attach_segment},
    {"remove-queue", remove_queue},
    {"hold-capability", hold_capability},
    {"be-privileged", be_privileged},
    {"become-group", become_group},
    {"memory-together", memory_together},
    {"memory-unseen", memory_unseen},
    {"memory-in-sockets", memory_in_sockets},
    {"memory-in-tables", memory_in_tables},
    {"lock-memory", lock_memory},
    {"message-queue", message_queue},
    {"threads", threads},
    {"fork-bomb", fork_bomb},
    {"signal-storm", signal_storm},
    {"orphans", orphans},
    {"queue-signal", queue_signal},
    {"thread-signal", thread_signal},
    {"group-signal", group_signal},
    {"descriptor-signal", descriptor_signal},
    {"kill-by-news", kill_by_news},
    {"sibling", sibling},
    {"timers", timers},
    {"listen-to-calls", listen_to_calls},
    {"real-time-limit", real_time_limit},
    {0},
};
