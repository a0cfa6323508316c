/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Which boot of this machine, and which of its network namespaces, this is: what was
 * changed in the kernel is there in the same place only.
 */
#ifndef KERNEL_PLACE_H
#define KERNEL_PLACE_H

#define PLACE_SIZE 80

/* "BOOT_ID/net:[INODE]", without blanks. 0, or -errno from /proc. */
int place_read(char ret_place[PLACE_SIZE]);

#endif
