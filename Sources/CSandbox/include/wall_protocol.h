// wall_protocol.h — what the host tells martlet-wall, and what the wall answers.
//
// The host hands the wall these descriptors and nothing else: no arguments, no environment.
//
//      0, 1, 2   the workload's standard streams
//      3         the channel: a SOCK_SEQPACKET socket. The wall and the processes it starts write
//                records into it; when the host closes its end, or dies, the wall kills everything
//      4         the specification: a sealed memfd
//      5, 6      where the specification says so: `cgroup.procs` files, open for writing, or a
//                control group's folder
//      next      where WALL_FLAG_BROKER says so: the command's end of the channel to the egress
//                broker, which the command finds as its descriptor 7
//
// A specification, native byte order (both sides run on one machine):
//
//      0  u32  magic            4  u32  bytes in all
//      8  u32  record count    12  u32  flags (enum wall_flag)
//     16  records, each at a multiple of 8:
//           0  u16  tag (enum wall_tag)    2  u16  flags    4  u32  payload bytes    8  payload
//
// Strings end in NUL and hold no other. Paths are absolute, without "." or ".." or doubled slashes.
// The order of mounts is the order in which they are placed.

#ifndef WALL_PROTOCOL_H
#define WALL_PROTOCOL_H

#include <stdint.h>

enum {
    WALL_MAGIC = 0x314c574d, // "MWL1"
    WALL_CHANNEL = 3,
    WALL_SPECIFICATION = 4,
    WALL_CGROUP = 5,
    /// Above everything else that the wall is given.
    WALL_BROKER = 7,
    /// Argument lists are bounded by the kernel at 2 MiB; this leaves room for the rest.
    WALL_SPECIFICATION_BYTES_MAX = 4 << 20,
    WALL_RECORD_COUNT_MAX = 8192,
    WALL_CGROUP_COUNT_MAX = 2,
    /// The Landlock tier needs scoped signals: kernel 6.12.
    WALL_LANDLOCK_TIER_ABI_MIN = 6,
};

/// Flags of a specification.
enum wall_flag {
    /// No namespaces: Landlock, filter and limits alone.
    WALL_FLAG_LANDLOCK_TIER = 1,
    /// Mount a /proc that shows the sandbox's own processes.
    WALL_FLAG_PROC = 2,
    /// Send a record for each step.
    WALL_FLAG_TRACE = 4,
    /// Refuse memory that no process maps (memfd, System V segments), since a watchdog that adds
    /// up mapped pages could not see it.
    WALL_FLAG_COUNTED_MEMORY_ONLY = 8,
    /// Descriptor WALL_CGROUP is the folder of a version 2 control group: start process 1 in it,
    /// which spares the pause of all forks that moving a process costs.
    WALL_FLAG_CLONE_INTO_CGROUP = 32,
    /// The command has a channel to the egress broker, and its filter lets connections be handed to it.
    WALL_FLAG_BROKER = 64,
    WALL_FLAG_ALL = 111,
};

/// What a record of a specification says.
enum wall_tag {
    /// u32 outer user, outer group, inner user, inner group.
    WALL_TAG_IDENTITY = 1,
    /// String: the host name inside.
    WALL_TAG_NAME = 2,
    /// u64 bytes, u64 inodes: the sizes of the file system behind / and /tmp.
    WALL_TAG_SCRATCH = 3,
    /// u64 device (major << 32 | minor), u64 inode, string source, string target.
    WALL_TAG_MOUNT = 4,
    /// String path, string content: a symbolic link.
    WALL_TAG_LINK = 5,
    /// String path, then the bytes of a read-only file.
    WALL_TAG_FILE = 6,
    /// u64 RLIMIT_ number, u64 value.
    WALL_TAG_LIMIT = 7,
    /// String "NAME=value".
    WALL_TAG_VARIABLE = 8,
    /// String; the first is the program, a path or a name to look up in PATH.
    WALL_TAG_ARGUMENT = 9,
    /// String: the working folder.
    WALL_TAG_FOLDER = 10,
    /// u32: how many descriptors of control groups there are from WALL_CGROUP on.
    WALL_TAG_CGROUP = 11,
    /// u32: the least ABI of Landlock that will do, in either tier.
    WALL_TAG_LANDLOCK = 12,
};

/// Flags of a WALL_TAG_MOUNT record.
enum wall_mount_flag {
    WALL_MOUNT_WRITE = 1,
    /// The source is not a folder.
    WALL_MOUNT_FILE = 2,
    /// The source is a device such as /dev/null.
    WALL_MOUNT_DEVICE = 4,
    WALL_MOUNT_NO_EXECUTE = 8,
    /// Nothing of the source is seen: an empty file or folder is mounted, which nobody can write.
    WALL_MOUNT_EMPTY = 16,
};

/// The steps of the wall, in the order in which the full tier takes them.
enum wall_step {
    WALL_STEP_NONE = 0,
    WALL_STEP_SPECIFICATION,
    WALL_STEP_IDENTITY,
    WALL_STEP_CLONE,
    WALL_STEP_PARENT,
    WALL_STEP_MAP,
    WALL_STEP_NAME,
    WALL_STEP_CGROUP,
    WALL_STEP_PRIVATE,
    WALL_STEP_SOURCE,
    WALL_STEP_PROC,
    WALL_STEP_ROOT,
    WALL_STEP_FILES,
    WALL_STEP_PLACE,
    WALL_STEP_PIVOT,
    WALL_STEP_CAPABILITIES,
    WALL_STEP_FILTER,
    WALL_STEP_FORK,
    WALL_STEP_LIMITS,
    WALL_STEP_FOLDER,
    WALL_STEP_LANDLOCK,
    WALL_STEP_EXECUTE,
};

/// The layers that stand when the wall says it is ready, as bits.
enum wall_layer {
    WALL_LAYER_NAMESPACES = 1,
    WALL_LAYER_ROOT = 2,
    WALL_LAYER_CAPABILITIES = 4,
    WALL_LAYER_LIMITS = 8,
    WALL_LAYER_LANDLOCK = 16,
    WALL_LAYER_FILTER = 32,
    WALL_LAYER_CGROUP = 64,
    /// The process namespace has few numbers to give.
    WALL_LAYER_NUMBERS = 128,
};

enum wall_kind {
    /// `step` is done.
    WALL_KIND_STEP = 1,
    /// Every wall stands, the command is next. `layers`, `code` = Landlock's ABI (0: none).
    WALL_KIND_READY = 2,
    /// The command ended, and every process it left behind is dead and gone. `code` = its wait status, `a` and `b` = its CPU time in the user's and the
    /// system's part in microseconds, `c` = its largest resident size in KiB.
    WALL_KIND_EXIT = 3,
    /// `step` failed with errno `code`, at record `index` of the specification.
    WALL_KIND_FAILED = 4,
};

/// One message from the wall.
struct wall_record {
    uint16_t kind;
    uint16_t step;
    int32_t code;
    uint32_t index;
    uint32_t layers;
    /// Microseconds since the wall's main began.
    uint64_t elapsed;
    uint64_t a, b, c;
};

#endif
