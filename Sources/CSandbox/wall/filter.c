// filter.c — which system calls the command may make.
//
// The filter is written here as a table and turned into BPF by a page of code, not by libseccomp
// (Docs/decisions/0012-own-filter.md). The table is a binary tree for the kernel, so that the common
// call passes after about eight instructions.
//
// Order: a foreign architecture or the x32 numbering kills the process; numbers that nobody had
// reviewed when this was written do not exist; then the table; what it does not name is allowed.

#define _GNU_SOURCE
#include "kernel.h"
#include "wall.h"
#include <errno.h>
#include <fcntl.h>
#include <linux/audit.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <sched.h>
#include <stdlib.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>

/// The first number after those that were reviewed (kernel 6.17: file_getattr, file_setattr).
enum { UNREVIEWED = 470 };

// FILTER_FOR_ARM64: have a machine of another kind write the filter for arm64, for the tests.
#if defined __x86_64__ && !defined FILTER_FOR_ARM64
#define X86_64 1
enum { NATIVE = AUDIT_ARCH_X86_64 };
#elif defined __aarch64__ || defined FILTER_FOR_ARM64
#define X86_64 0
enum { NATIVE = AUDIT_ARCH_AARCH64 };
#else
#error "The system call table was reviewed for x86-64 and arm64 only."
#endif

enum act {
    /// EPERM.
    DENY,
    /// ENOSYS, so that the C library takes another way.
    ABSENT,
    /// No new namespaces.
    CLONE,
    /// Pairs of AF_UNIX streams only. A datagram pair could be aimed at another socket by sendmsg.
    PAIR,
    /// No set-user-id and set-group-id bits in the mode, the argument `at`.
    MODE,
    /// The same for open, whose flags are the argument `at` and whose mode is the next.
    OPEN,
    /// The same for mknod, and nothing but files and FIFOs.
    NODE,
    /// No typing into the terminal, no other driver for it, no taking it over or keeping others out; no
    /// questions to the network's devices, which any socket answers; no flags of files, which the owner
    /// of a file may set that can only be read.
    IOCTL,
    /// No white-out, which is a device, in place of what is moved.
    RENAME,
    /// No programs of the kernel's for packets.
    SOCKET_OPTION,
    /// No leases, for which whoever opens the file has to wait.
    FILE_ORDER,
    /// Only the question, and the plain answer.
    PERSONALITY,
    PRCTL,
    /// The limit of core files stays at one byte, which alone keeps a program of the host's that takes
    /// cores from being started: setting it is feigned. LIMIT_OF_SELF: of the caller itself only.
    LIMIT,
    LIMIT_OF_SELF,
    OLD_LIMIT,
    /// Only the caller itself: the argument `at` is 0.
    SELF,
    /// The same, and the argument before does not say "all processes of this user".
    SELF_PRIORITY,
    SELF_IO_PRIORITY,
    /// Not supported: programs that copy attributes go on without them.
    UNSUPPORTED,
    /// Made by the watcher, where the file is one that may be written; the argument `at` is a mode
    /// without set-id bits.
    DELEGATE_MODE,
    /// The same for a call without a mode.
    DELEGATE,
    /// Done, it says, and does nothing.
    FEIGN,
};

/// When a rule applies.
enum when { ALWAYS, WITHOUT_NAMESPACES, COUNTED_MEMORY, WITH_BROKER };

struct rule {
    int number;
    enum act act;
    int at;
    enum when when;
};

static const struct rule table[] = {
    // Other processes, and the kernel's view of them.
    {SYS_ptrace, DENY, 0, ALWAYS},
    {SYS_process_vm_readv, DENY, 0, ALWAYS},
    {SYS_process_vm_writev, DENY, 0, ALWAYS},
    {SYS_kcmp, DENY, 0, ALWAYS},
    {438 /* pidfd_getfd */, DENY, 0, ALWAYS},
    {440 /* process_madvise */, DENY, 0, ALWAYS},
    {448 /* process_mrelease */, DENY, 0, ALWAYS},
    {SYS_perf_event_open, DENY, 0, ALWAYS},
    {SYS_prlimit64, LIMIT_OF_SELF, 0, WITHOUT_NAMESPACES},
    {SYS_prlimit64, LIMIT, 0, ALWAYS},
    {SYS_setrlimit, OLD_LIMIT, 0, ALWAYS},
    {SYS_setpriority, SELF_PRIORITY, 1, WITHOUT_NAMESPACES},
    {SYS_ioprio_set, SELF_IO_PRIORITY, 1, WITHOUT_NAMESPACES},
    {SYS_sched_setscheduler, SELF, 0, WITHOUT_NAMESPACES},
    {SYS_sched_setparam, SELF, 0, WITHOUT_NAMESPACES},
    {SYS_sched_setattr, SELF, 0, WITHOUT_NAMESPACES},
    {SYS_sched_setaffinity, SELF, 0, WITHOUT_NAMESPACES},
    // Named things of the kernel, which others find by number or name: making one, and using one
    // that is there.
    {SYS_shmget, DENY, 0, WITHOUT_NAMESPACES},
    {SYS_shmat, DENY, 0, WITHOUT_NAMESPACES},
    {SYS_shmctl, DENY, 0, WITHOUT_NAMESPACES},
    {SYS_semget, DENY, 0, WITHOUT_NAMESPACES},
    {SYS_semctl, DENY, 0, WITHOUT_NAMESPACES},
    {SYS_semop, DENY, 0, WITHOUT_NAMESPACES},
    {SYS_semtimedop, DENY, 0, WITHOUT_NAMESPACES},
    {SYS_msgget, DENY, 0, WITHOUT_NAMESPACES},
    {SYS_msgctl, DENY, 0, WITHOUT_NAMESPACES},
    {SYS_msgsnd, DENY, 0, WITHOUT_NAMESPACES},
    {SYS_msgrcv, DENY, 0, WITHOUT_NAMESPACES},
    {SYS_mq_open, DENY, 0, WITHOUT_NAMESPACES},
    {SYS_mq_unlink, DENY, 0, WITHOUT_NAMESPACES},

    // Sockets: none, and nothing that could re-aim one.
    {SYS_socket, DENY, 0, ALWAYS},
    {SYS_socketpair, PAIR, 0, ALWAYS},
    // Connections come from the broker, connected. libcurl dials them all the same, even where it is
    // told that they are; what is dialled here stays what the broker dialled.
    {SYS_connect, FEIGN, 0, WITH_BROKER},
    {SYS_connect, DENY, 0, ALWAYS},
    // Reading and writing them takes one message at a time.
    {SYS_sendmmsg, DENY, 0, WITH_BROKER},
    {SYS_recvmmsg, DENY, 0, WITH_BROKER},
    {SYS_bind, DENY, 0, ALWAYS},
    {SYS_listen, DENY, 0, ALWAYS},
    {SYS_accept, DENY, 0, ALWAYS},
    {SYS_accept4, DENY, 0, ALWAYS},
    {SYS_setsockopt, SOCKET_OPTION, 0, ALWAYS},

    // Large and young parts of the kernel.
    {SYS_bpf, DENY, 0, ALWAYS},
    {SYS_userfaultfd, DENY, 0, ALWAYS},
    {SYS_add_key, DENY, 0, ALWAYS},
    {SYS_request_key, DENY, 0, ALWAYS},
    {SYS_keyctl, DENY, 0, ALWAYS},
    {425 /* io_uring_setup */, ABSENT, 0, ALWAYS},
    {426 /* io_uring_enter */, ABSENT, 0, ALWAYS},
    {427 /* io_uring_register */, ABSENT, 0, ALWAYS},
    {SYS_fanotify_init, DENY, 0, ALWAYS},
    {SYS_fanotify_mark, DENY, 0, ALWAYS},
    {447 /* memfd_secret */, DENY, 0, ALWAYS},
    {SYS_mbind, DENY, 0, ALWAYS},
    {SYS_set_mempolicy, DENY, 0, ALWAYS},
    {450 /* set_mempolicy_home_node */, DENY, 0, ALWAYS},
    {SYS_migrate_pages, DENY, 0, ALWAYS},
    {SYS_move_pages, DENY, 0, ALWAYS},
    {SYS_memfd_create, ABSENT, 0, COUNTED_MEMORY},
    {SYS_shmget, ABSENT, 0, COUNTED_MEMORY},

    // Namespaces, mounts, roots.
    {SYS_clone, CLONE, 0, ALWAYS},
    {SYS_clone3, ABSENT, 0, ALWAYS}, // its flags lie behind a pointer
    {SYS_unshare, DENY, 0, ALWAYS},
    {SYS_setns, DENY, 0, ALWAYS},
    {SYS_mount, DENY, 0, ALWAYS},
    {SYS_umount2, DENY, 0, ALWAYS},
    {SYS_pivot_root, DENY, 0, ALWAYS},
    {SYS_chroot, DENY, 0, ALWAYS},
    {SYS_open_tree, DENY, 0, ALWAYS},
    {SYS_move_mount, DENY, 0, ALWAYS},
    {SYS_fsopen, DENY, 0, ALWAYS},
    {SYS_fsconfig, DENY, 0, ALWAYS},
    {SYS_fsmount, DENY, 0, ALWAYS},
    {SYS_fspick, DENY, 0, ALWAYS},
    {SYS_mount_setattr, DENY, 0, ALWAYS},
    {457 /* statmount */, DENY, 0, ALWAYS},
    {458 /* listmount */, DENY, 0, ALWAYS},
    {467 /* open_tree_attr */, DENY, 0, ALWAYS},
    {SYS_name_to_handle_at, DENY, 0, ALWAYS},
    {SYS_open_by_handle_at, DENY, 0, ALWAYS},

    // Files that would lend the caller's name to others.
    {SYS_openat, OPEN, 2, ALWAYS},
    {SYS_openat2, ABSENT, 0, ALWAYS}, // its mode lies behind a pointer
    {SYS_mkdirat, MODE, 2, ALWAYS},
    {SYS_mknodat, NODE, 2, ALWAYS},
    {SYS_renameat2, RENAME, 4, ALWAYS},
    {SYS_fcntl, FILE_ORDER, 0, ALWAYS},

    // Landlock does not judge modes, owners, times and attributes, nor who watches a folder. By path
    // they could concern any file, by descriptor one that may only be read.
    {SYS_fchmod, DELEGATE_MODE, 1, WITHOUT_NAMESPACES},
    {SYS_fchmod, MODE, 1, ALWAYS},
    {SYS_fchmodat, DELEGATE_MODE, 2, WITHOUT_NAMESPACES},
    {452 /* fchmodat2 */, DELEGATE_MODE, 2, WITHOUT_NAMESPACES},
    {SYS_fchmodat, MODE, 2, ALWAYS},
    {452 /* fchmodat2 */, MODE, 2, ALWAYS},
    {SYS_utimensat, DELEGATE, 0, WITHOUT_NAMESPACES},
    {SYS_fchownat, DENY, 0, WITHOUT_NAMESPACES},
    {SYS_fchown, DENY, 0, WITHOUT_NAMESPACES},
    {SYS_setxattr, UNSUPPORTED, 0, WITHOUT_NAMESPACES},
    {SYS_lsetxattr, UNSUPPORTED, 0, WITHOUT_NAMESPACES},
    {SYS_fsetxattr, UNSUPPORTED, 0, WITHOUT_NAMESPACES},
    {SYS_removexattr, UNSUPPORTED, 0, WITHOUT_NAMESPACES},
    {SYS_lremovexattr, UNSUPPORTED, 0, WITHOUT_NAMESPACES},
    {SYS_fremovexattr, UNSUPPORTED, 0, WITHOUT_NAMESPACES},
    {463 /* setxattrat */, ABSENT, 0, WITHOUT_NAMESPACES},
    {466 /* removexattrat */, ABSENT, 0, WITHOUT_NAMESPACES},
    {469 /* file_setattr */, ABSENT, 0, WITHOUT_NAMESPACES},
    {SYS_inotify_init1, ABSENT, 0, WITHOUT_NAMESPACES},
    {SYS_inotify_add_watch, DENY, 0, WITHOUT_NAMESPACES},

    // The machine.
    {460 /* lsm_set_self_attr */, DENY, 0, ALWAYS},
    {SYS_init_module, DENY, 0, ALWAYS},
    {SYS_finit_module, DENY, 0, ALWAYS},
    {SYS_delete_module, DENY, 0, ALWAYS},
    {SYS_kexec_load, DENY, 0, ALWAYS},
    {SYS_kexec_file_load, DENY, 0, ALWAYS},
    {SYS_reboot, DENY, 0, ALWAYS},
    {SYS_swapon, DENY, 0, ALWAYS},
    {SYS_swapoff, DENY, 0, ALWAYS},
    {SYS_acct, DENY, 0, ALWAYS},
    {SYS_quotactl, DENY, 0, ALWAYS},
    {443 /* quotactl_fd */, DENY, 0, ALWAYS},
    {SYS_settimeofday, DENY, 0, ALWAYS},
    {SYS_clock_settime, DENY, 0, ALWAYS},
    {SYS_clock_adjtime, DENY, 0, ALWAYS},
    {SYS_adjtimex, DENY, 0, ALWAYS},
    {SYS_syslog, DENY, 0, ALWAYS},
    {SYS_vhangup, DENY, 0, ALWAYS},
#ifdef SYS_lookup_dcookie
    {SYS_lookup_dcookie, DENY, 0, ALWAYS},
#endif
    {SYS_personality, PERSONALITY, 0, ALWAYS},
    {SYS_prctl, PRCTL, 0, ALWAYS},
    {SYS_ioctl, IOCTL, 0, ALWAYS},

#if X86_64
    {SYS_iopl, DENY, 0, ALWAYS},
    {SYS_ioperm, DENY, 0, ALWAYS},
    {SYS_modify_ldt, DENY, 0, ALWAYS},
    {SYS_uselib, DENY, 0, ALWAYS},
    {SYS_chmod, DELEGATE_MODE, 1, WITHOUT_NAMESPACES},
    {SYS_chown, DENY, 0, WITHOUT_NAMESPACES},
    {SYS_lchown, DENY, 0, WITHOUT_NAMESPACES},
    {SYS_utime, ABSENT, 0, WITHOUT_NAMESPACES},
    {SYS_utimes, ABSENT, 0, WITHOUT_NAMESPACES},
    {SYS_futimesat, ABSENT, 0, WITHOUT_NAMESPACES},
    {SYS_inotify_init, ABSENT, 0, WITHOUT_NAMESPACES},
    {SYS_open, OPEN, 1, ALWAYS},
    {SYS_creat, MODE, 1, ALWAYS},
    {SYS_chmod, MODE, 1, ALWAYS},
    {SYS_mkdir, MODE, 1, ALWAYS},
    {SYS_mknod, NODE, 1, ALWAYS},
#endif
};

enum { RULE_COUNT = sizeof table / sizeof *table };

static struct sock_filter *code;
static unsigned length;

static unsigned emit(uint16_t operation, uint8_t yes, uint8_t no, uint32_t value) {
    if (length == FILTER_LENGTH_MAX) fail(WALL_STEP_FILTER, E2BIG, 0);
    code[length] = (struct sock_filter){operation, yes, no, value};
    return length++;
}

static void load(uint32_t offset) { emit(BPF_LD | BPF_W | BPF_ABS, 0, 0, offset); }

/// The low half of an argument. All arguments judged here are 32 bits wide to the kernel.
static void load_argument(int at) {
    load((uint32_t)(offsetof(struct seccomp_data, args) + 8 * (size_t)at));
}

/// The other half, for pointers.
static void load_high(int at) {
    load((uint32_t)(offsetof(struct seccomp_data, args) + 8 * (size_t)at + 4));
}

static void answer(uint32_t verdict) { emit(BPF_RET | BPF_K, 0, 0, verdict); }

/// `answer(verdict)` where the accumulator is, or has a bit of, `value`; goes on otherwise.
static void answer_if(uint16_t test, uint32_t value, uint32_t verdict) {
    emit(BPF_JMP | test | BPF_K, 0, 1, value);
    answer(verdict);
}

/// `answer(verdict)` where the accumulator is `least` or more, and less than `end`.
static void answer_between(uint32_t least, uint32_t end, uint32_t verdict) {
    emit(BPF_JMP | BPF_JGE | BPF_K, 0, 2, least);
    emit(BPF_JMP | BPF_JGE | BPF_K, 1, 0, end);
    answer(verdict);
}

/// `answer(verdict)` where the accumulator is not 0.
static void answer_unless_zero(uint32_t verdict) {
    emit(BPF_JMP | BPF_JEQ | BPF_K, 1, 0, 0);
    answer(verdict);
}

static const uint32_t ALLOWED = SECCOMP_RET_ALLOW, KILLED = SECCOMP_RET_KILL_PROCESS;
static const uint32_t REFUSED = SECCOMP_RET_ERRNO | EPERM, MISSING = SECCOMP_RET_ERRNO | ENOSYS;
static const uint32_t NOT_SUPPORTED = SECCOMP_RET_ERRNO | EOPNOTSUPP;
static const uint32_t DELEGATED = SECCOMP_RET_USER_NOTIF;
/// An errno of 0 is success, and the call is not made.
static const uint32_t FEIGNED = SECCOMP_RET_ERRNO | 0;

enum {
    SET_ID = S_ISUID | S_ISGID,
    /// Every CLONE_NEW… flag that clone can take.
    NEW_NAMESPACE = CLONE_NEWNS | CLONE_NEWCGROUP | CLONE_NEWUTS | CLONE_NEWIPC | CLONE_NEWUSER
        | CLONE_NEWPID | CLONE_NEWNET,
    /// IOPRIO_WHO_USER.
    IO_PRIORITY_USER = 3,
    /// O_TMPFILE without the O_DIRECTORY in it.
    TEMPORARY = O_TMPFILE & ~O_DIRECTORY,
    // Source: linux/fs.h, linux/fsverity.h, linux/sockios.h, linux/wireless.h.
    SET_FLAGS = 0x40086602,
    SET_EXTENDED_FLAGS = 0x401c5820,
    ENABLE_VERITY = 0x40806685,
    /// Questions and orders to network devices, wired and wireless.
    DEVICE_QUESTION = 0x8910,
    DEVICE_QUESTION_END = 0x8c00,
    WHITE_OUT = 4,
    // Source: asm-generic/socket.h.
    ATTACH_FILTER = 26,
    ATTACH_BPF = 50,
    ATTACH_END = 53,
};

/// What follows once the number is that of `rule`. Always ends with an answer.
static void judge(const struct rule *rule) {
    switch (rule->act) {
    case DENY: answer(REFUSED); return;
    case ABSENT: answer(MISSING); return;
    case UNSUPPORTED: answer(NOT_SUPPORTED); return;
    case DELEGATE_MODE:
        load_argument(rule->at);
        answer_if(BPF_JSET, SET_ID, REFUSED);
        answer(DELEGATED);
        return;
    case DELEGATE: answer(DELEGATED); return;
    case CLONE:
        load_argument(0);
        answer_if(BPF_JSET, NEW_NAMESPACE, REFUSED);
        break;
    case PAIR:
        load_argument(0);
        emit(BPF_JMP | BPF_JEQ | BPF_K, 1, 0, AF_UNIX);
        answer(REFUSED);
        load_argument(1);
        emit(BPF_ALU | BPF_AND | BPF_K, 0, 0, 0xf);
        answer_if(BPF_JEQ, SOCK_STREAM, ALLOWED);
        answer_if(BPF_JEQ, SOCK_SEQPACKET, ALLOWED);
        answer(REFUSED);
        return;
    case OPEN:
        load_argument(rule->at);
        emit(BPF_JMP | BPF_JSET | BPF_K, 1, 0, O_CREAT | TEMPORARY);
        answer(ALLOWED);
        load_argument(rule->at + 1);
        answer_if(BPF_JSET, SET_ID, REFUSED);
        break;
    case MODE:
        load_argument(rule->at);
        answer_if(BPF_JSET, SET_ID, REFUSED);
        break;
    case NODE:
        load_argument(rule->at);
        answer_if(BPF_JSET, SET_ID, REFUSED);
        emit(BPF_ALU | BPF_AND | BPF_K, 0, 0, S_IFMT);
        answer_if(BPF_JEQ, 0, ALLOWED);
        answer_if(BPF_JEQ, S_IFREG, ALLOWED);
        answer_if(BPF_JEQ, S_IFIFO, ALLOWED);
        answer(REFUSED);
        return;
    case IOCTL:
        load_argument(1);
        answer_if(BPF_JEQ, TIOCSTI, REFUSED);
        answer_if(BPF_JEQ, TIOCLINUX, REFUSED);
        answer_if(BPF_JEQ, TIOCSETD, REFUSED);
        answer_if(BPF_JEQ, TIOCSCTTY, REFUSED);
        answer_if(BPF_JEQ, TIOCEXCL, REFUSED);
        answer_if(BPF_JEQ, SET_FLAGS, REFUSED);
        answer_if(BPF_JEQ, SET_EXTENDED_FLAGS, REFUSED);
        answer_if(BPF_JEQ, ENABLE_VERITY, REFUSED);
        answer_between(DEVICE_QUESTION, DEVICE_QUESTION_END, REFUSED);
        break;
    case RENAME:
        load_argument(rule->at);
        answer_if(BPF_JSET, WHITE_OUT, REFUSED);
        break;
    case FILE_ORDER:
        load_argument(1);
        answer_if(BPF_JEQ, F_SETLEASE, REFUSED);
        break;
    case SOCKET_OPTION:
        load_argument(1);
        emit(BPF_JMP | BPF_JEQ | BPF_K, 1, 0, SOL_SOCKET);
        answer(ALLOWED);
        load_argument(2);
        answer_if(BPF_JEQ, ATTACH_FILTER, REFUSED);
        answer_between(ATTACH_BPF, ATTACH_END, REFUSED);
        break;
    case PERSONALITY:
        load_argument(0);
        answer_if(BPF_JEQ, 0xffffffff, ALLOWED);
        answer_if(BPF_JEQ, 0, ALLOWED);
        answer(REFUSED);
        return;
    case PRCTL:
        load_argument(0);
        answer_if(BPF_JEQ, PR_SET_MM, REFUSED);
        break;
    case SELF:
        load_argument(rule->at);
        answer_if(BPF_JEQ, 0, ALLOWED);
        answer(REFUSED);
        return;
    case LIMIT_OF_SELF:
        load_argument(0);
        emit(BPF_JMP | BPF_JEQ | BPF_K, 1, 0, 0);
        answer(REFUSED);
        // fall through
    case LIMIT:
        load_argument(1);
        emit(BPF_JMP | BPF_JEQ | BPF_K, 1, 0, RLIMIT_CORE);
        answer(ALLOWED);
        load_argument(2);
        answer_unless_zero(FEIGNED);
        load_high(2);
        answer_unless_zero(FEIGNED);
        break;
    case OLD_LIMIT:
        load_argument(0);
        answer_if(BPF_JEQ, RLIMIT_CORE, FEIGNED);
        break;
    case SELF_PRIORITY:
    case SELF_IO_PRIORITY:
        load_argument(rule->at - 1);
        answer_if(BPF_JEQ, rule->act == SELF_PRIORITY ? PRIO_USER : IO_PRIORITY_USER, REFUSED);
        load_argument(rule->at);
        answer_if(BPF_JEQ, 0, ALLOWED);
        answer(REFUSED);
        return;
    case FEIGN: answer(FEIGNED); return;
    }
    answer(ALLOWED);
}

/// Code that finds the number, which is in the accumulator, among `count` sorted rules.
static void search(const struct rule *rules, unsigned count) {
    if (count <= 3) {
        for (unsigned i = 0; i < count; i++) {
            unsigned jump = emit(BPF_JMP | BPF_JEQ | BPF_K, 0, 0, (uint32_t)rules[i].number);
            judge(&rules[i]);
            code[jump].jf = (uint8_t)(length - jump - 1);
        }
        answer(ALLOWED);
        return;
    }
    unsigned middle = count / 2;
    // A conditional jump reaches 255 instructions, an unconditional one any.
    emit(BPF_JMP | BPF_JGE | BPF_K, 0, 1, (uint32_t)rules[middle].number);
    unsigned jump = emit(BPF_JMP | BPF_JA, 0, 0, 0);
    search(rules, middle);
    code[jump].k = length - jump - 1;
    search(rules + middle, count - middle);
}

static bool applies(const struct rule *rule, uint32_t flags) {
    switch (rule->when) {
    case ALWAYS: return true;
    case WITHOUT_NAMESPACES: return flags & WALL_FLAG_LANDLOCK_TIER;
    case COUNTED_MEMORY: return flags & WALL_FLAG_COUNTED_MEMORY_ONLY;
    case WITH_BROKER: return flags & WALL_FLAG_BROKER;
    }
    return true;
}

/// Puts the rules that apply in the order of their numbers. Of two for one number the first counts.
static unsigned sort_rules(struct rule *rules, uint32_t flags) {
    unsigned count = 0;
    for (unsigned i = 0; i < RULE_COUNT; i++) {
        if (!applies(&table[i], flags)) continue;
        unsigned slot = count;
        while (slot > 0 && rules[slot - 1].number > table[i].number) slot--;
        if (slot > 0 && rules[slot - 1].number == table[i].number) continue;
        for (unsigned from = count++; from > slot; from--) rules[from] = rules[from - 1];
        rules[slot] = table[i];
    }
    return count;
}

unsigned write_filter(uint32_t flags, struct sock_filter *into) {
    struct rule rules[RULE_COUNT];
    unsigned count = sort_rules(rules, flags);
    code = into;
    length = 0;
    load(offsetof(struct seccomp_data, arch));
    emit(BPF_JMP | BPF_JEQ | BPF_K, 1, 0, NATIVE);
    answer(KILLED);
    load(offsetof(struct seccomp_data, nr));
#if X86_64
    // The x32 numbering: the same kernel through another door.
    emit(BPF_JMP | BPF_JGE | BPF_K, 0, 1, 0x40000000);
    answer(KILLED);
#endif
    emit(BPF_JMP | BPF_JGE | BPF_K, 0, 1, UNREVIEWED);
    answer(MISSING);
    search(rules, count);
    return length;
}

int filter_calls(const struct specification *spec) {
    static struct sock_filter written[FILTER_LENGTH_MAX];
    struct sock_fprog program = {(unsigned short)write_filter(spec->flags, written), written};
    bool delegates = spec->flags & WALL_FLAG_LANDLOCK_TIER;
    unsigned long flags = delegates ? SECCOMP_FILTER_FLAG_NEW_LISTENER : 0;
    int result = (int)syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, flags, &program);
    if (result < 0) fail(WALL_STEP_FILTER, errno, 0);
    return delegates ? result : -1;
}
