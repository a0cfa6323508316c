# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash
#
# A video call with one other, by ffmpeg: RTP both ways.

label lookalike
family call
used_for tuning
needs ffmpeg

start() {
	:
}

drive() {
	office "${FFMPEG[@]}" "${FFMPEG_PICTURE[@]}" "${FFMPEG_ENCODER[@]}" -f rtp \
		"rtp://$(stranger 1):5004?localrtpport=5006&pkt_size=1200"
	at 1 "${FFMPEG[@]}" "${FFMPEG_OTHER_PICTURE[@]}" "${FFMPEG_ENCODER[@]}" -f rtp \
		"rtp://$OFFICE:5006?localrtpport=5004&pkt_size=1200"
}

role_proof() {
	exchanged_at_least 1000000 1000000
}
