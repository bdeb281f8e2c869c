// root.c — a root folder made of what was granted, and of nothing else.
//
// Everything that is granted is copied as a detached mount first, while the host's files are still
// in sight. Then one small tmpfs becomes the new root; its folder /tmp is mounted once more on top
// of itself, writable, while the rest becomes read-only. So one file system serves for the root,
// /tmp and shared memory, which costs one superblock instead of three.

#define _GNU_SOURCE
#include "kernel.h"
#include "wall.h"
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>

/// File systems of the new root that this file makes itself.
struct made {
    int root, proc;
    /// The device of the root's tmpfs: only there are mount points created.
    dev_t device;
    /// The folder that `enter_parent` found last. Neighbours follow each other.
    const char *last_path;
    size_t last_length;
    int last_folder;
};

static int clone_tree(int folder, const char *path, unsigned flags) {
    flags |= K_OPEN_TREE_CLONE | K_OPEN_TREE_CLOEXEC;
    return (int)syscall(SYS_open_tree, folder, path, flags);
}

static int set_attributes(int mount, uint64_t attributes, unsigned flags) {
    struct k_mount_attr request = {.set = attributes};
    return (int)syscall(SYS_mount_setattr, mount, "", AT_EMPTY_PATH | flags, &request, sizeof request);
}

static int place(int mount, int folder, const char *path) {
    unsigned flags = K_MOVE_MOUNT_F_EMPTY_PATH | (*path == 0 ? K_MOVE_MOUNT_T_EMPTY_PATH : 0);
    return (int)syscall(SYS_move_mount, mount, "", folder, path, flags);
}

/// A detached copy of the granted source. The host looked at the source before and says which
/// object it saw; if the path leads to another by now, this fails.
static int copy_source(const struct mount_order *order) {
    // Made when it is placed.
    if (order->flags & WALL_MOUNT_EMPTY) return -1;
    bool file = order->flags & (WALL_MOUNT_FILE | WALL_MOUNT_DEVICE);
    int tree = clone_tree(AT_FDCWD, order->source, AT_SYMLINK_NOFOLLOW | (file ? 0 : K_AT_RECURSIVE));
    if (tree < 0) fail(WALL_STEP_SOURCE, errno, order->index);
    struct statx found;
    if (statx(tree, "", AT_EMPTY_PATH, STATX_INO | STATX_TYPE, &found) != 0)
        fail(WALL_STEP_SOURCE, errno, order->index);
    uint64_t device = (uint64_t)found.stx_dev_major << 32 | found.stx_dev_minor;
    if (device != order->device || found.stx_ino != order->inode)
        fail(WALL_STEP_SOURCE, ESTALE, order->index);
    if (S_ISDIR(found.stx_mode) == file) fail(WALL_STEP_SOURCE, ENOTDIR, order->index);
    // A device cannot do its work under NODEV, and reads and writes of it never touch the mount.
    if (order->flags & WALL_MOUNT_DEVICE) return tree;
    uint64_t attributes = K_MOUNT_ATTR_NOSUID | K_MOUNT_ATTR_NODEV;
    if (!(order->flags & WALL_MOUNT_WRITE)) attributes |= K_MOUNT_ATTR_RDONLY;
    if (order->flags & WALL_MOUNT_NO_EXECUTE) attributes |= K_MOUNT_ATTR_NOEXEC;
    if (set_attributes(tree, attributes, K_AT_RECURSIVE) != 0)
        fail(WALL_STEP_SOURCE, errno, order->index);
    return tree;
}

static void configure(int context, const char *key, const char *value, enum wall_step step) {
    if (syscall(SYS_fsconfig, context, K_FSCONFIG_SET_STRING, key, value, 0) != 0)
        fail(step, errno, 0);
}

static int mount_context(int context, uint64_t attributes, enum wall_step step) {
    if (syscall(SYS_fsconfig, context, K_FSCONFIG_CMD_CREATE, NULL, NULL, 0) != 0)
        fail(step, errno, 0);
    int mount = (int)syscall(SYS_fsmount, context, K_FSMOUNT_CLOEXEC, attributes);
    if (mount < 0) fail(step, errno, 0);
    close(context);
    return mount;
}

/// A /proc of this process namespace, without the files that describe the machine.
static int make_proc(void) {
    int context = (int)syscall(SYS_fsopen, "proc", K_FSOPEN_CLOEXEC);
    if (context < 0) fail(WALL_STEP_PROC, errno, 0);
    configure(context, "subset", "pid", WALL_STEP_PROC);
    configure(context, "hidepid", "invisible", WALL_STEP_PROC);
    return mount_context(
        context, K_MOUNT_ATTR_NOSUID | K_MOUNT_ATTR_NODEV | K_MOUNT_ATTR_NOEXEC, WALL_STEP_PROC);
}

static int make_tmpfs(const struct specification *spec) {
    char text[32];
    int context = (int)syscall(SYS_fsopen, "tmpfs", K_FSOPEN_CLOEXEC);
    if (context < 0) fail(WALL_STEP_ROOT, errno, 0);
    snprintf(text, sizeof text, "%llu", (unsigned long long)spec->scratch_bytes);
    configure(context, "size", text, WALL_STEP_ROOT);
    snprintf(text, sizeof text, "%llu", (unsigned long long)spec->scratch_inodes);
    configure(context, "nr_inodes", text, WALL_STEP_ROOT);
    configure(context, "mode", "755", WALL_STEP_ROOT);
    return mount_context(context, K_MOUNT_ATTR_NOSUID | K_MOUNT_ATTR_NODEV, WALL_STEP_ROOT);
}

/// Goes from `folder` to its part `name`, making it where the folder belongs to the new root.
/// Takes `folder` over.
static int enter(const struct made *made, int folder, const char *name, uint32_t index) {
    int next = openat(folder, name, O_PATH | O_NOFOLLOW | O_DIRECTORY | O_CLOEXEC);
    if (next < 0 && errno == ENOENT) {
        struct stat status;
        if (fstat(folder, &status) != 0) fail(WALL_STEP_PLACE, errno, index);
        // Making it there would change a folder of the host.
        if (status.st_dev != made->device) fail(WALL_STEP_PLACE, ENOENT, index);
        if (mkdirat(folder, name, 0755) != 0) fail(WALL_STEP_PLACE, errno, index);
        next = openat(folder, name, O_PATH | O_NOFOLLOW | O_DIRECTORY | O_CLOEXEC);
    }
    if (next < 0) fail(WALL_STEP_PLACE, errno, index);
    close(folder);
    return next;
}

static int walk_to(const struct made *made, const char *path, size_t length, uint32_t index) {
    int folder = openat(made->root, ".", O_PATH | O_DIRECTORY | O_CLOEXEC);
    if (folder < 0) fail(WALL_STEP_PLACE, errno, index);
    for (size_t at = 1; at < length;) {
        char name[256];
        size_t count = strcspn(path + at, "/");
        if (count >= sizeof name) fail(WALL_STEP_PLACE, ENAMETOOLONG, index);
        memcpy(name, path + at, count);
        name[count] = 0;
        folder = enter(made, folder, name, index);
        at += count + 1;
    }
    return folder;
}

/// The folder that holds the last part of `path`; `*last` is set to that part. It stays open until
/// another is asked for.
static int enter_parent(struct made *made, const char *path, const char **last, uint32_t index) {
    size_t length = (size_t)(strrchr(path, '/') - path);
    *last = path + length + 1;
    if (length == 0) return made->root;
    if (made->last_path != NULL && made->last_length == length
        && memcmp(made->last_path, path, length) == 0)
        return made->last_folder;
    if (made->last_path != NULL) close(made->last_folder);
    made->last_folder = walk_to(made, path, length, index);
    made->last_path = path;
    made->last_length = length;
    return made->last_folder;
}

static void write_file(int folder, const char *name, const struct item_order *item) {
    int file = openat(folder, name, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0644);
    if (file < 0) fail(WALL_STEP_FILES, errno, item->index);
    for (uint32_t written = 0; written < item->count;) {
        ssize_t count = write(file, item->bytes + written, item->count - written);
        if (count <= 0) fail(WALL_STEP_FILES, errno, item->index);
        written += (uint32_t)count;
    }
    close(file);
}

/// The file `name` of `folder`, made where the folder belongs to the new root.
static int enter_file(const struct made *made, int folder, const char *name, uint32_t index) {
    struct stat status;
    int file = openat(folder, name, O_PATH | O_NOFOLLOW | O_CLOEXEC);
    if (file < 0) {
        if (fstat(folder, &status) != 0) fail(WALL_STEP_PLACE, errno, index);
        if (status.st_dev != made->device) fail(WALL_STEP_PLACE, ENOENT, index);
        if (mknodat(folder, name, S_IFREG | 0644, 0) != 0) fail(WALL_STEP_PLACE, errno, index);
        file = openat(folder, name, O_PATH | O_NOFOLLOW | O_CLOEXEC);
    }
    if (file < 0 || fstat(file, &status) != 0) fail(WALL_STEP_PLACE, errno, index);
    if (S_ISLNK(status.st_mode)) fail(WALL_STEP_PLACE, ELOOP, index);
    return file;
}

/// Where an empty file and an empty folder lie until every mount is placed.
static const char nothing[] = ".nothing", no_file[] = ".nothing/file", no_folder[] = ".nothing/folder";

static void make_nothing(const struct made *made) {
    if (mkdirat(made->root, nothing, 0700) != 0 || mkdirat(made->root, no_folder, 0555) != 0
        || mknodat(made->root, no_file, S_IFREG | 0444, 0) != 0)
        fail(WALL_STEP_ROOT, errno, 0);
}

/// What was mounted elsewhere stays there.
static void remove_nothing(const struct made *made) {
    if (unlinkat(made->root, no_file, 0) != 0 || unlinkat(made->root, no_folder, AT_REMOVEDIR) != 0
        || unlinkat(made->root, nothing, AT_REMOVEDIR) != 0)
        fail(WALL_STEP_ROOT, errno, 0);
}

static int copy_nothing(const struct made *made, const struct mount_order *order) {
    bool file = order->flags & WALL_MOUNT_FILE;
    int tree = clone_tree(made->root, file ? no_file : no_folder, AT_SYMLINK_NOFOLLOW);
    uint64_t attributes =
        K_MOUNT_ATTR_NOSUID | K_MOUNT_ATTR_NODEV | K_MOUNT_ATTR_RDONLY | K_MOUNT_ATTR_NOEXEC;
    if (tree < 0 || set_attributes(tree, attributes, 0) != 0) fail(WALL_STEP_SOURCE, errno, order->index);
    return tree;
}

static void place_mount(struct made *made, const struct mount_order *order, int tree) {
    const char *last;
    if (order->flags & WALL_MOUNT_EMPTY) tree = copy_nothing(made, order);
    int parent = enter_parent(made, order->target, &last, order->index), target;
    if (order->flags & (WALL_MOUNT_FILE | WALL_MOUNT_DEVICE)) {
        target = enter_file(made, parent, last, order->index);
    } else {
        // `enter` takes its folder over, and this one is kept.
        parent = openat(parent, ".", O_PATH | O_DIRECTORY | O_CLOEXEC);
        if (parent < 0) fail(WALL_STEP_PLACE, errno, order->index);
        target = enter(made, parent, last, order->index);
    }
    if (place(tree, target, "") != 0) fail(WALL_STEP_PLACE, errno, order->index);
    close(target);
    close(tree);
    // What was found before may be covered now.
    if (made->last_path != NULL && !(order->flags & (WALL_MOUNT_FILE | WALL_MOUNT_DEVICE))) {
        close(made->last_folder);
        made->last_path = NULL;
    }
}

static void place_items(const struct specification *spec, struct made *made) {
    for (unsigned i = 0; i < spec->item_count; i++) {
        const struct item_order *item = &spec->items[i];
        const char *last;
        int folder = enter_parent(made, item->path, &last, item->index);
        if (!item->link)
            write_file(folder, last, item);
        else if (symlinkat(item->bytes, folder, last) != 0)
            fail(WALL_STEP_FILES, errno, item->index);
    }
}

/// /tmp, and in it what programs expect to find at /dev/shm.
static void place_scratch(const struct made *made) {
    if (mkdirat(made->root, "tmp", 0700) != 0 || mkdirat(made->root, "tmp/.shm", 0700) != 0)
        fail(WALL_STEP_ROOT, errno, 0);
    // The mode given to mkdir is cut by the umask.
    if (fchmodat(made->root, "tmp", 01777, 0) != 0 || fchmodat(made->root, "tmp/.shm", 01777, 0) != 0)
        fail(WALL_STEP_ROOT, errno, 0);
    int tree = clone_tree(made->root, "tmp", 0);
    if (tree < 0 || place(tree, made->root, "tmp") != 0) fail(WALL_STEP_ROOT, errno, 0);
    close(tree);
}

/// Swaps the root folder and lets go of the old one.
static void pivot(const struct specification *spec, struct made *made) {
    if (made->last_path != NULL) close(made->last_folder);
    if (set_attributes(made->root, K_MOUNT_ATTR_RDONLY, 0) != 0) fail(WALL_STEP_PIVOT, errno, 0);
    if (fchdir(made->root) != 0) fail(WALL_STEP_PIVOT, errno, 0);
    if (syscall(SYS_pivot_root, ".", ".") != 0) fail(WALL_STEP_PIVOT, errno, 0);
    // Both roots are at "." now, the old one on top.
    if (umount2(".", MNT_DETACH) != 0) fail(WALL_STEP_PIVOT, errno, 0);
    if (chdir("/") != 0) fail(WALL_STEP_PIVOT, errno, 0);
    close(made->root);
    done(spec, WALL_STEP_PIVOT);
}

void build_root(const struct specification *spec) {
    int trees[MOUNT_COUNT_MAX];
    struct made made = {.proc = -1};
    if (mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) != 0) fail(WALL_STEP_PRIVATE, errno, 0);
    done(spec, WALL_STEP_PRIVATE);
    for (unsigned i = 0; i < spec->mount_count; i++) trees[i] = copy_source(&spec->mounts[i]);
    done(spec, WALL_STEP_SOURCE);
    if (spec->flags & WALL_FLAG_PROC) {
        made.proc = make_proc();
        done(spec, WALL_STEP_PROC);
    }
    made.root = make_tmpfs(spec);
    struct stat status;
    if (fstat(made.root, &status) != 0) fail(WALL_STEP_ROOT, errno, 0);
    made.device = status.st_dev;
    // Any folder serves to hang the new root in the tree; the identity maps were written through
    // /proc, so that one exists. The host's mounts were copied above, so it may be covered.
    if (place(made.root, AT_FDCWD, "/proc") != 0) fail(WALL_STEP_ROOT, errno, 0);
    mode_t mask = umask(022);
    place_scratch(&made);
    done(spec, WALL_STEP_ROOT);
    if (made.proc >= 0) {
        if (mkdirat(made.root, "proc", 0555) != 0 || place(made.proc, made.root, "proc") != 0)
            fail(WALL_STEP_PROC, errno, 0);
        close(made.proc);
    }
    // Before the mounts, so that no file can come to lie in a folder of the host.
    place_items(spec, &made);
    done(spec, WALL_STEP_FILES);
    bool hides = false;
    for (unsigned i = 0; i < spec->mount_count; i++) hides |= spec->mounts[i].flags & WALL_MOUNT_EMPTY;
    if (hides) make_nothing(&made);
    for (unsigned i = 0; i < spec->mount_count; i++) place_mount(&made, &spec->mounts[i], trees[i]);
    if (hides) remove_nothing(&made);
    done(spec, WALL_STEP_PLACE);
    umask(mask);
    pivot(spec, &made);
}
