#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# In the machine, in the place of init: makes it a system as far as the tests need one,
# runs them, leaves their status in /mnt/results, switches off.

export PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin
export HOME=/root LC_ALL=C.UTF-8
stty -onlcr </dev/console
mount -t proc proc /proc
mount -t sysfs sysfs /sys
mount -t cgroup2 cgroup2 /sys/fs/cgroup
mount -t devpts devpts /dev/pts 2>/dev/null || {
	mkdir /dev/pts && mount -t devpts devpts /dev/pts
}
mkdir -p /dev/shm
for directory in /dev/shm /tmp /var/tmp /run; do
	mount -t tmpfs tmpfs "$directory" && chmod 1777 "$directory"
done
chmod 755 /run
# What has its module loaded by opening a device: udev would make /dev/net/tun.
modprobe tun
# As systemd sets it.
ulimit -Sn 1024
ulimit -Hn 524288
hostname machine
ip link set lo up

# shellcheck source=/dev/null # written by check.sh
. /mnt/results/job
cd /mnt/tree || TESTS=
export BUILD=/mnt/build PATIENCE_FACTOR
echo "# Linux $(uname -r), $(nproc) processors, $(free -m | awk '/^Mem/ { print $2 }') MiB"
# shellcheck disable=SC2086 # words are meant
prove --nocolor --timer --verbose --exec "timeout $TEST_SECONDS" $TESTS
echo $? >/mnt/results/status
sync
echo o >/proc/sysrq-trigger
sleep 60
