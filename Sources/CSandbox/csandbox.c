// csandbox.c — thin doors to system calls; see csandbox.h.

#define _GNU_SOURCE
#include "csandbox.h"
#include "wall/kernel.h"
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <spawn.h>
#include <stdio.h>
#include <string.h>
#include <sys/eventfd.h>
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
