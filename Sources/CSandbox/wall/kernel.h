// kernel.h — system calls and numbers of Linux that the C library's headers may be too old to know.
// Sources: the kernel's include/uapi/linux/{mount,landlock,openat2,sched}.h. From number 424 on,
// system calls have the same number on every architecture.

#ifndef KERNEL_H
#define KERNEL_H

#include <stdint.h>
#include <sys/syscall.h>
#include <unistd.h>

#ifndef SYS_open_tree
#define SYS_open_tree 428
#endif
#ifndef SYS_move_mount
#define SYS_move_mount 429
#endif
#ifndef SYS_fsopen
#define SYS_fsopen 430
#define SYS_fsconfig 431
#define SYS_fsmount 432
#define SYS_fspick 433
#endif
#ifndef SYS_pidfd_open
#define SYS_pidfd_open 434
#endif
#ifndef SYS_clone3
#define SYS_clone3 435
#endif
#ifndef SYS_close_range
#define SYS_close_range 436
#endif
#ifndef SYS_openat2
#define SYS_openat2 437
#endif
#ifndef SYS_mount_setattr
#define SYS_mount_setattr 442
#endif
#ifndef SYS_landlock_create_ruleset
#define SYS_landlock_create_ruleset 444
#define SYS_landlock_add_rule 445
#define SYS_landlock_restrict_self 446
#endif

enum {
    K_OPEN_TREE_CLONE = 1,
    K_OPEN_TREE_CLOEXEC = 02000000,
    K_AT_RECURSIVE = 0x8000,
    K_MOVE_MOUNT_F_EMPTY_PATH = 4,
    K_MOVE_MOUNT_T_EMPTY_PATH = 64,
    K_FSOPEN_CLOEXEC = 1,
    K_FSMOUNT_CLOEXEC = 1,
    K_FSCONFIG_SET_STRING = 1,
    K_FSCONFIG_CMD_CREATE = 6,
    K_MOUNT_ATTR_RDONLY = 1,
    K_MOUNT_ATTR_NOSUID = 2,
    K_MOUNT_ATTR_NODEV = 4,
    K_MOUNT_ATTR_NOEXEC = 8,
    K_RESOLVE_NO_MAGICLINKS = 2,
    K_RESOLVE_NO_SYMLINKS = 4,
    K_RESOLVE_IN_ROOT = 16,
};

struct k_mount_attr {
    uint64_t set, clear, propagation, user_namespace;
};

struct k_open_how {
    uint64_t flags, mode, resolve;
};

#define K_CLONE_INTO_CGROUP 0x200000000ULL

struct k_clone_args {
    uint64_t flags, pidfd, child_tid, parent_tid, exit_signal, stack, stack_size, tls;
    uint64_t set_tid, set_tid_size, cgroup;
};

#endif
