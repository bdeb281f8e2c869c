// files.c — acts on files, links, modes and devices.

#define _GNU_SOURCE
#include "../kernel.h"
#include "probe.h"
#include <errno.h>
#include <fcntl.h>
#include <linux/fs.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/inotify.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <sys/xattr.h>

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
    // Otherwise the limit of a file's size is a signal.
    signal(SIGXFSZ, SIG_IGN);
    for (unsigned i = 0; i < mebibytes && result == 0; i++) {
        ssize_t count = write(file, block, sizeof block);
        result = count < 0 ? errno : count < (ssize_t)sizeof block ? ENOSPC : 0;
    }
    close(file);
    unlink(path);
    return result;
}

/// "ok" where there was something to read, ENODATA where the file is empty.
static int read_something(const char *path) {
    char byte;
    int file = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
    if (file < 0) return errno;
    ssize_t count = read(file, &byte, 1);
    int result = count < 0 ? errno : count == 0 ? ENODATA : 0;
    close(file);
    return result;
}

/// "TARGET,LINK": makes the link and reads through it.
static int read_through(const char *argument) {
    int result = pair(argument, symlink);
    if (result != 0) return result;
    const char *link_path = strchr(argument, ',') + 1;
    result = read_one(link_path);
    unlink(link_path);
    return result;
}

/// Gives a file the mode that it has, by each of the ways to name it.
static int change_mode(const char *path) {
    struct stat status;
    if (stat(path, &status) != 0) return errno;
    mode_t mode = status.st_mode & 0777;
    if (chmod(path, mode) == 0) return 0;
    int result = errno;
    if (syscall(SYS_fchmodat, AT_FDCWD, path, mode) == 0) return 0;
    if (syscall(452 /* fchmodat2 */, AT_FDCWD, path, mode, 0) == 0) return 0;
    return result;
}

static int change_times(const char *path) {
    const struct timespec now[2] = {{.tv_nsec = UTIME_NOW}, {.tv_nsec = UTIME_NOW}};
    if (utimensat(AT_FDCWD, path, now, 0) == 0) return 0;
    int result = errno;
#if defined __x86_64__
    if (syscall(SYS_utime, path, NULL) == 0 || syscall(SYS_utimes, path, NULL) == 0) return 0;
#endif
    return result;
}

static int change_owner(const char *path) {
    struct stat status;
    if (stat(path, &status) != 0) return errno;
    return errno_of(chown(path, status.st_uid, status.st_gid));
}

static int change_attribute(const char *path) {
    return errno_of(setxattr(path, "user.martlet", "x", 1, 0));
}

/// An open file: the descriptor that begins with a digit, or the path, opened for reading.
static int open_for_reading(const char *text) {
    return *text >= '0' && *text <= '9' ? dup(atoi(text)) : open(text, O_RDONLY | O_CLOEXEC);
}

/// Through a descriptor that can only be read: opens the file to everybody.
static int descriptor_mode(const char *text) {
    int file = open_for_reading(text);
    if (file < 0) return errno;
    int result = errno_of(fchmod(file, 0666));
    close(file);
    return result;
}

/// The same by the name that the descriptor has in /proc.
static int descriptor_mode_by_name(const char *text) {
    char path[64];
    int file = open_for_reading(text);
    if (file < 0) return errno;
    snprintf(path, sizeof path, "/proc/self/fd/%d", file);
    int result = errno_of(chmod(path, 0666));
    close(file);
    return result;
}

static int descriptor_times(const char *text) {
    const struct timespec old[2] = {{.tv_sec = 1}, {.tv_sec = 1}};
    int file = open_for_reading(text);
    if (file < 0) return errno;
    int result = errno_of(futimens(file, old));
    close(file);
    return result;
}

static int descriptor_owner(const char *text) {
    struct stat status;
    int file = open_for_reading(text);
    if (file < 0) return errno;
    int result =
        fstat(file, &status) != 0 ? errno : errno_of(fchown(file, status.st_uid, status.st_gid));
    close(file);
    return result;
}

static int descriptor_attribute(const char *text) {
    int file = open_for_reading(text);
    if (file < 0) return errno;
    int result = errno_of(fsetxattr(file, "user.martlet", "x", 1, 0));
    close(file);
    return result;
}

/// Sets the flags that the file has.
static int descriptor_flags(const char *text) {
    int flags = 0, file = open_for_reading(text);
    if (file < 0) return errno;
    int result = errno_of(ioctl(file, FS_IOC_GETFLAGS, &flags));
    if (result == 0) result = errno_of(ioctl(file, FS_IOC_SETFLAGS, &flags));
    close(file);
    return result;
}

/// Opens what a descriptor leads to once more, for writing.
static int open_again(const char *number) {
    char path[64];
    snprintf(path, sizeof path, "/proc/self/fd/%d", atoi(number));
    return opened(open(path, O_WRONLY | O_CLOEXEC));
}

/// "TARGET,NAME": gives a file another name by a descriptor that only stands for it.
static int link_descriptor(const char *argument) {
    char text[4096], path[64];
    snprintf(text, sizeof text, "%s", argument);
    char *name = strchr(text, ',');
    if (name == NULL) return EINVAL;
    *name++ = 0;
    int file = open(text, O_PATH | O_CLOEXEC);
    if (file < 0) return errno;
    int result = errno_of(linkat(file, "", AT_FDCWD, name, AT_EMPTY_PATH));
    snprintf(path, sizeof path, "/proc/self/fd/%d", file);
    if (result != 0 && linkat(AT_FDCWD, path, AT_FDCWD, name, AT_SYMLINK_FOLLOW) == 0) result = 0;
    close(file);
    if (result == 0) unlink(name);
    return result;
}

/// Opens a file by a descriptor that only stands for it.
static int read_by_descriptor(const char *target) {
    char path[64];
    int file = open(target, O_PATH | O_CLOEXEC);
    if (file < 0) return errno;
    snprintf(path, sizeof path, "/proc/self/fd/%d", file);
    int result = opened(open(path, O_RDONLY | O_CLOEXEC));
    close(file);
    return result;
}

/// "FOLDER,NAME": opens a file from a folder that was only walked into.
static int read_from_folder(const char *argument) {
    char text[4096];
    snprintf(text, sizeof text, "%s", argument);
    char *name = strchr(text, ',');
    if (name == NULL) return EINVAL;
    *name++ = 0;
    int folder = open(text, O_PATH | O_DIRECTORY | O_CLOEXEC);
    if (folder < 0) return errno;
    int result = opened(openat(folder, name, O_RDONLY | O_CLOEXEC));
    int before = open(".", O_PATH | O_DIRECTORY | O_CLOEXEC);
    if (result != 0 && fchdir(folder) == 0) result = opened(open(name, O_RDONLY | O_CLOEXEC));
    if (fchdir(before) != 0) result = errno;
    close(before), close(folder);
    return result;
}

/// CAP_NET_RAW, for whoever runs the file. Source of the bytes: linux/capability.h, VFS_CAP_REVISION_2.
static int give_capability(const char *path) {
    const unsigned char bytes[20] = {1, 0, 0, 2, 0, 0x20};
    int result = errno_of(setxattr(path, "security.capability", bytes, sizeof bytes, 0));
    removexattr(path, "security.capability");
    return result;
}

static int exchange(const char *one, const char *other) {
    return renameat2(AT_FDCWD, one, AT_FDCWD, other, RENAME_EXCHANGE);
}

/// "ONE,OTHER": lets two names change places, and back.
static int exchange_pair(const char *argument) {
    int result = pair(argument, exchange);
    if (result == 0) pair(argument, exchange);
    return result;
}

/// Makes everybody who opens the file for writing wait.
static int take_lease(const char *path) {
    int file = open(path, O_RDONLY | O_CLOEXEC);
    if (file < 0) return errno;
    int result = errno_of(fcntl(file, F_SETLEASE, F_RDLCK));
    close(file);
    return result;
}

/// Moves a file so that a device is left in its place.
static int white_out(const char *folder) {
    char path[4096], moved[4200];
    int file = fresh(folder, path, sizeof path);
    if (file < 0) return errno;
    close(file);
    snprintf(moved, sizeof moved, "%s-moved", path);
    int result = errno_of(renameat2(AT_FDCWD, path, AT_FDCWD, moved, 4 /* RENAME_WHITEOUT */));
    unlink(path), unlink(moved);
    return result;
}

/// "COUNT,FOLDER": folders within folders, deeper than any path is long.
static int deep_folders(const char *argument) {
    char folder[4096];
    int count = 0;
    if (sscanf(argument, "%d,%4095s", &count, folder) != 2) return EINVAL;
    int place = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    for (int i = 0; i < count && place >= 0; i++) {
        if (mkdirat(place, "deeper", 0700) != 0) return errno;
        int next = openat(place, "deeper", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
        close(place);
        place = next;
    }
    return place < 0 ? errno : 0;
}

/// Watches a folder for the names of what changes in it.
static int watch_folder(const char *path) {
    int queue = inotify_init1(IN_CLOEXEC);
    if (queue < 0) return errno;
    int result = errno_of(inotify_add_watch(queue, path, IN_ALL_EVENTS));
    close(queue);
    return result;
}

/// Any descriptor beside the standard streams.
static int extra_descriptor(const char *argument) {
    (void)argument;
    for (int i = 3; i < 4096; i++)
        if (fcntl(i, F_GETFD) >= 0) return 0;
    return EBADF;
}

/// "FILES,MIB,FOLDER": fills files that have no name, and keeps them open.
static int fill_unnamed(const char *argument) {
    static char block[1 << 20];
    char folder[4096], path[4200];
    int files = 0, mebibytes = 0, result = 0;
    if (sscanf(argument, "%d,%d,%4095s", &files, &mebibytes, folder) != 3) return EINVAL;
    memset(block, 'x', sizeof block);
    for (int i = 0; i < files && result == 0; i++) {
        snprintf(path, sizeof path, "%s/probe-unnamed-%d", folder, i);
        int file = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
        if (file < 0) return errno;
        unlink(path);
        for (int j = 0; j < mebibytes && result == 0; j++)
            result = write(file, block, sizeof block) < 0 ? errno : 0;
    }
    sleep(3);
    return result;
}

/// "ONE,OTHER,COUNT": lets two names change places, again and again.
static int swap_names(const char *argument) {
    char one[2048], other[2048];
    int count = 0, result = 0;
    if (sscanf(argument, "%2047[^,],%2047[^,],%d", one, other, &count) != 3) return EINVAL;
    for (int i = 0; i < count && result == 0; i++)
        result = errno_of(renameat2(AT_FDCWD, one, AT_FDCWD, other, RENAME_EXCHANGE));
    return result;
}

/// "COUNT,FOLDER": makes empty files, and keeps them.
static int many_files(const char *argument) {
    char folder[4096], path[4200];
    int count = 0;
    if (sscanf(argument, "%d,%4095s", &count, folder) != 2) return EINVAL;
    for (int i = 0; i < count; i++) {
        snprintf(path, sizeof path, "%s/probe-many-%d", folder, i);
        int file = open(path, O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
        if (file < 0) return errno;
        close(file);
    }
    return 0;
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
    {"read-something", read_something},
    {"read-through", read_through},
    {"change-mode", change_mode},
    {"change-times", change_times},
    {"change-owner", change_owner},
    {"change-attribute", change_attribute},
    {"watch-folder", watch_folder},
    {"extra-descriptor", extra_descriptor},
    {"fill-unnamed", fill_unnamed},
    {"many-files", many_files},
    {"swap", swap_names},
    {"descriptor-mode", descriptor_mode},
    {"descriptor-mode-by-name", descriptor_mode_by_name},
    {"descriptor-times", descriptor_times},
    {"descriptor-owner", descriptor_owner},
    {"descriptor-attribute", descriptor_attribute},
    {"descriptor-flags", descriptor_flags},
    {"open-again", open_again},
    {"link-descriptor", link_descriptor},
    {"exchange", exchange_pair},
    {"read-by-descriptor", read_by_descriptor},
    {"read-from-folder", read_from_folder},
    {"give-capability", give_capability},
    {"white-out", white_out},
    {"take-lease", take_lease},
    {"deep-folders", deep_folders},
    {0},
};
