# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash
#
# syncthing shares a folder with two other devices that cannot reach each other: takes
# from one what it gives to the other, by way of the disk. A relay by its traffic, but
# what it passes on are its owner's files.

label lookalike
family sync
used_for tuning
needs syncthing
strangers 2
note "passes on its owner's files, by way of the disk"

export STNOUPGRADE=1 STNODEFAULTFOLDER=1
IDS=() DEVICES=()

device_home() {
	echo "$NS_DIR/sync-$1"
}

device_create() { # INDEX
	local home
	home=$(directory "sync-$1") || return
	mkdir -p "$home/folder/.stfolder"
	HOME=$home syncthing generate --home "$home" >/dev/null 2>&1 || return
	IDS[$1]=$(HOME=$home syncthing --home "$home" --device-id 2>/dev/null)
}

device_configure() { # INDEX
	local home i
	home=$(device_home "$1")
	{
		echo "<configuration version=\"35\"><folder id=\"f\" label=\"f\"" \
			"path=\"$home/folder\" type=\"sendreceive\" fsWatcherEnabled=\"true\"" \
			"fsWatcherDelayS=\"1\" rescanIntervalS=\"10\">"
		for i in 0 1 2; do echo "<device id=\"${IDS[i]}\"/>"; done
		echo "</folder>"
		for i in 0 1 2; do
			echo "<device id=\"${IDS[i]}\" name=\"n$i\" compression=\"never\">" \
				"<address>tcp://${DEVICES[i]}:22000</address>" \
				"<maxSendKbps>800</maxSendKbps></device>"
		done
		echo "<gui><address>127.0.0.1:8384</address></gui><options>" \
			"<listenAddress>tcp://${DEVICES[$1]}:22000</listenAddress>"
		for i in globalAnnounceEnabled localAnnounceEnabled relaysEnabled natEnabled \
			crashReportingEnabled startBrowser; do
			echo "<$i>false</$i>"
		done
		echo "<urAccepted>-1</urAccepted><limitBandwidthInLan>true</limitBandwidthInLan>" \
			"<reconnectionIntervalS>3</reconnectionIntervalS></options></configuration>"
	} >"$home/config.xml"
	chown -R "$SUBJECT_UID:$SUBJECT_UID" "$home"
}

start() {
	local i
	DEVICES=("$OFFICE" "$(stranger 1)" "$(stranger 2)")
	for i in 0 1 2; do device_create "$i" || return; done
	for i in 0 1 2; do device_configure "$i" || return; done
	office env HOME="$(device_home 0)" syncthing serve --no-browser --no-restart \
		--home "$(device_home 0)"
	office_listens tcp 22000 || return
	for i in 1 2; do
		at "$i" env HOME="$(device_home "$i")" syncthing serve --no-browser \
			--no-restart --home "$(device_home "$i")"
		listens "$i" tcp 22000 || return
	done
}

# New files on the first device.
drive() {
	local i
	for ((i = 1; i <= 20; i++)); do data "$(device_home 1)/folder/new-$i" 2; done
	return 0
}

role_proof() {
	exchanged_at_least 5000000 3000000
}
