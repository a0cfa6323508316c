/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A virtual machine's end of its network, without the machine:
 *
 *   helper_tap TAP NAMESPACE INTERFACE
 *       makes the device TAP here, holds it, and carries frames between it and an
 *       interface of the network namespace at the path NAMESPACE, whose other end is
 *       the machine's
 *
 * Frames keep the header of virtio, so that checksums and segments left to "hardware"
 * pass as they do between a kernel and a guest.
 */
#include <arpa/inet.h>
#include <err.h>
#include <fcntl.h>
#include <linux/if_ether.h>
#include <linux/if_packet.h>
#include <linux/if_tun.h>
#include <net/if.h>
#include <poll.h>
#include <sched.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

#define FRAME_MAX 70000

static int open_tap(const char *name)
{
	struct ifreq request = {.ifr_flags = IFF_TAP | IFF_NO_PI | IFF_VNET_HDR};
	int fd = open("/dev/net/tun", O_RDWR | O_CLOEXEC);

	snprintf(request.ifr_name, sizeof(request.ifr_name), "%s", name);
	if (fd < 0 || ioctl(fd, TUNSETIFF, &request) < 0)
		err(1, "%s", name);
	return fd;
}

static void enter(int namespace_fd)
{
	if (namespace_fd < 0 || setns(namespace_fd, CLONE_NEWNET) < 0)
		err(1, "the network namespace");
}

static int open_wire(const char *interface)
{
	struct sockaddr_ll address = {.sll_family = AF_PACKET,
				      .sll_protocol = htons(ETH_P_ALL),
				      .sll_ifindex = (int)if_nametoindex(interface)};
	int one = 1, fd = socket(AF_PACKET, SOCK_RAW | SOCK_CLOEXEC, 0);

	if (fd < 0 || !address.sll_ifindex ||
	    setsockopt(fd, SOL_PACKET, PACKET_VNET_HDR, &one, sizeof(one)) < 0 ||
	    setsockopt(fd, SOL_PACKET, PACKET_IGNORE_OUTGOING, &one, sizeof(one)) < 0 ||
	    bind(fd, (struct sockaddr *)&address, sizeof(address)) < 0)
		err(1, "%s", interface);
	return fd;
}

/* One frame. What the other side has no room for is lost, as on any wire. */
static void carry(int from, int to)
{
	static uint8_t frame[FRAME_MAX];
	ssize_t n = read(from, frame, sizeof(frame));

	if (n < 0)
		err(1, "read");
	if (n > 0 && write(to, frame, (size_t)n) < 0)
		return;
}

int main(int argc, char **argv)
{
	struct pollfd fds[2] = {{.events = POLLIN}, {.events = POLLIN}};
	int here;

	if (argc != 4)
		errx(2, "usage: helper_tap TAP NAMESPACE INTERFACE");
	here = open("/proc/self/ns/net", O_RDONLY | O_CLOEXEC);
	fds[0].fd = open_tap(argv[1]);
	enter(open(argv[2], O_RDONLY | O_CLOEXEC));
	fds[1].fd = open_wire(argv[3]);
	enter(here);
	while (poll(fds, 2, -1) > 0)
		for (int i = 0; i < 2; i++)
			if (fds[i].revents)
				carry(fds[i].fd, fds[!i].fd);
	return 1;
}
