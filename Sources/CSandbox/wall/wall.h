// wall.h — the parts of martlet-wall, and what each promises the others.
//
// martlet-wall is spawned by the host, walls itself in as the specification says, and becomes the
// command. It has one thread, allocates nothing, and has two ends: the command runs behind every
// wall that was asked for, or a record says which step failed and nothing runs.

#ifndef WALL_H
#define WALL_H

#include "../include/wall_protocol.h"
#include <stdbool.h>
#include <stddef.h>
#include <sys/resource.h>
#include <sys/types.h>

// Bounds on what a specification may hold. The host stays far below them.
enum { MOUNT_COUNT_MAX = 128, ITEM_COUNT_MAX = 128, LIMIT_COUNT_MAX = 16, STRING_COUNT_MAX = 4096 };

struct mount_order {
    uint64_t device, inode;
    const char *source, *target;
    uint16_t flags;
    uint32_t index;
};

/// A link (`bytes` is what it says) or a file.
struct item_order {
    const char *path, *bytes;
    uint32_t count, index;
    bool link;
};

struct limit_order {
    uint64_t resource, value;
    uint32_t index;
};

/// A specification that has been checked. Pointers lead into the sealed memory it came in.
struct specification {
    uint32_t flags;
    bool has_identity;
    uid_t outer_user, inner_user;
    gid_t outer_group, inner_group;
    const char *name, *folder;
    uint64_t scratch_bytes, scratch_inodes;
    struct mount_order mounts[MOUNT_COUNT_MAX];
    struct item_order items[ITEM_COUNT_MAX];
    struct limit_order limits[LIMIT_COUNT_MAX];
    char *arguments[STRING_COUNT_MAX + 1], *variables[STRING_COUNT_MAX + 1];
    uint32_t landlock_least, landlock_index;
    unsigned mount_count, item_count, limit_count, argument_count, variable_count, cgroup_count;
};

// specification.c
/// Reads and checks descriptor WALL_SPECIFICATION. Fails, and does not return, on anything odd.
const struct specification *read_specification(void);

// report.c
/// Starts the clock of `elapsed`.
void start_clock(void);
/// Says that `step` is done, where the specification asks for a trace.
void done(const struct specification *spec, enum wall_step step);
void say_ready(uint32_t layers, int landlock_abi);
void say_exit(int status, const struct rusage *usage);
/// Says that `step` failed with `error` at record `index`, and ends this process.
_Noreturn void fail(enum wall_step step, int error, uint32_t index);

// root.c
/// Makes the granted folders, and nothing else, the root of this mount namespace.
void build_root(const struct specification *spec);

// confine.c
/// Gives up every capability, for good.
void drop_capabilities(enum wall_step step);
void set_limits(const struct specification *spec);
/// Confines this process to the granted files. Returns Landlock's ABI, 0 where there is none.
int confine_files(const struct specification *spec);
/// Holds the signals of this process, and of those that it starts, among themselves.
void confine_signals(void);

// filter.c
enum { FILTER_LENGTH_MAX = 1024 };
struct sock_filter;
/// Writes the system call filter for a specification with these flags, of at most FILTER_LENGTH_MAX
/// instructions; returns its length.
unsigned write_filter(uint32_t flags, struct sock_filter *code);
/// Installs the system call filter. Returns the descriptor at which calls arrive that the watcher
/// makes in the command's place, -1 where there are none.
int filter_calls(const struct specification *spec);

// delegate.c
/// Makes one call in the place of the process that waits for it at `listener`.
void answer_delegate(int listener, const struct specification *spec);

// run.c
/// Starts the command's own process, which takes the last steps, in either tier. Returns once the
/// command is executed, or has failed and said so.
///
/// In the Landlock tier `*listener` is set to what `filter_calls` returned.
pid_t start_command(const struct specification *spec, uint32_t layers, int *listener);

// full.c, landlock.c
/// Builds the tier, waits for its end, kills everything when the host is gone. Returns when nothing
/// of the command is left.
void run_full_tier(const struct specification *spec);
void run_landlock_tier(const struct specification *spec);

#endif
