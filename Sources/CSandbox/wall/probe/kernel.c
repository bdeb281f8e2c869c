// kernel.c — acts on the kernel itself. Arguments are chosen so that nothing happens where the act
// is permitted: a wrong magic number, an empty buffer, the value that is already set.

#define _GNU_SOURCE
#include "../kernel.h"
#include "probe.h"
#include <errno.h>
#include <fcntl.h>
#include <linux/keyctl.h>
#include <linux/perf_event.h>
#include <sched.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/ioctl.h>
#include <sys/mount.h>
#include <sys/personality.h>
#include <sys/prctl.h>
#include <sys/wait.h>

#define UNUSED(argument) (void)(argument)

/// A refusal by the filter, told apart from the kernel's own "no such thing".
static int call(long number, long a, long b, long c, long d) {
    return errno_of(syscall(number, a, b, c, d, 0, 0));
}

/// "NUMBER,A,B,C,D": any call. "ok" also where the kernel found fault with the arguments, since the
/// filter let it through.
static int reach(const char *argument) {
    long number, a = 0, b = 0, c = 0, d = 0;
    if (sscanf(argument, "%ld,%ld,%ld,%ld,%ld", &number, &a, &b, &c, &d) < 1) return EINVAL;
    int result = call(number, a, b, c, d);
    return result == EPERM || result == ENOSYS ? result : 0;
}

static int mount_tmpfs(const char *path) { return errno_of(mount("none", path, "tmpfs", 0, NULL)); }

static int remount_root(const char *argument) {
    UNUSED(argument);
    return errno_of(mount(NULL, "/", NULL, MS_REMOUNT | MS_BIND, NULL));
}

static int open_file_system(const char *kind) {
    int context = (int)syscall(SYS_fsopen, kind, K_FSOPEN_CLOEXEC);
    if (context < 0) return errno;
    close(context);
    return 0;
}

static int clone_tree(const char *path) {
    unsigned flags = K_OPEN_TREE_CLONE | K_OPEN_TREE_CLOEXEC;
    int tree = (int)syscall(SYS_open_tree, AT_FDCWD, path, flags);
    if (tree < 0) return errno;
    close(tree);
    return 0;
}

static int change_root(const char *path) { return errno_of(chroot(path)); }

static int ring(const char *argument) {
    UNUSED(argument);
    char parameters[120] = {0};
    int result = call(425 /* io_uring_setup */, 1, (long)(uintptr_t)parameters, 0, 0);
    return result;
}

static int user_faults(const char *argument) {
    UNUSED(argument);
    int file = (int)syscall(SYS_userfaultfd, O_CLOEXEC | 1 /* USER_MODE_ONLY */);
    if (file < 0) return errno;
    close(file);
    return 0;
}

static int keyring(const char *argument) {
    UNUSED(argument);
    return call(SYS_keyctl, KEYCTL_GET_KEYRING_ID, KEY_SPEC_SESSION_KEYRING, 0, 0);
}

static int add_key(const char *argument) {
    UNUSED(argument);
    return errno_of(
        syscall(SYS_add_key, "user", "martlet-probe", "x", 1L, KEY_SPEC_PROCESS_KEYRING));
}

static int secret_memory(const char *argument) {
    UNUSED(argument);
    return call(447 /* memfd_secret */, 0, 0, 0, 0);
}

static int fixed_addresses(const char *argument) {
    UNUSED(argument);
    return errno_of(personality(ADDR_NO_RANDOMIZE));
}

static int ask_personality(const char *argument) {
    UNUSED(argument);
    return errno_of(personality(0xffffffff));
}

/// Types into the terminal on standard input. Without one the kernel says ENOTTY.
static int type_into_terminal(const char *argument) {
    UNUSED(argument);
    char newline = '\n';
    return errno_of(ioctl(0, TIOCSTI, &newline));
}

/// The same with bits set that the kernel ignores.
static int type_with_high_bits(const char *argument) {
    UNUSED(argument);
    char newline = '\n';
    return errno_of(syscall(SYS_ioctl, 0L, TIOCSTI | 1L << 32, &newline));
}

/// Another driver for the terminal: N_TTY, which it has.
static int change_terminal_driver(const char *argument) {
    UNUSED(argument);
    int driver = 0;
    return errno_of(ioctl(0, TIOCSETD, &driver));
}

static int take_terminal(const char *argument) {
    UNUSED(argument);
    return errno_of(ioctl(0, TIOCSCTTY, 0));
}

/// Keeps everybody else from opening the terminal.
static int keep_terminal(const char *argument) {
    UNUSED(argument);
    return errno_of(ioctl(0, TIOCEXCL));
}

static int move_program_break(const char *argument) {
    UNUSED(argument);
    return errno_of(prctl(PR_SET_MM, PR_SET_MM_START_CODE, 0, 0, 0));
}

static uint64_t noise;

static uint64_t next_noise(void) {
    noise ^= noise << 13;
    noise ^= noise >> 7;
    noise ^= noise << 17;
    return noise;
}

/// A small number, a pointer to a page of noise, or anything.
static long any_argument(void) {
    static uint64_t page[512];
    uint64_t value = next_noise();
    switch (value % 4) {
    case 0: return (long)(value >> 8 & 0x3f);
    case 1:
        for (unsigned i = 0; i < 512; i++) page[i] = next_noise();
        return (long)(uintptr_t)page;
    case 2: return -(long)(value >> 8 & 0x7f);
    default: return (long)value;
    }
}

/// "SEED,COUNT": calls of any number with any arguments, in children that are killed where they wait.
static int random_calls(const char *argument) {
    unsigned long seed = 0;
    int count = 0;
    if (sscanf(argument, "%lu,%d", &seed, &count) != 2) return EINVAL;
    noise = seed * 0x9e3779b97f4a7c15 + 1;
    for (int done = 0; done < count; done += 50) {
        for (int i = 0; i < 50; i++) next_noise();
        pid_t child = fork();
        if (child < 0) return errno;
        if (child == 0) {
            alarm(1);
            for (int i = 0; i < 50; i++) {
                long number = (long)(next_noise() % 472), a = any_argument(), b = any_argument();
                // Its own memory, and the end: nothing to learn there.
                if (number == SYS_exit || number == SYS_exit_group || number == SYS_munmap) continue;
                syscall(number, a, b, any_argument(), any_argument(), any_argument(), any_argument());
            }
            _exit(0);
        }
        for (int i = 0; waitpid(child, NULL, WNOHANG) == 0; i++) {
            usleep(i < 20 ? 500 : 20000);
            if (i > 40) kill(child, SIGKILL);
        }
    }
    return 0;
}

static int unreviewed(const char *argument) {
    UNUSED(argument);
    return call(500, 0, 0, 0, 0);
}

#if defined __x86_64__
static int in_child(void (*attempt)(void)) {
    pid_t child = fork();
    if (child < 0) return errno;
    if (child == 0) {
        attempt();
        _exit(0);
    }
    int status;
    if (waitpid(child, &status, 0) < 0) return errno;
    return WIFSIGNALED(status) ? -WTERMSIG(status) : 0;
}

static void getpid_x32(void) { syscall(0x40000000L | SYS_getpid); }

static void getpid_32(void) {
    long result = 20;
    __asm__ volatile("int $0x80" : "+a"(result) : : "memory");
}

static int x32(const char *argument) {
    UNUSED(argument);
    return in_child(getpid_x32);
}

static int compatibility(const char *argument) {
    UNUSED(argument);
    return in_child(getpid_32);
}
#endif

const struct act kernel_acts[] = {
    {"reach", reach},
    {"mount-tmpfs", mount_tmpfs},
    {"remount-root", remount_root},
    {"open-file-system", open_file_system},
    {"clone-tree", clone_tree},
    {"change-root", change_root},
    {"ring", ring},
    {"user-faults", user_faults},
    {"keyring", keyring},
    {"add-key", add_key},
    {"secret-memory", secret_memory},
    {"fixed-addresses", fixed_addresses},
    {"ask-personality", ask_personality},
    {"type-into-terminal", type_into_terminal},
    {"type-with-high-bits", type_with_high_bits},
    {"move-program-break", move_program_break},
    {"unreviewed", unreviewed},
    {"change-terminal-driver", change_terminal_driver},
    {"take-terminal", take_terminal},
    {"keep-terminal", keep_terminal},
    {"random-calls", random_calls},
#if defined __x86_64__
    {"x32", x32},
    {"compatibility", compatibility},
#endif
    {0},
};
