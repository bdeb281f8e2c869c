// actions.c — see csandbox_actions.h.

#define _GNU_SOURCE
#include "csandbox_actions.h"

int cs_actions_add_chdir(posix_spawn_file_actions_t *actions, const char *path) {
  return posix_spawn_file_actions_addchdir_np(actions, path);
}

int cs_actions_add_close_from(posix_spawn_file_actions_t *actions, int first) {
  return posix_spawn_file_actions_addclosefrom_np(actions, first);
}
