# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash
#
# Chromium, headless: a page that loads pictures from forty servers, one after another,
# as many at once as a browser likes.

label lookalike
family web
used_for judging
needs chromium nginx
strangers 4

start() {
	local i
	for i in 1 2 3 4; do web_server "s$i" 400k || return; done
	cat >"$NS_DIR/www/index.html" <<-'HTML'
		<!doctype html><title>lab</title><script>
		const sizes = [1, 4, 4, 20, 20, 90, 400];
		const any = n => Math.floor(Math.random() * n);
		function load() {
			const picture = new Image();
			picture.src = `http://198.19.${any(4) + 1}.${any(10) + 1}` +
				`/page-${sizes[any(7)]}?${Math.random()}`;
			setTimeout(load, any(400));
		}
		for (let i = 0; i < 4; i++) load();
		</script>
	HTML
}

drive() {
	local dir
	dir=$(directory chromium) || return
	office env XDG_RUNTIME_DIR="$dir" chromium --headless=new --no-sandbox \
		--disable-gpu --disable-dev-shm-usage --disable-background-networking \
		--disable-component-update --disable-sync --no-first-run \
		--no-default-browser-check --disk-cache-size=1000000 \
		--user-data-dir="$dir" --remote-debugging-port=9222 "http://$(stranger 1 1)/"
}

role_proof() {
	exchanged_at_least 2000000 50000
}
