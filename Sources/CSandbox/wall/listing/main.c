// main.c — martlet-filter: prints the system call filter that martlet-wall installs, for auditors and
// tests.
//
//     martlet-filter FLAGS        a number, enum wall_flag; one instruction a line: code, jt, jf, k

#include "../wall.h"
#include <linux/filter.h>
#include <stdio.h>
#include <stdlib.h>

void fail(enum wall_step step, int error, uint32_t index) {
    fprintf(stderr, "martlet-filter: step %d failed with errno %d at %u\n", step, error, index);
    exit(1);
}

int main(int count, char **arguments) {
    static struct sock_filter code[FILTER_LENGTH_MAX];
    if (count != 2) {
        fprintf(stderr, "usage: martlet-filter FLAGS\n");
        return 2;
    }
    unsigned length = write_filter((uint32_t)strtoul(arguments[1], NULL, 0), code);
    for (unsigned i = 0; i < length; i++)
        printf("%u %u %u %u\n", code[i].code, code[i].jt, code[i].jf, code[i].k);
    return 0;
}
