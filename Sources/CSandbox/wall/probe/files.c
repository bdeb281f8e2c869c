// files.c — acts on files, links, modes and devices.

#define _GNU_SOURCE
#include "../kernel.h"
#include "probe.h"
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>

static int opened(int file) {
    if (file < 0) return errno;
    close(file);
    return 0;
}

static int read_one(const char *path) {
    char byte;
    int file = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
    if (file < 0) return errno;
    int result = errno_of(read(file, &byte, 1));
    close(file);
    return result;
}

static int list(const char *path) { return opened(open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC)); }

static int stat_path(const char *path) {
    struct stat status;
    return errno_of(stat(path, &status));
}

static int create(const char *path) {
    return opened(open(path, O_WRONLY | O_CREAT | O_CLOEXEC, 0644));
}

static int overwrite(const char *path) { return opened(open(path, O_RDWR | O_CLOEXEC)); }

static int truncate_path(const char *path) { return errno_of(truncate(path, 0)); }

static int truncate_read_only(const char *path) {
    return opened(open(path, O_RDONLY | O_TRUNC | O_CLOEXEC));
}

static int unlink_path(const char *path) { return errno_of(unlink(path)); }

/// "FROM,TO"
static int pair(const char *argument, int (*act)(const char *, const char *)) {
    char text[4096];
    snprintf(text, sizeof text, "%s", argument);
    char *comma = strchr(text, ',');
    if (comma == NULL) return EINVAL;
    *comma = 0;
    return errno_of(act(text, comma + 1));
}

static int link_pair(const char *argument) { return pair(argument, link); }
static int symlink_pair(const char *argument) { return pair(argument, symlink); }
static int rename_pair(const char *argument) { return pair(argument, rename); }

/// Makes a file of its own for each mode act, so that they do not depend on each other.
static int fresh(const char *folder, char *path, size_t size) {
    snprintf(path, size, "%s/probe-XXXXXX", folder);
    return mkstemp(path);
}

static int chmod_set_id(const char *folder) {
    char path[4096];
    int file = fresh(folder, path, sizeof path);
    if (file < 0) return errno;
    close(file);
    return errno_of(chmod(path, 04755));
}

static int fchmod_set_id(const char *folder) {
    char path[4096];
    int file = fresh(folder, path, sizeof path);
    if (file < 0) return errno;
    int result = errno_of(fchmod(file, 02755));
    close(file);
    return result;
}

static int fchmodat2_set_id(const char *folder) {
    char path[4096];
    int file = fresh(folder, path, sizeof path);
    if (file < 0) return errno;
    close(file);
    return errno_of(syscall(452 /* fchmodat2 */, AT_FDCWD, path, 04755, 0));
}

static int create_set_id(const char *folder) {
    char path[4096];
    snprintf(path, sizeof path, "%s/probe-created-%d", folder, getpid());
    return opened(openat(AT_FDCWD, path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 04755));
}

static int openat2_set_id(const char *folder) {
    char path[4096];
    snprintf(path, sizeof path, "%s/probe-opened-%d", folder, getpid());
    struct k_open_how how = {.flags = O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, .mode = 04755};
    return opened((int)syscall(SYS_openat2, AT_FDCWD, path, &how, sizeof how));
}

static int mkdir_set_id(const char *folder) {
    char path[4096];
    snprintf(path, sizeof path, "%s/probe-folder-%d", folder, getpid());
    return errno_of(mkdir(path, 02755));
}

static int device(const char *folder, mode_t kind) {
    char path[4096];
    snprintf(path, sizeof path, "%s/probe-device-%d", folder, getpid());
    unlink(path);
    return errno_of(mknod(path, kind | 0600, makedev(1, 3)));
}

static int character_device(const char *folder) { return device(folder, S_IFCHR); }
static int block_device(const char *folder) { return device(folder, S_IFBLK); }
static int fifo(const char *folder) { return device(folder, S_IFIFO); }

static int handle(const char *path) {
    struct {
        struct file_handle head;
        char rest[128];
    } found = {.head.handle_bytes = 128};
    int mount;
    return errno_of(name_to_handle_at(AT_FDCWD, path, &found.head, &mount, 0));
}

static int open_handle(const char *argument) {
    struct {
        struct file_handle head;
        char rest[128];
    } found = {.head = {.handle_bytes = 8, .handle_type = 1}};
    (void)argument;
    return opened(open_by_handle_at(AT_FDCWD, &found.head, O_RDONLY));
}

static int descriptor(const char *number) { return errno_of(fcntl(atoi(number), F_GETFD)); }

/// Fills a file until something stops it; "ok" means that `MIB` were written.
static int fill(const char *argument) {
    static char block[1 << 20];
    char path[4096];
    unsigned mebibytes = 0;
    if (sscanf(argument, "%u,%4095s", &mebibytes, path) != 2) return EINVAL;
    int file = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
    if (file < 0) return errno;
    int result = 0;
    for (unsigned i = 0; i < mebibytes && result == 0; i++) {
        ssize_t count = write(file, block, sizeof block);
        result = count < 0 ? errno : count < (ssize_t)sizeof block ? ENOSPC : 0;
    }
    close(file);
    unlink(path);
    return result;
}

const struct act file_acts[] = {
    {"read", read_one},
    {"list", list},
    {"stat", stat_path},
    {"create", create},
    {"overwrite", overwrite},
    {"truncate", truncate_path},
    {"truncate-read-only", truncate_read_only},
    {"unlink", unlink_path},
    {"link", link_pair},
    {"symlink", symlink_pair},
    {"rename", rename_pair},
    {"chmod-set-id", chmod_set_id},
    {"fchmod-set-id", fchmod_set_id},
    {"fchmodat2-set-id", fchmodat2_set_id},
    {"create-set-id", create_set_id},
    {"openat2-set-id", openat2_set_id},
    {"mkdir-set-id", mkdir_set_id},
    {"character-device", character_device},
    {"block-device", block_device},
    {"fifo", fifo},
    {"handle", handle},
    {"open-handle", open_handle},
    {"descriptor", descriptor},
    {"fill", fill},
    {0},
};
