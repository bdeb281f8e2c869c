// specification.c — reads the sealed specification. Every length is checked before it is used, and
// anything unknown is refused: a wall that half understands its orders must not build.

#define _GNU_SOURCE
#include "wall.h"
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

static struct specification spec;
/// The record being read, for error messages.
static uint32_t at;

static _Noreturn void refuse(void) { fail(WALL_STEP_SPECIFICATION, EINVAL, at); }

/// What is left of a payload.
struct rest {
    const char *bytes;
    uint32_t count;
};

static uint64_t take_number(struct rest *rest, uint32_t width) {
    uint64_t value = 0;
    if (rest->count < width) refuse();
    if (width == 4) {
        uint32_t narrow;
        memcpy(&narrow, rest->bytes, 4);
        value = narrow;
    } else {
        memcpy(&value, rest->bytes, 8);
    }
    rest->bytes += width;
    rest->count -= width;
    return value;
}

static const char *take_string(struct rest *rest) {
    const char *end = memchr(rest->bytes, 0, rest->count);
    const char *string = rest->bytes;
    if (end == NULL) refuse();
    rest->count -= (uint32_t)(end + 1 - rest->bytes);
    rest->bytes = end + 1;
    return string;
}

/// An absolute path whose every component is a plain name. "/" is not among them.
static const char *take_path(struct rest *rest) {
    const char *path = take_string(rest);
    if (strlen(path) >= 4096) refuse();
    for (const char *part = path; *part != 0;) {
        if (*part++ != '/') refuse();
        size_t length = strcspn(part, "/");
        if (length == 0 || (length == 1 && part[0] == '.')) refuse();
        if (length == 2 && part[0] == '.' && part[1] == '.') refuse();
        part += length;
    }
    if (*path == 0) refuse();
    return path;
}

static void take_mount(struct rest *rest, uint16_t flags) {
    if (spec.mount_count == MOUNT_COUNT_MAX) refuse();
    struct mount_order *mount = &spec.mounts[spec.mount_count++];
    const uint16_t known =
        WALL_MOUNT_WRITE | WALL_MOUNT_FILE | WALL_MOUNT_DEVICE | WALL_MOUNT_NO_EXECUTE
        | WALL_MOUNT_EMPTY;
    if (flags & ~known) refuse();
    mount->index = at;
    mount->flags = flags;
    mount->device = take_number(rest, 8);
    mount->inode = take_number(rest, 8);
    mount->source = take_path(rest);
    mount->target = take_path(rest);
}

static void take_item(struct rest *rest, bool link) {
    if (spec.item_count == ITEM_COUNT_MAX) refuse();
    struct item_order *item = &spec.items[spec.item_count++];
    item->index = at;
    item->link = link;
    item->path = take_path(rest);
    item->bytes = link ? take_string(rest) : rest->bytes;
    item->count = link ? 0 : rest->count;
    if (!link) rest->count = 0;
}

static void take_limit(struct rest *rest) {
    if (spec.limit_count == LIMIT_COUNT_MAX) refuse();
    struct limit_order *limit = &spec.limits[spec.limit_count++];
    limit->index = at;
    limit->resource = take_number(rest, 8);
    limit->value = take_number(rest, 8);
    if (limit->resource >= RLIM_NLIMITS) refuse();
}

static void take_into(char **strings, unsigned *count, struct rest *rest) {
    if (*count == STRING_COUNT_MAX) refuse();
    strings[(*count)++] = (char *)take_string(rest);
}

static void take_record(uint16_t tag, uint16_t flags, struct rest rest) {
    switch (tag) {
    case WALL_TAG_IDENTITY:
        if (spec.has_identity) refuse();
        spec.has_identity = true;
        spec.outer_user = (uid_t)take_number(&rest, 4);
        spec.outer_group = (gid_t)take_number(&rest, 4);
        spec.inner_user = (uid_t)take_number(&rest, 4);
        spec.inner_group = (gid_t)take_number(&rest, 4);
        break;
    case WALL_TAG_NAME: spec.name = take_string(&rest); break;
    case WALL_TAG_SCRATCH:
        spec.scratch_bytes = take_number(&rest, 8);
        spec.scratch_inodes = take_number(&rest, 8);
        break;
    case WALL_TAG_MOUNT: take_mount(&rest, flags); break;
    case WALL_TAG_LINK: take_item(&rest, true); break;
    case WALL_TAG_FILE: take_item(&rest, false); break;
    case WALL_TAG_LIMIT: take_limit(&rest); break;
    case WALL_TAG_VARIABLE: take_into(spec.variables, &spec.variable_count, &rest); break;
    case WALL_TAG_ARGUMENT: take_into(spec.arguments, &spec.argument_count, &rest); break;
    case WALL_TAG_FOLDER: spec.folder = take_path(&rest); break;
    case WALL_TAG_CGROUP:
        spec.cgroup_count = (unsigned)take_number(&rest, 4);
        if (spec.cgroup_count > WALL_CGROUP_COUNT_MAX) refuse();
        if (spec.flags & WALL_FLAG_CLONE_INTO_CGROUP && spec.cgroup_count != 1) refuse();
        break;
    case WALL_TAG_LANDLOCK:
        spec.landlock_least = (uint32_t)take_number(&rest, 4);
        spec.landlock_index = at;
        break;
    default: refuse();
    }
    if (rest.count != 0) refuse();
}

/// Maps the specification, after making sure that nobody can change it any more.
static const char *map_sealed(uint32_t *count) {
    const int seals = F_SEAL_SEAL | F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_WRITE;
    struct stat status;
    if (fcntl(WALL_SPECIFICATION, F_GET_SEALS) != seals) refuse();
    if (fstat(WALL_SPECIFICATION, &status) != 0) refuse();
    if (status.st_size < 16 || status.st_size > WALL_SPECIFICATION_BYTES_MAX) refuse();
    *count = (uint32_t)status.st_size;
    void *bytes = mmap(NULL, *count, PROT_READ, MAP_PRIVATE, WALL_SPECIFICATION, 0);
    if (bytes == MAP_FAILED) fail(WALL_STEP_SPECIFICATION, errno, 0);
    close(WALL_SPECIFICATION);
    return bytes;
}

const struct specification *read_specification(void) {
    uint32_t count, head[4];
    const char *bytes = map_sealed(&count);
    memcpy(head, bytes, sizeof head);
    if (head[0] != WALL_MAGIC || head[1] != count || head[2] > WALL_RECORD_COUNT_MAX) refuse();
    spec.flags = head[3];
    if (spec.flags & ~(uint32_t)WALL_FLAG_ALL) refuse();
    uint32_t offset = sizeof head;
    for (at = 1; at <= head[2]; at++) {
        uint16_t tag, flags;
        uint32_t length;
        if (count - offset < 8) refuse();
        memcpy(&tag, bytes + offset, 2);
        memcpy(&flags, bytes + offset + 2, 2);
        memcpy(&length, bytes + offset + 4, 4);
        offset += 8;
        // Payloads are padded to 8, and so is the whole.
        uint64_t padded = ((uint64_t)length + 7) & ~(uint64_t)7;
        if (padded > count - offset) refuse();
        take_record(tag, flags, (struct rest){bytes + offset, length});
        offset += (uint32_t)padded;
    }
    at = 0;
    if (offset != count || !spec.has_identity || spec.argument_count == 0) refuse();
    if (spec.folder == NULL || spec.arguments[0][0] == 0) refuse();
    return &spec;
}
