// confine.c — capabilities, resource limits, and Landlock as a second wall around files.

#define _GNU_SOURCE
#include "kernel.h"
#include "wall.h"
#include <errno.h>
#include <fcntl.h>
#include <linux/capability.h>
#include <sys/prctl.h>

void drop_capabilities(enum wall_step step) {
    prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_CLEAR_ALL, 0, 0, 0);
    // Ends with EINVAL at the first number that this kernel does not know. Without CAP_SETPCAP, as
    // in the Landlock tier, the bounding set stays; NO_NEW_PRIVS keeps it from mattering.
    for (int number = 0; prctl(PR_CAPBSET_DROP, number, 0, 0, 0) == 0; number++) {}
    struct __user_cap_header_struct header = {.version = _LINUX_CAPABILITY_VERSION_3};
    struct __user_cap_data_struct none[2] = {0};
    if (syscall(SYS_capset, &header, none) != 0) fail(step, errno, 0);
}

void set_limits(const struct specification *spec) {
    for (unsigned i = 0; i < spec->limit_count; i++) {
        const struct limit_order *order = &spec->limits[i];
        struct rlimit now;
        int resource = (int)order->resource;
        if (getrlimit(resource, &now) != 0) fail(WALL_STEP_LIMITS, errno, order->index);
        // A limit that the host itself is under stays: it is the narrower one.
        rlim_t value = order->value < now.rlim_max ? order->value : now.rlim_max;
        struct rlimit limit = {value, value};
        // At the soft limit of CPU time the kernel sends SIGXCPU, a second later SIGKILL.
        if (resource == RLIMIT_CPU && value < now.rlim_max) limit.rlim_max = value + 1;
        if (now.rlim_cur == limit.rlim_cur && now.rlim_max == limit.rlim_max) continue;
        if (setrlimit(resource, &limit) != 0) fail(WALL_STEP_LIMITS, errno, order->index);
    }
}

// Rights of Landlock, by the ABI that brought them. Source: linux/landlock.h of kernel 6.15.
enum {
    EXECUTE = 1 << 0,
    WRITE_FILE = 1 << 1,
    READ_FILE = 1 << 2,
    READ_DIR = 1 << 3,
    MAKE_CHAR = 1 << 6,
    MAKE_BLOCK = 1 << 11,
    ABI_1 = (1 << 13) - 1,
    REFER = 1 << 13,
    TRUNCATE = 1 << 14,
    IOCTL_DEV = 1 << 15,
    READ = EXECUTE | READ_FILE | READ_DIR,
    /// All of these that apply to one file; for others the kernel refuses a rule.
    ON_FILE = EXECUTE | WRITE_FILE | READ_FILE | TRUNCATE | IOCTL_DEV,
    NET_TCP = 3,
    SCOPE_ABSTRACT_SOCKET_AND_SIGNAL = 3,
    RULE_PATH_BENEATH = 1,
    CREATE_RULESET_VERSION = 1,
};

struct ruleset {
    uint64_t files, network, scope;
};

struct path_beneath {
    uint64_t allowed;
    int32_t folder;
} __attribute__((packed));

static void allow(int rules, uint64_t handled, const char *path, uint64_t rights, uint32_t index) {
    int folder = open(path, O_PATH | O_CLOEXEC);
    if (folder < 0) fail(WALL_STEP_LANDLOCK, errno, index);
    struct path_beneath rule = {.allowed = rights & handled, .folder = folder};
    if (syscall(SYS_landlock_add_rule, rules, RULE_PATH_BENEATH, &rule, 0) != 0)
        fail(WALL_STEP_LANDLOCK, errno, index);
    close(folder);
}

/// The rights that a mount order stands for.
static uint64_t rights_of(const struct mount_order *order) {
    if (order->flags & WALL_MOUNT_DEVICE) return READ_FILE | WRITE_FILE | IOCTL_DEV;
    uint64_t rights = READ;
    if (order->flags & WALL_MOUNT_NO_EXECUTE) rights &= ~(uint64_t)EXECUTE;
    if (order->flags & WALL_MOUNT_WRITE)
        rights |= (ABI_1 | REFER | TRUNCATE) & ~(uint64_t)(EXECUTE | MAKE_CHAR | MAKE_BLOCK);
    if (order->flags & WALL_MOUNT_FILE) rights &= ON_FILE;
    return rights;
}

void confine_signals(void) {
    // Whatever a ruleset is about, it forbids moving files between folders, unless it allows that.
    struct ruleset ruleset = {.files = REFER, .scope = SCOPE_ABSTRACT_SOCKET_AND_SIGNAL};
    int rules = (int)syscall(SYS_landlock_create_ruleset, &ruleset, sizeof ruleset, 0);
    if (rules < 0) fail(WALL_STEP_LANDLOCK, errno, 0);
    allow(rules, REFER, "/", REFER, 0);
    if (syscall(SYS_landlock_restrict_self, rules, 0) != 0) fail(WALL_STEP_LANDLOCK, errno, 0);
    close(rules);
}

int confine_files(const struct specification *spec) {
    bool namespaces = !(spec->flags & WALL_FLAG_LANDLOCK_TIER);
    int abi = (int)syscall(SYS_landlock_create_ruleset, NULL, 0, CREATE_RULESET_VERSION);
    int least = namespaces ? 0 : WALL_LANDLOCK_TIER_ABI_MIN;
    if ((int)spec->landlock_least > least) least = (int)spec->landlock_least;
    if (abi < least) fail(WALL_STEP_LANDLOCK, ENOSYS, spec->landlock_index);
    if (abi < 1) return 0;
    struct ruleset ruleset = {.files = ABI_1};
    if (abi >= 2) ruleset.files |= REFER;
    if (abi >= 3) ruleset.files |= TRUNCATE;
    if (abi >= 4) ruleset.network = NET_TCP;
    if (abi >= 5) ruleset.files |= IOCTL_DEV;
    if (abi >= 6) ruleset.scope = SCOPE_ABSTRACT_SOCKET_AND_SIGNAL;
    // Each ABI knows the fields up to its own; a longer structure is taken where the rest is zero.
    int rules = (int)syscall(SYS_landlock_create_ruleset, &ruleset, sizeof ruleset, 0);
    if (rules < 0) fail(WALL_STEP_LANDLOCK, errno, 0);
    if (namespaces) {
        // What is in sight was granted already; this repeats who may write where.
        allow(rules, ruleset.files, "/", READ, 0);
        allow(rules, ruleset.files, "/tmp",
              (ABI_1 | REFER | TRUNCATE) & ~(uint64_t)(MAKE_CHAR | MAKE_BLOCK), 0);
        // A process may write its own files in /proc, such as oom_score_adj.
        if (spec->flags & WALL_FLAG_PROC)
            allow(rules, ruleset.files, "/proc", READ | WRITE_FILE, 0);
    }
    for (unsigned i = 0; i < spec->mount_count; i++) {
        const struct mount_order *order = &spec->mounts[i];
        if (namespaces && !(order->flags & (WALL_MOUNT_WRITE | WALL_MOUNT_DEVICE))) continue;
        // Rules only add: what lies beneath a grant cannot be taken out of it.
        if (!namespaces && order->flags & WALL_MOUNT_EMPTY) fail(WALL_STEP_LANDLOCK, EINVAL, order->index);
        allow(rules, ruleset.files, namespaces ? order->target : order->source, rights_of(order),
              order->index);
    }
    if (syscall(SYS_landlock_restrict_self, rules, 0) != 0) fail(WALL_STEP_LANDLOCK, errno, 0);
    close(rules);
    return abi;
}
