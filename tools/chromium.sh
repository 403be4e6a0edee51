#!/bin/sh
# Prints the path of a Chromium, or fails. As root on Debian, installs one first if there is none.
set -eu

find_chromium() {
	for name in ${CHROMIUM:-} chromium-headless-shell chromium chromium-browser google-chrome; do
		command -v "$name" && return
	done
	return 1
}

install_chromium() {
	DEBIAN_FRONTEND=noninteractive timeout 120 \
		apt-get install --quiet --yes --no-install-recommends chromium-headless-shell
}

find_chromium && exit
[ "$(id -u)" = 0 ] && command -v apt-get > /dev/null || exit 1
{ install_chromium || { timeout 60 apt-get update --quiet && install_chromium; }; } >&2
find_chromium
