// csandbox.h — the system calls that Swift cannot reach, each with the reason why it is here.
//
// All functions return -1 and set errno where they fail, unless they say otherwise. None keeps state.

#ifndef CSANDBOX_H
#define CSANDBOX_H

#include "wall_protocol.h"
#include <stddef.h>
#include <stdint.h>
#include <sys/resource.h>
#include <sys/types.h>
#include <termios.h>

/// Starts `path` without arguments and environment, with `descriptors[i]` as its descriptor i and no
/// other, in a process group of its own, with no signal blocked or ignored: a thread of Dispatch
/// blocks most signals, and a child would inherit that. In C because `closefrom` is invisible to Swift.
/// (A session of its own would also put the wall into a new scheduling group, which on a busy machine
/// waits ten milliseconds for its first turn. Only the command gets a session.)
/// Returns 0 or an errno value. The descriptors must all be `count` or larger.
int cs_spawn(const char *_Nonnull path, const int *_Nonnull descriptors, unsigned count,
             pid_t *_Nonnull pid);

/// A copy of `descriptor` that is at least `least` and closes on exec. (fcntl is variadic.)
int cs_duplicate(int descriptor, int least);
/// Makes reads and writes of the open file behind `descriptor` return EAGAIN where they would wait.
int cs_set_nonblocking(int descriptor);

/// A memfd that holds `count` bytes and that nobody can change or resize any more.
int cs_sealed_memory(const void *_Nonnull bytes, size_t count);

/// A counter that a poll can wait for, closed on exec, never waiting itself. (eventfd)
int cs_bell(void);

/// Two ends of a pipe that close on exec. (pipe2)
int cs_pipe(int ends[_Nonnull 2]);

/// "EPERM" for 1; NULL for a number that is none.
const char *_Nullable cs_errno_name(int number);

/// Two ends of a SOCK_SEQPACKET channel that close on exec.
int cs_channel(int ends[_Nonnull 2]);

/// Sends one packet, with a copy of `descriptor` attached where that is not negative, and never
/// raises SIGPIPE. (CMSG_DATA and its kin are macros.)
ssize_t cs_send_packet(int channel, const void *_Nonnull bytes, size_t count, int descriptor);

/// Receives one packet of at most `count` bytes; a longer one fails with EMSGSIZE. `flags` as recvmsg
/// takes them. A descriptor that came along is stored in `descriptor`, closed on exec, or else -1; with
/// NULL there, the kernel drops what the sender attached. 0 where the other end is closed.
ssize_t cs_receive_packet(int channel, void *_Nonnull bytes, size_t count, int flags,
                          int *_Nullable descriptor);

/// Two ends of a byte stream that close on exec.
int cs_stream_pair(int ends[_Nonnull 2]);

/// Begins a TCP connection to an address of 4 or 16 bytes, without waiting. The socket closes on exec.
/// (Swift would have to take a sockaddr for one of its kinds.)
int cs_dial(const uint8_t *_Nonnull address, size_t count, uint16_t port);

/// What became of `cs_dial`, once the socket can be written: 0, or an errno value.
int cs_dial_result(int socket);

/// A descriptor that becomes readable when the process ends.
int cs_pidfd(pid_t pid);
int cs_pidfd_signal(int pidfd, int signal);

/// openat2 with its RESOLVE_ flags.
int cs_openat2(int folder, const char *_Nonnull path, int flags, unsigned mode, uint64_t resolve);
/// Swaps in `from` for `to`, failing with EEXIST where `to` exists and `replace` is 0.
int cs_rename(int folder_from, const char *_Nonnull from, int folder_to, const char *_Nonnull to,
              int replace);

/// Lets two names change places. (renameat2)
int cs_exchange(int folder_from, const char *_Nonnull from, int folder_to, const char *_Nonnull to);

/// Copies the first `size` bytes of a file into an empty one, with its holes: by sharing its blocks where
/// the file system can (FICLONE), or within the kernel (copy_file_range), or by reading and writing. A
/// file that became shorter meanwhile is copied as far as it goes.
int cs_copy_content(int from, int to, uint64_t size);

/// How many bytes wait in a pipe, asked at either end. (FIONREAD)
int cs_waiting_bytes(int pipe);

/// The program's arguments as the kernel gave them, `*count` of them. Swift reads its own from
/// /proc/self/cmdline, which is out of reach behind the walls of the Landlock tier.
const char *_Nullable const *_Nonnull cs_arguments(int *_Nonnull count);

/// Constants that Glibc's module leaves out.
enum {
    CS_PATH_ONLY = 010000000, // O_PATH
    CS_LIMIT_PENDING_SIGNALS = RLIMIT_SIGPENDING,
    CS_LIMIT_NICE = RLIMIT_NICE,
    CS_LIMIT_REAL_TIME = RLIMIT_RTPRIO,
    CS_LIMIT_PROCESSES = RLIMIT_NPROC,
    CS_LIMIT_LOCKED_MEMORY = RLIMIT_MEMLOCK,
    CS_LIMIT_MESSAGE_QUEUES = RLIMIT_MSGQUEUE,
};

enum {
    CS_RESOLVE_NO_MAGICLINKS = 2,
    CS_RESOLVE_NO_SYMLINKS = 4,
    CS_RESOLVE_BENEATH = 8,
};

/// Which object a path or descriptor leads to.
struct cs_identity {
    /// Major number << 32 | minor number.
    uint64_t device;
    uint64_t inode;
    uint32_t mode;
    uint32_t user;
    uint32_t group;
};

/// What a terminal was like, to be put back after somebody else had it.
struct cs_terminal {
    struct termios settings;
    mode_t mode;
};

/// Fails with ENOTTY where `descriptor` is no terminal.
int cs_save_terminal(int descriptor, struct cs_terminal *_Nonnull terminal);
/// Puts settings and permissions back, lets others open it, and lets its output flow.
void cs_restore_terminal(int descriptor, const struct cs_terminal *_Nonnull terminal);

int cs_identify(int descriptor, struct cs_identity *_Nonnull identity);

/// Landlock's ABI, 0 where the kernel has none.
int cs_landlock_abi(void);

#endif
