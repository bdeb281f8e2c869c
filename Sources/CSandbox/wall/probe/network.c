// network.c — acts on sockets.

#define _GNU_SOURCE
#include "probe.h"
#include <arpa/inet.h>
#include <errno.h>
#include <linux/filter.h>
#include <net/if.h>
#include <netinet/in.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

static int made(int family, int type, int protocol) {
    int socket_ = socket(family, type | SOCK_CLOEXEC, protocol);
    if (socket_ < 0) return errno;
    close(socket_);
    return 0;
}

/// "FAMILY,TYPE,PROTOCOL" in numbers.
static int any_socket(const char *argument) {
    int family, type, protocol;
    if (sscanf(argument, "%d,%d,%d", &family, &type, &protocol) != 3) return EINVAL;
    return made(family, type, protocol);
}

static int dial(int type, const struct sockaddr *address, socklen_t size) {
    int socket_ = socket(address->sa_family, type | SOCK_CLOEXEC, 0);
    if (socket_ < 0) return errno;
    int result = errno_of(connect(socket_, address, size));
    if (result == 0 && (type & 0xf) == SOCK_DGRAM) result = errno_of(send(socket_, "x", 1, 0));
    close(socket_);
    return result;
}

static int loopback(int type, const char *port) {
    struct sockaddr_in address = {.sin_family = AF_INET,
                                  .sin_port = htons((uint16_t)atoi(port)),
                                  .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    return dial(type, (struct sockaddr *)&address, sizeof address);
}

static int tcp(const char *port) { return loopback(SOCK_STREAM, port); }
static int udp(const char *port) { return loopback(SOCK_DGRAM, port); }

/// "ADDRESS,PORT": does not wait for an answer.
static int send_to(int type, const char *argument) {
    char text[64];
    unsigned port = 0;
    struct sockaddr_in address = {.sin_family = AF_INET};
    if (sscanf(argument, "%63[^,],%u", text, &port) != 2) return EINVAL;
    address.sin_port = htons((uint16_t)port);
    if (inet_pton(AF_INET, text, &address.sin_addr) != 1) return EINVAL;
    int result = dial(type | SOCK_NONBLOCK, (struct sockaddr *)&address, sizeof address);
    return result == EINPROGRESS ? 0 : result;
}

static int tcp_to(const char *argument) { return send_to(SOCK_STREAM, argument); }
static int udp_to(const char *argument) { return send_to(SOCK_DGRAM, argument); }

static socklen_t unix_address(struct sockaddr_un *address, const char *name) {
    *address = (struct sockaddr_un){.sun_family = AF_UNIX};
    size_t length = strnlen(name, sizeof address->sun_path - 1);
    memcpy(address->sun_path, name, length);
    // A leading "@" stands for the NUL of an abstract name.
    if (name[0] == '@') address->sun_path[0] = 0;
    return (socklen_t)(offsetof(struct sockaddr_un, sun_path) + length + (name[0] != '@'));
}

static int unix_stream(const char *name) {
    struct sockaddr_un address;
    socklen_t size = unix_address(&address, name);
    return dial(SOCK_STREAM, (struct sockaddr *)&address, size);
}

static int unix_datagram(const char *name) {
    struct sockaddr_un address;
    socklen_t size = unix_address(&address, name);
    return dial(SOCK_DGRAM, (struct sockaddr *)&address, size);
}

static int paired(int family, int type) {
    int ends[2];
    if (socketpair(family, type, 0, ends) != 0) return errno;
    close(ends[0]), close(ends[1]);
    return 0;
}

static int stream_pair(const char *argument) {
    (void)argument;
    return paired(AF_UNIX, SOCK_STREAM);
}

static int datagram_pair(const char *argument) {
    (void)argument;
    return paired(AF_UNIX, SOCK_DGRAM);
}

/// Sends through one end of a pair to a third socket, by its name.
static int aim_pair(int type, const char *name) {
    int ends[2];
    struct sockaddr_un address;
    if (socketpair(AF_UNIX, type, 0, ends) != 0) return errno;
    socklen_t size = unix_address(&address, name);
    struct iovec part = {"x", 1};
    struct msghdr message = {
        .msg_name = &address, .msg_namelen = size, .msg_iov = &part, .msg_iovlen = 1};
    int result = errno_of(sendmsg(ends[0], &message, MSG_NOSIGNAL));
    char byte;
    // A sequenced pair ignores the name: then the other end has the byte, and nobody was reached.
    if (result == 0 && recv(ends[1], &byte, 1, MSG_DONTWAIT) == 1) result = EISCONN;
    close(ends[0]), close(ends[1]);
    return result;
}

static int aim_datagram_pair(const char *name) { return aim_pair(SOCK_DGRAM, name); }
static int aim_stream_pair(const char *name) { return aim_pair(SOCK_STREAM, name); }
static int aim_sequenced_pair(const char *name) { return aim_pair(SOCK_SEQPACKET, name); }

/// Asks for the addresses of the machine's interfaces, which a socket of any family answers.
static int ask_interfaces(const char *argument) {
    (void)argument;
    char room[1024];
    int ends[2];
    struct ifconf question = {.ifc_len = sizeof room, .ifc_buf = room};
    if (socketpair(AF_UNIX, SOCK_STREAM, 0, ends) != 0) return errno;
    int result = errno_of(ioctl(ends[0], SIOCGIFCONF, &question));
    close(ends[0]), close(ends[1]);
    return result;
}

/// Has the kernel run a program for the packets of a socket.
static int attach_filter(const char *argument) {
    (void)argument;
    int ends[2];
    struct sock_filter all = {.code = BPF_RET | BPF_K, .k = ~0u};
    struct sock_fprog program = {.len = 1, .filter = &all};
    if (socketpair(AF_UNIX, SOCK_STREAM, 0, ends) != 0) return errno;
    int result = errno_of(
        setsockopt(ends[0], SOL_SOCKET, SO_ATTACH_FILTER, &program, sizeof program));
    close(ends[0]), close(ends[1]);
    return result;
}

const struct act network_acts[] = {
    {"socket", any_socket},
    {"tcp", tcp},
    {"udp", udp},
    {"tcp-to", tcp_to},
    {"udp-to", udp_to},
    {"unix-stream", unix_stream},
    {"unix-datagram", unix_datagram},
    {"stream-pair", stream_pair},
    {"datagram-pair", datagram_pair},
    {"aim-datagram-pair", aim_datagram_pair},
    {"aim-stream-pair", aim_stream_pair},
    {"aim-sequenced-pair", aim_sequenced_pair},
    {"ask-interfaces", ask_interfaces},
    {"attach-filter", attach_filter},
    {0},
};
