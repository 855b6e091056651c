#!/bin/bash
# Installs the packages of tools/deps.txt that are missing: deps.sh GROUP... (build run test lint).
# Does nothing, and needs no network, when all are there.
set -euo pipefail
cd "$(dirname "$0")"

wanted=()
while read -r package group _; do
    [[ $package == \#* || -z $package ]] && continue
    for name in "$@"; do
        [ "$name" = "$group" ] && wanted+=("$package")
    done
done <deps.txt

if ! command -v dpkg-query >/dev/null || ! command -v apt-get >/dev/null; then
    echo "deps: this is no Debian system; install what corresponds to: ${wanted[*]}" >&2
    exit 0
fi

missing=()
for package in "${wanted[@]}"; do
    state=$(dpkg-query -W -f '${db:Status-Status}' "$package" 2>/dev/null || true)
    [ "$state" = installed ] || missing+=("$package")
done
[ ${#missing[@]} -gt 0 ] || exit 0

echo "deps: installing ${missing[*]}" >&2
as_root=()
if [ "$(id -u)" != 0 ]; then
    if ! command -v sudo >/dev/null; then
        echo "deps: not root and no sudo: as root, run: apt-get install --no-install-recommends ${missing[*]}" >&2
        exit 1
    fi
    as_root=(sudo)
fi
install() {
    "${as_root[@]}" env DEBIAN_FRONTEND=noninteractive \
        apt-get install -y -qq --no-install-recommends "${missing[@]}" >/dev/null
}
# Package lists may be absent or old; a first try without them costs little.
if ! install 2>/dev/null; then
    "${as_root[@]}" apt-get update -qq >&2 || true
    if ! install; then
        echo "deps: apt-get could not install: ${missing[*]}; see its message above" >&2
        exit 1
    fi
fi
