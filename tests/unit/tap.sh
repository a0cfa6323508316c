#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# tap.sh TEST: a unit test for prove. cmocka calls a skipped case "not ok".

set -o pipefail
CMOCKA_MESSAGE_OUTPUT=TAP "$1" | sed 's/^not ok \([0-9]* # SKIP\)/ok \1/'
