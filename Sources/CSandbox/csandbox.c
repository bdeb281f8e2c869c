// csandbox.c — thin doors to system calls; see csandbox.h.

#define _GNU_SOURCE
#include "csandbox.h"
#include "wall/kernel.h"
#include <errno.h>
#include <fcntl.h>
#include <linux/fs.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <signal.h>
#include <spawn.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

static int set_up(posix_spawnattr_t *attributes, posix_spawn_file_actions_t *actions,
                  const int *descriptors, unsigned count) {
    sigset_t none, all;
    sigemptyset(&none);
    sigfillset(&all);
    posix_spawnattr_setsigmask(attributes, &none);
    posix_spawnattr_setsigdefault(attributes, &all);
    int error = posix_spawnattr_setflags(
        attributes, POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF | POSIX_SPAWN_SETPGROUP);
    for (unsigned i = 0; i < count && error == 0; i++)
        error = posix_spawn_file_actions_adddup2(actions, descriptors[i], (int)i);
    if (error == 0) error = posix_spawn_file_actions_addclosefrom_np(actions, (int)count);
    return error;
}

int cs_spawn(const char *path, const int *descriptors, unsigned count, pid_t *pid) {
    posix_spawnattr_t attributes;
    posix_spawn_file_actions_t actions;
    int error = posix_spawnattr_init(&attributes);
    if (error != 0) return error;
    error = posix_spawn_file_actions_init(&actions);
    if (error == 0) {
        char name[] = "martlet-wall";
        char *arguments[] = {name, NULL}, *environment[] = {NULL};
        error = set_up(&attributes, &actions, descriptors, count);
        if (error == 0)
            error = posix_spawn(pid, path, &actions, &attributes, arguments, environment);
        posix_spawn_file_actions_destroy(&actions);
    }
    posix_spawnattr_destroy(&attributes);
    return error;
}

static int argument_count;
static char **argument_list;

// The C library calls constructors with what main gets. Source: glibc, csu/libc-start.c.
__attribute__((constructor)) static void keep_arguments(int count, char **arguments) {
    argument_count = count;
    argument_list = arguments;
}

const char *const *cs_arguments(int *count) {
    *count = argument_count;
    return (const char *const *)argument_list;
}

int cs_duplicate(int descriptor, int least) { return fcntl(descriptor, F_DUPFD_CLOEXEC, least); }

int cs_set_nonblocking(int descriptor) {
    int flags = fcntl(descriptor, F_GETFL);
    return flags < 0 ? -1 : fcntl(descriptor, F_SETFL, flags | O_NONBLOCK);
}

int cs_sealed_memory(const void *bytes, size_t count) {
    int memory = memfd_create("martlet-wall", MFD_CLOEXEC | MFD_ALLOW_SEALING);
    if (memory < 0) return -1;
    const char *rest = bytes;
    while (count > 0) {
        ssize_t written = write(memory, rest, count);
        if (written < 0 && errno == EINTR) continue;
        if (written <= 0) break;
        rest += written;
        count -= (size_t)written;
    }
    const int seals = F_SEAL_SEAL | F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_WRITE;
    if (count > 0 || fcntl(memory, F_ADD_SEALS, seals) != 0) {
        int error = errno;
        close(memory);
        errno = error;
        return -1;
    }
    return memory;
}

int cs_channel(int ends[2]) {
    return socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends);
}

ssize_t cs_send_packet(int channel, const void *bytes, size_t count, int descriptor) {
    struct iovec part = {(void *)bytes, count};
    struct msghdr message = {.msg_iov = &part, .msg_iovlen = 1};
    union {
        char bytes[CMSG_SPACE(sizeof(int))];
        struct cmsghdr header;
    } control = {0};
    if (descriptor >= 0) {
        message.msg_control = control.bytes;
        message.msg_controllen = sizeof control.bytes;
        struct cmsghdr *header = CMSG_FIRSTHDR(&message);
        header->cmsg_level = SOL_SOCKET;
        header->cmsg_type = SCM_RIGHTS;
        header->cmsg_len = CMSG_LEN(sizeof(int));
        memcpy(CMSG_DATA(header), &descriptor, sizeof descriptor);
    }
    return sendmsg(channel, &message, MSG_NOSIGNAL);
}

ssize_t cs_receive_packet(int channel, void *bytes, size_t count, int flags, int *descriptor) {
    struct iovec part = {bytes, count};
    struct msghdr message = {.msg_iov = &part, .msg_iovlen = 1};
    union {
        char bytes[CMSG_SPACE(sizeof(int))];
        struct cmsghdr header;
    } control;
    if (descriptor != NULL) {
        *descriptor = -1;
        message.msg_control = control.bytes;
        message.msg_controllen = sizeof control.bytes;
    }
    ssize_t received = recvmsg(channel, &message, flags | MSG_CMSG_CLOEXEC);
    if (received < 0) return -1;
    struct cmsghdr *header = descriptor == NULL ? NULL : CMSG_FIRSTHDR(&message);
    if (header != NULL && header->cmsg_level == SOL_SOCKET && header->cmsg_type == SCM_RIGHTS
        && header->cmsg_len == CMSG_LEN(sizeof(int)))
        memcpy(descriptor, CMSG_DATA(header), sizeof *descriptor);
    if (message.msg_flags & MSG_TRUNC) {
        if (descriptor != NULL && *descriptor >= 0) close(*descriptor);
        errno = EMSGSIZE;
        return -1;
    }
    return received;
}

int cs_stream_pair(int ends[2]) {
    return socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends);
}

int cs_dial(const uint8_t *address, size_t count, uint16_t port) {
    struct sockaddr_in v4 = {.sin_family = AF_INET, .sin_port = htons(port)};
    struct sockaddr_in6 v6 = {.sin6_family = AF_INET6, .sin6_port = htons(port)};
    bool short_ = count == sizeof v4.sin_addr;
    if (!short_ && count != sizeof v6.sin6_addr) {
        errno = EINVAL;
        return -1;
    }
    memcpy(short_ ? (void *)&v4.sin_addr : (void *)&v6.sin6_addr, address, count);
    int type = SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK;
    int socket_ = socket(short_ ? AF_INET : AF_INET6, type, IPPROTO_TCP);
    if (socket_ < 0) return -1;
    int on = 1;
    setsockopt(socket_, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    int result = short_ ? connect(socket_, (struct sockaddr *)&v4, sizeof v4)
                        : connect(socket_, (struct sockaddr *)&v6, sizeof v6);
    if (result == 0 || errno == EINPROGRESS) return socket_;
    int error = errno;
    close(socket_);
    errno = error;
    return -1;
}

int cs_dial_result(int socket) {
    int error = 0;
    socklen_t size = sizeof error;
    return getsockopt(socket, SOL_SOCKET, SO_ERROR, &error, &size) == 0 ? error : errno;
}

int cs_bell(void) { return eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK); }

int cs_pipe(int ends[2]) { return pipe2(ends, O_CLOEXEC); }

const char *cs_errno_name(int number) { return strerrorname_np(number); }

int cs_pidfd(pid_t pid) { return (int)syscall(SYS_pidfd_open, pid, 0); }

int cs_pidfd_signal(int pidfd, int signal) {
    return (int)syscall(SYS_pidfd_send_signal, pidfd, signal, NULL, 0);
}

int cs_openat2(int folder, const char *path, int flags, unsigned mode, uint64_t resolve) {
    struct k_open_how how = {
        .flags = (uint64_t)(unsigned)flags, .mode = mode, .resolve = resolve};
    int descriptor;
    // The kernel asks for another try when something was renamed while it walked.
    for (int tries = 0; tries < 64; tries++) {
        descriptor = (int)syscall(SYS_openat2, folder, path, &how, sizeof how);
        if (descriptor >= 0 || (errno != EAGAIN && errno != EINTR)) break;
    }
    return descriptor;
}

int cs_rename(int folder_from, const char *from, int folder_to, const char *to, int replace) {
    return renameat2(folder_from, from, folder_to, to, replace ? 0 : RENAME_NOREPLACE);
}

int cs_exchange(int folder_from, const char *from, int folder_to, const char *to) {
    return renameat2(folder_from, from, folder_to, to, RENAME_EXCHANGE);
}

/// Reads and writes what the kernel does not copy by itself.
static int copy_by_hand(int from, int to, off_t at, off_t end) {
    char block[64 << 10];
    while (at < end) {
        size_t wanted = (size_t)(end - at) < sizeof block ? (size_t)(end - at) : sizeof block;
        ssize_t count = pread(from, block, wanted, at);
        if (count < 0 && errno == EINTR) continue;
        if (count <= 0) return (int)count;
        for (ssize_t done = 0; done < count;) {
            ssize_t written = pwrite(to, block + done, (size_t)(count - done), at + done);
            if (written < 0 && errno == EINTR) continue;
            if (written <= 0) return -1;
            done += written;
        }
        at += count;
    }
    return 0;
}

static int copy_range(int from, int to, off_t at, off_t end) {
    off_t out = at;
    while (at < end) {
        ssize_t count = copy_file_range(from, &at, to, &out, (size_t)(end - at), 0);
        if (count > 0 || (count < 0 && errno == EINTR)) continue;
        if (count < 0 && (errno == ENOSPC || errno == EDQUOT || errno == EFBIG || errno == EIO)) return -1;
        return copy_by_hand(from, to, at, end);
    }
    return 0;
}

int cs_copy_content(int from, int to, uint64_t size) {
    off_t end = (off_t)size;
    if (end > 0 && ioctl(to, FICLONE, from) == 0) return ftruncate(to, end);
    if (ftruncate(to, end) != 0) return -1;
    for (off_t at = 0; at < end;) {
        off_t data = lseek(from, at, SEEK_DATA);
        if (data < 0 && errno == ENXIO) break;
        if (data < 0) return copy_range(from, to, at, end);
        if (data >= end) break;
        off_t hole = lseek(from, data, SEEK_HOLE);
        if (hole < 0 || hole > end) hole = end;
        if (copy_range(from, to, data, hole) != 0) return -1;
        at = hole;
    }
    return 0;
}

int cs_waiting_bytes(int pipe) {
    int count = 0;
    return ioctl(pipe, FIONREAD, &count) == 0 ? count : -1;
}

int cs_save_terminal(int descriptor, struct cs_terminal *terminal) {
    struct stat status;
    if (tcgetattr(descriptor, &terminal->settings) != 0 || fstat(descriptor, &status) != 0) return -1;
    terminal->mode = status.st_mode & 07777;
    return 0;
}

void cs_restore_terminal(int descriptor, const struct cs_terminal *terminal) {
    struct stat status;
    if (fstat(descriptor, &status) == 0 && (status.st_mode & 07777) != terminal->mode)
        fchmod(descriptor, terminal->mode);
    ioctl(descriptor, TIOCNXCL);
    tcflow(descriptor, TCOON);
    // Of a terminal that is another job's, setting stops this process by SIGTTOU; that job has its own.
    if (tcgetpgrp(descriptor) == getpgrp()) tcsetattr(descriptor, TCSANOW, &terminal->settings);
}

int cs_identify(int descriptor, struct cs_identity *identity) {
    struct statx found;
    unsigned mask = STATX_INO | STATX_TYPE | STATX_MODE | STATX_UID | STATX_GID;
    if (statx(descriptor, "", AT_EMPTY_PATH, mask, &found) != 0) return -1;
    *identity = (struct cs_identity){
        .device = (uint64_t)found.stx_dev_major << 32 | found.stx_dev_minor,
        .inode = found.stx_ino,
        .mode = found.stx_mode,
        .user = found.stx_uid,
        .group = found.stx_gid,
    };
    return 0;
}

int cs_landlock_abi(void) {
    long abi = syscall(SYS_landlock_create_ruleset, NULL, 0, 1);
    return abi < 0 ? 0 : (int)abi;
}
