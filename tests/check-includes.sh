#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# Data flows one way: base <- core <- {kernel, ctl, store} <- agent. Each header compiles
# alone. Prints what is wrong and fails.

cd "$(dirname "$0")/.." || exit 1
CC=${CC:-cc}
failed=0

# may LAYER ALLOWED...: files of a layer include project headers of these alone.
may() {
	local layer=$1 allowed=$2 bad
	bad=$(grep -nE '^#include "' "$layer"/*.[ch] | grep -vE "\"($allowed)/")
	if [ -n "$bad" ]; then
		echo "$layer may include only $allowed:" "$bad" >&2
		failed=1
	fi
}

may agent/base 'base'
may agent/core 'base|core'
may agent/kernel 'base|core|kernel'
may agent/ctl 'base|core|ctl'
may agent/store 'base|core|store'
bad=$(grep -nE '^#include "(kernel|store)/' ui-cli/*.[ch] ui-cli/*/*.[ch])
[ -z "$bad" ] || { echo "ui-cli never includes kernel/ or store/:" "$bad" >&2; failed=1; }
bad=$(grep -nE '^#include "ui-' agent/*.[ch] agent/*/*.[ch])
[ -z "$bad" ] || { echo "agent/ knows nothing of what shows it:" "$bad" >&2; failed=1; }
bad=$(grep -nE '^#include "(kernel|ctl)/' agent/fleet/*.[ch] agent/fleet/*/*.[ch])
[ -z "$bad" ] || { echo "agent/fleet/ never includes kernel/ or ctl/:" "$bad" >&2; failed=1; }
# Only kernel/ speaks netlink; only core/ is pure, so it opens and prints nothing.
bad=$(grep -nE '#include <(libmnl|libnftnl|linux/netlink|linux/netfilter)' \
	agent/*.c agent/{base,core,ctl,store,fleet}/*.[ch] ui-cli/*.[ch] ui-cli/*/*.[ch])
[ -z "$bad" ] || { echo "only kernel/ speaks netlink:" "$bad" >&2; failed=1; }
bad=$(grep -nE '\b(fopen|open|socket|clock_gettime|time|printf|log_line|getenv)\(' \
	agent/core/*.c)
[ -z "$bad" ] || { echo "core/ is pure:" "$bad" >&2; failed=1; }

for header in agent/*.h agent/*/*.h agent/*/*/*.h ui-cli/*.h ui-cli/*/*.h; do
	[ -e "$header" ] || continue
	# shellcheck disable=SC2086 # flags are words
	$CC $CPPFLAGS -std=gnu11 -Wall -Wextra -Werror -Iui-cli -Iagent/fleet -fsyntax-only -x c \
		-include "$header" /dev/null || failed=1
done
exit $failed
