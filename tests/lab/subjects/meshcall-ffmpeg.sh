# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash
#
# A call of four others without a server, by ffmpeg: the own picture to each, a picture
# from each. In equals out, several peers, UDP, and nothing is passed on.

label lookalike
family call
used_for tuning
needs ffmpeg
strangers 4

start() {
	:
}

drive() {
	local i outputs=
	for i in 1 2 3 4; do
		outputs+="|[f=rtp]rtp://$(stranger "$i"):500$i"
		outputs+="?localrtpport=60$((i * 2))0&pkt_size=1200"
	done
	office "${FFMPEG[@]}" "${FFMPEG_PICTURE[@]}" "${FFMPEG_ENCODER[@]}" \
		-f tee "${outputs#|}"
	for i in 1 2 3 4; do
		at "$i" "${FFMPEG[@]}" "${FFMPEG_OTHER_PICTURE[@]}" -ss "$i" \
			"${FFMPEG_ENCODER[@]}" -f rtp \
			"rtp://$OFFICE:60$((i * 2))0?localrtpport=500$i&pkt_size=1200"
	done
}

role_proof() {
	exchanged_at_least 3000000 3000000
}
