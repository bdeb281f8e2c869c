// delegate.c — calls that the watcher of the Landlock tier makes in the command's place.
//
// Landlock judges who may read, write, make and remove files, but not who may change their modes and
// times: without more, a walled command could open a file of the user's to all the world, also one that
// it may only read. So the filter hands these calls to the watcher. It opens what the path or the
// descriptor leads to, looks where that lies, and changes it through the open descriptor if that is
// beneath a folder that the command may write; nothing that the caller changes meanwhile can aim it
// elsewhere, because what lies outside cannot be moved inside.

#define _GNU_SOURCE
#include "kernel.h"
#include "wall.h"
#include <errno.h>
#include <fcntl.h>
#include <linux/seccomp.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <sys/uio.h>

enum { PATH_BYTES = 4096, PAGE_BYTES = 4096 };

/// Copies up to `count` bytes of another process; returns how many came.
static size_t read_memory(pid_t pid, uint64_t address, void *bytes, size_t count) {
    size_t first = PAGE_BYTES - (size_t)(address % PAGE_BYTES);
    if (first > count) first = count;
    struct iovec here = {bytes, count};
    // In two parts, since the second page may not be there.
    struct iovec there[2] = {{(void *)(uintptr_t)address, first},
                             {(void *)(uintptr_t)(address + first), count - first}};
    ssize_t got = process_vm_readv(pid, &here, 1, there, 2, 0);
    return got < 0 ? 0 : (size_t)got;
}

/// The path at `address`, or an errno value.
static int read_path(pid_t pid, uint64_t address, char path[PATH_BYTES]) {
    size_t count = read_memory(pid, address, path, PATH_BYTES);
    if (count == 0) return EFAULT;
    if (memchr(path, 0, count) == NULL) return count < PATH_BYTES ? EFAULT : ENAMETOOLONG;
    return 0;
}

/// The folder from which the process walks a path; O_PATH.
static int open_start(pid_t pid, int folder) {
    char link[64];
    if (folder == AT_FDCWD)
        snprintf(link, sizeof link, "/proc/%d/cwd", pid);
    else
        snprintf(link, sizeof link, "/proc/%d/fd/%d", pid, folder);
    return open(link, O_PATH | O_CLOEXEC);
}

/// What the path leads to, as the process would find it; O_PATH. -1 with errno.
static int open_object(pid_t pid, int folder, const char *path, int flags) {
    if (path[0] == 0 && !(flags & AT_EMPTY_PATH)) {
        errno = ENOENT;
        return -1;
    }
    int start = path[0] == '/' ? AT_FDCWD : open_start(pid, folder);
    if (start == -1 || path[0] == 0) return start;
    // Links of /proc would lead to this process's own files.
    struct k_open_how how = {.flags = O_PATH | O_CLOEXEC, .resolve = K_RESOLVE_NO_MAGICLINKS};
    if (flags & AT_SYMLINK_NOFOLLOW) how.flags |= O_NOFOLLOW;
    int object = (int)syscall(SYS_openat2, start, path, &how, sizeof how);
    int error = errno;
    if (start >= 0) close(start);
    errno = error;
    return object;
}

/// Whether the open object lies in, or is, a folder that the command may write.
static bool is_writable(const struct specification *spec, int object) {
    char link[64], place[PATH_BYTES];
    snprintf(link, sizeof link, "/proc/self/fd/%d", object);
    ssize_t count = readlink(link, place, sizeof place - 1);
    if (count <= 0) return false;
    place[count] = 0;
    for (unsigned i = 0; i < spec->mount_count; i++) {
        const struct mount_order *order = &spec->mounts[i];
        size_t length = strlen(order->source);
        if (!(order->flags & WALL_MOUNT_WRITE) || order->flags & WALL_MOUNT_DEVICE) continue;
        if (strncmp(place, order->source, length) == 0 && (place[length] == 0 || place[length] == '/'))
            return true;
    }
    return false;
}

static int change_mode(int object, mode_t mode) {
    char link[64];
    if (mode & (S_ISUID | S_ISGID)) return EPERM;
    snprintf(link, sizeof link, "/proc/self/fd/%d", object);
    return chmod(link, mode & 07777) == 0 ? 0 : errno;
}

static int change_times(pid_t pid, int object, uint64_t address) {
    struct timespec times[2];
    if (address != 0 && read_memory(pid, address, times, sizeof times) != sizeof times) return EFAULT;
    return utimensat(object, "", address == 0 ? NULL : times, AT_EMPTY_PATH) == 0 ? 0 : errno;
}

/// One call's arguments, whichever call it is.
struct wish {
    int folder, flags;
    /// A path of 0 stands for the descriptor `folder` itself.
    uint64_t path, times;
    mode_t mode;
    bool about_times;
};

static bool understand(const struct seccomp_data *call, struct wish *wish) {
    const uint64_t *arguments = (const uint64_t *)call->args;
    *wish = (struct wish){.folder = (int)arguments[0], .path = arguments[1]};
    switch (call->nr) {
#if defined __x86_64__
    case SYS_chmod:
        *wish = (struct wish){.folder = AT_FDCWD, .path = arguments[0], .mode = (mode_t)arguments[1]};
        return true;
#endif
    case SYS_fchmod:
        *wish = (struct wish){.folder = (int)arguments[0], .mode = (mode_t)arguments[1]};
        return true;
    case SYS_fchmodat: wish->mode = (mode_t)arguments[2]; return true;
    case 452: // fchmodat2
        wish->mode = (mode_t)arguments[2];
        wish->flags = (int)arguments[3];
        return true;
    case SYS_utimensat:
        wish->about_times = true;
        wish->times = arguments[2];
        wish->flags = (int)arguments[3];
        return true;
    default: return false;
    }
}

/// Returns an errno value, 0 where it was done.
static int fulfil(const struct seccomp_notif *request, int listener, const struct specification *spec) {
    struct wish wish;
    char path[PATH_BYTES];
    pid_t pid = (pid_t)request->pid;
    if (!understand(&request->data, &wish)) return ENOSYS;
    if (wish.flags & ~(AT_SYMLINK_NOFOLLOW | AT_EMPTY_PATH)) return EINVAL;
    int error = 0;
    if (wish.path == 0) {
        if (wish.folder < 0) return wish.folder == AT_FDCWD ? EFAULT : EBADF;
        path[0] = 0;
        wish.flags |= AT_EMPTY_PATH;
    } else {
        error = read_path(pid, wish.path, path);
    }
    if (error != 0) return error;
    int object = open_object(pid, wish.folder, path, wish.flags);
    if (object < 0) return errno;
    // The caller may be gone, and another process have its number.
    if (ioctl(listener, SECCOMP_IOCTL_NOTIF_ID_VALID, &request->id) != 0)
        error = ESRCH;
    else if (!is_writable(spec, object))
        error = EACCES;
    else if (wish.about_times)
        error = change_times(pid, object, wish.times);
    else
        error = change_mode(object, wish.mode);
    close(object);
    return error;
}

void answer_delegate(int listener, const struct specification *spec) {
    struct seccomp_notif request = {0};
    if (ioctl(listener, SECCOMP_IOCTL_NOTIF_RECV, &request) != 0) return;
    struct seccomp_notif_resp response = {.id = request.id};
    response.error = -fulfil(&request, listener, spec);
    ioctl(listener, SECCOMP_IOCTL_NOTIF_SEND, &response);
}
