// main.c — martlet-wall: checks how it was started, takes on the right identity, builds the tier.

#define _GNU_SOURCE
#include "kernel.h"
#include "wall.h"
#include <errno.h>
#include <grp.h>
#include <limits.h>
#include <string.h>
#include <sys/auxv.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>

static const char advice[] =
    "martlet-wall is a part of martlet and is started by it. Try: martlet sandbox run\n";

/// Started by hand there is no channel to report into.
static bool has_channel(void) {
    int type = 0;
    socklen_t size = sizeof type;
    return getsockopt(WALL_CHANNEL, SOL_SOCKET, SO_TYPE, &type, &size) == 0
        && type == SOCK_SEQPACKET;
}

/// Becomes the user that the command is to run as. Only root can become another.
static void take_identity(const struct specification *spec) {
    bool root = getuid() == 0;
    if (!root && (spec->outer_user != getuid() || spec->outer_group != getgid()))
        fail(WALL_STEP_IDENTITY, EPERM, 0);
    // Inside, 0 would be a user that programs, and some files of the kernel, take for root.
    if (spec->inner_user == 0 || spec->inner_group == 0) fail(WALL_STEP_IDENTITY, EINVAL, 0);
    if (!root) return;
    gid_t group = spec->outer_group;
    uid_t user = spec->outer_user;
    // In a namespace that forbids it, root keeps its groups as any user does who starts a command.
    if (setgroups(0, NULL) != 0 && (errno != EPERM || user != 0))
        fail(WALL_STEP_IDENTITY, errno, 0);
    if (setresgid(group, group, group) != 0) fail(WALL_STEP_IDENTITY, errno, 0);
    if (setresuid(user, user, user) != 0) fail(WALL_STEP_IDENTITY, errno, 0);
    if (user != 0) {
        if (setresuid((uid_t)-1, 0, (uid_t)-1) == 0) fail(WALL_STEP_IDENTITY, EPERM, 0);
        // Changing the user took the files in /proc/self away, which the identity maps need.
        if (prctl(PR_SET_DUMPABLE, 1) != 0) fail(WALL_STEP_IDENTITY, errno, 0);
    }
}

/// Puts the broker's channel where the command looks for it. Returns the first number after those
/// that are kept.
static unsigned place_broker(const struct specification *spec) {
    unsigned given = WALL_CGROUP + spec->cgroup_count;
    if (!(spec->flags & WALL_FLAG_BROKER)) return given;
    if (given != WALL_BROKER) {
        if (dup2((int)given, WALL_BROKER) < 0) fail(WALL_STEP_SPECIFICATION, errno, 0);
        for (unsigned i = given; i < WALL_BROKER; i++) close((int)i);
    }
    return WALL_BROKER + 1;
}

int main(void) {
    if (!has_channel()) {
        if (write(2, advice, sizeof advice - 1) < 0) return 125;
        return 126;
    }
    start_clock();
    if (getauxval(AT_SECURE) != 0 || geteuid() != getuid() || getegid() != getgid())
        fail(WALL_STEP_IDENTITY, EPERM, 0);
    const struct specification *spec = read_specification();
    unsigned first_free = place_broker(spec);
    if (syscall(SYS_close_range, first_free, UINT_MAX, 0) != 0)
        fail(WALL_STEP_SPECIFICATION, errno, 0);
    done(spec, WALL_STEP_SPECIFICATION);
    umask(077);
    // Whoever watches may go before others; what is watched does not.
    if (getpriority(PRIO_PROCESS, 0) < 0) setpriority(PRIO_PROCESS, 0, 0);
    if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0) fail(WALL_STEP_IDENTITY, errno, 0);
    take_identity(spec);
    done(spec, WALL_STEP_IDENTITY);
    if (spec->flags & WALL_FLAG_LANDLOCK_TIER)
        run_landlock_tier(spec);
    else
        run_full_tier(spec);
    return 0;
}
