// egress.c — acts of a hostile plugin on what the egress broker gives it.
//
// Each asks the broker for a connection, "PORT" naming where the test's gate shall let it go, and then
// tries to do with it what was not granted.

#define _GNU_SOURCE
#include "probe.h"
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

enum { BROKER = 7 };

/// Sends a packet with `count` descriptors attached, each a copy of standard error.
static int announce(const char *packet, unsigned count) {
    struct iovec part = {(void *)packet, strlen(packet)};
    union {
        char bytes[CMSG_SPACE(16 * sizeof(int))];
        struct cmsghdr header;
    } control = {0};
    struct msghdr message = {.msg_iov = &part, .msg_iovlen = 1};
    if (count > 0) {
        int descriptors[16];
        for (unsigned i = 0; i < count; i++) descriptors[i] = 2;
        message.msg_control = control.bytes;
        message.msg_controllen = CMSG_SPACE(count * sizeof(int));
        struct cmsghdr *header = CMSG_FIRSTHDR(&message);
        header->cmsg_level = SOL_SOCKET;
        header->cmsg_type = SCM_RIGHTS;
        header->cmsg_len = CMSG_LEN(count * sizeof(int));
        memcpy(CMSG_DATA(header), descriptors, count * sizeof(int));
    }
    return errno_of(sendmsg(BROKER, &message, MSG_NOSIGNAL));
}

/// Takes an answer. Returns the connection, or -1 with errno set: EACCES where the broker refuses.
static int take(void) {
    char text[20000];
    struct iovec part = {text, sizeof text - 1};
    union {
        char bytes[CMSG_SPACE(sizeof(int))];
        struct cmsghdr header;
    } control;
    struct msghdr message = {.msg_iov = &part, .msg_iovlen = 1, .msg_control = control.bytes,
                             .msg_controllen = sizeof control.bytes};
    ssize_t count = recvmsg(BROKER, &message, MSG_CMSG_CLOEXEC);
    if (count < 0) return -1;
    errno = count == 0 ? EPIPE : EACCES;
    struct cmsghdr *header = CMSG_FIRSTHDR(&message);
    if (count == 0 || header == NULL) return -1;
    int connection;
    memcpy(&connection, CMSG_DATA(header), sizeof connection);
    return connection;
}

static int connection_to(const char *port, unsigned descriptors) {
    char packet[256];
    snprintf(packet, sizeof packet,
             "{\"fetch\":1,\"url\":\"http://127.0.0.1:%s/\",\"method\":\"GET\",\"hop\":0,"
             "\"purpose\":\"page\"}", port);
    int error = announce(packet, descriptors);
    if (error != 0) {
        errno = error;
        return -1;
    }
    return take();
}

/// 0 where the server at the other end is still the one that greets with "granted".
static int is_granted(int connection) {
    char text[8] = "";
    struct pollfd ready = {.fd = connection, .events = POLLIN};
    if (poll(&ready, 1, 3000) != 1) return ETIMEDOUT;
    if (recv(connection, text, 7, MSG_WAITALL) != 7) return ECONNRESET;
    return memcmp(text, "granted", 7) == 0 ? 0 : EXDEV;
}

/// A connection, and that it works.
static int egress(const char *port) {
    int connection = connection_to(port, 0);
    return connection < 0 ? errno : is_granted(connection);
}

/// "PORT,OTHER": aims the connection to PORT at OTHER, in every way that there is. 0 where one of them
/// reached it.
static int egress_aim(const char *argument) {
    int connection = connection_to(argument, 0);
    if (connection < 0) return errno;
    const char *other = strchr(argument, ',');
    struct sockaddr none = {.sa_family = AF_UNSPEC};
    struct sockaddr_in target = {.sin_family = AF_INET,
                                 .sin_port = htons((uint16_t)atoi(other ? other + 1 : "0")),
                                 .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    // The filter says that these succeed; what counts is who answers then.
    connect(connection, &none, sizeof none);
    connect(connection, (struct sockaddr *)&target, sizeof target);
    int result = is_granted(connection);
    if (result != 0) return result == EXDEV ? 0 : result;
    if (sendto(connection, "x", 1, MSG_NOSIGNAL, (struct sockaddr *)&target, sizeof target) == 1)
        return is_granted(connection) == EXDEV ? 0 : EISCONN;
    return errno;
}

/// Whether what came along is a socket of the network at all.
static int egress_family(const char *port) {
    int connection = connection_to(port, 0);
    if (connection < 0) return errno;
    int family = 0;
    socklen_t size = sizeof family;
    if (getsockopt(connection, SOL_SOCKET, SO_DOMAIN, &family, &size) != 0) return errno;
    return family == AF_UNIX ? EAFNOSUPPORT : 0;
}

/// Sends more descriptors to the host than it should keep.
static int egress_descriptors(const char *port) {
    int connection = connection_to(port, 16);
    return connection < 0 ? errno : is_granted(connection);
}

/// Dials past the broker.
static int egress_dial(const char *port) {
    struct sockaddr_in target = {.sin_family = AF_INET, .sin_port = htons((uint16_t)atoi(port)),
                                 .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    int number = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (number < 0) return errno;
    return errno_of(connect(number, (struct sockaddr *)&target, sizeof target));
}

/// Connects its own pair to a socket of the host, by its path or abstract name ("@…").
static int egress_pair(const char *name) {
    int ends[2];
    if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends) != 0) return errno;
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    strncpy(address.sun_path, name, sizeof address.sun_path - 1);
    if (name[0] == '@') address.sun_path[0] = 0;
    connect(ends[0], (struct sockaddr *)&address, sizeof address);
    // Where it stayed what it was, its other end hears it.
    char byte;
    if (send(ends[0], "x", 1, MSG_NOSIGNAL) != 1) return errno;
    return recv(ends[1], &byte, 1, MSG_DONTWAIT) == 1 ? EISCONN : 0;
}

/// Takes all that comes, for as long as it comes.
static int egress_take(const char *port) {
    int connection = connection_to(port, 0);
    if (connection < 0) return errno;
    static char bytes[65536];
    long long sum = 0;
    for (ssize_t count; (count = read(connection, bytes, sizeof bytes)) > 0;) sum += count;
    printf("took %lld\n", sum);
    return EPIPE;
}

/// Holds a connection, and a child that outlives the command holds it too.
static int egress_outlive(const char *port) {
    int connection = connection_to(port, 0);
    if (connection < 0) return errno;
    pid_t child = fork();
    if (child < 0) return errno;
    if (child == 0) {
        setsid();
        while (write(connection, "x", 1) == 1) usleep(10000);
        for (;;) pause();
    }
    return 0;
}

const struct act egress_acts[] = {
    {"egress", egress},
    {"egress-aim", egress_aim},
    {"egress-family", egress_family},
    {"egress-descriptors", egress_descriptors},
    {"egress-dial", egress_dial},
    {"egress-pair", egress_pair},
    {"egress-take", egress_take},
    {"egress-outlive", egress_outlive},
    {0},
};
