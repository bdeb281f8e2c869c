// csandbox_actions.h — posix_spawn file actions that Swift's Glibc module does not show (GNU extensions).

#ifndef CSANDBOX_ACTIONS_H
#define CSANDBOX_ACTIONS_H

#include <spawn.h>

#pragma clang assume_nonnull begin

/// The child changes to `path` before it executes. 0, or an errno value.
int cs_actions_add_chdir(posix_spawn_file_actions_t *actions, const char *path);

/// The child closes every descriptor from `first` on. 0, or an errno value.
int cs_actions_add_close_from(posix_spawn_file_actions_t *actions, int first);

#pragma clang assume_nonnull end

#endif
