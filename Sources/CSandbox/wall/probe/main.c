// main.c — martlet-probe ACT[=ARGUMENT]...: tries each act and prints one line for it:
//
//     ACT[=ARGUMENT] ok | EPERM | SIGSYS
//
// Exits with 0 whatever was refused, 2 where it does not know an act, 9 with "exec" if that returns.

#define _GNU_SOURCE
#include "probe.h"
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

int errno_of(long result) { return result < 0 ? errno : 0; }

static const struct act *find(const char *name, size_t length) {
    const struct act *lists[] = {file_acts, network_acts, egress_acts, process_acts,
                                  kernel_acts};
    for (unsigned i = 0; i < sizeof lists / sizeof *lists; i++)
        for (const struct act *act = lists[i]; act->name != NULL; act++)
            if (strlen(act->name) == length && memcmp(act->name, name, length) == 0) return act;
    return NULL;
}

int main(int count, char **arguments) {
    for (int i = 1; i < count; i++) {
        const char *text = arguments[i];
        size_t length = strcspn(text, "=");
        const struct act *act = find(text, length);
        if (act == NULL) {
            fprintf(stderr, "martlet-probe: no act is called \"%s\"\n", text);
            return 2;
        }
        int result = act->attempt(text[length] == '=' ? text + length + 1 : "");
        if (result == 0)
            printf("%s ok\n", text);
        else if (result < 0)
            printf("%s SIG%s\n", text, sigabbrev_np(-result));
        else
            printf("%s %s\n", text, strerrorname_np(result));
        fflush(stdout);
    }
    return 0;
}
