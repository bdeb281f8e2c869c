// run.c — the last steps of the command's own process: limits, Landlock, filter, command.

#define _GNU_SOURCE
#include "wall.h"
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static const char *variable(const struct specification *spec, const char *name) {
    size_t length = strlen(name);
    for (unsigned i = 0; i < spec->variable_count; i++) {
        const char *text = spec->variables[i];
        if (strncmp(text, name, length) == 0 && text[length] == '=') return text + length + 1;
    }
    return NULL;
}

static void try_execute(const struct specification *spec, const char *path) {
    execve(path, spec->arguments, spec->variables);
}

/// Looks the program up in PATH as a shell does: a file that may not be executed is remembered, and
/// the search goes on.
static int search_path(const struct specification *spec, const char *name) {
    const char *path = variable(spec, "PATH");
    int error = ENOENT;
    while (path != NULL && *path != 0) {
        size_t length = strcspn(path, ":");
        char candidate[4096];
        int count = snprintf(candidate, sizeof candidate, "%.*s/%s", (int)length, path, name);
        if (*path == '/' && count > 0 && (size_t)count < sizeof candidate) {
            try_execute(spec, candidate);
            if (errno != ENOENT && errno != ENOTDIR) error = errno;
        }
        path += length;
        if (*path == ':') path++;
    }
    return error;
}

void become_command(const struct specification *spec, uint32_t layers) {
    // A session of its own: no terminal, and a group that signals can be sent to.
    setsid();
    umask(022);
    set_limits(spec);
    done(spec, WALL_STEP_LIMITS);
    if (chdir(spec->folder) != 0) fail(WALL_STEP_FOLDER, errno, 0);
    done(spec, WALL_STEP_FOLDER);
    int abi = confine_files(spec);
    done(spec, WALL_STEP_LANDLOCK);
    if (fcntl(WALL_CHANNEL, F_SETFD, FD_CLOEXEC) != 0) fail(WALL_STEP_EXECUTE, errno, 0);
    filter_command(spec);
    done(spec, WALL_STEP_FILTER);
    layers |= WALL_LAYER_LIMITS | WALL_LAYER_FILTER | (abi > 0 ? WALL_LAYER_LANDLOCK : 0);
    say_ready(layers, abi);
    const char *program = spec->arguments[0];
    int error;
    if (strchr(program, '/') != NULL) {
        try_execute(spec, program);
        error = errno;
    } else {
        error = search_path(spec, program);
    }
    fail(WALL_STEP_EXECUTE, error, 0);
}
