#!/bin/sh
# Proves the set-up without a network: makes a wheelhouse, then sets a fresh clone up from it, with nothing but that, where there is
# no network at all, and runs the command line, the generated-documents tests and the judging tests there. Needs root; a network for the wheelhouse.
set -eu
cd "$(dirname "$0")/.."
[ "$(id -u)" -eq 0 ] || { echo "ordinance: ./run offline needs root, for a network namespace of its own" >&2; exit 4; }
place=$(mktemp -d)
trap 'rm -rf "$place"' EXIT
trap 'exit 2' HUP INT TERM

./run wheelhouse "$place/wheels"
git clone -q . "$place/clone"
git ls-files -z --cached --others --exclude-standard | xargs -0 sh -c 'for f; do [ ! -f "$f" ] || printf "%s\0" "$f"; done' sh |
    tar cf - --null --files-from=- | tar xf - -C "$place/clone" # as it is here, committed or not
mkdir "$place/home"
# A clean environment and home: no cache of an earlier set-up can help.
env -i PATH="$PATH" HOME="$place/home" ORDINANCE_WHEELHOUSE="$place/wheels" unshare --net sh -euc '
    ip link set lo up
    cd "$1"
    [ -z "$(ip route)" ] || { echo "there is a network here" >&2; exit 1; }
    ./run ordinance --help >/dev/null
    ./run docs
    .tox/docs/bin/pytest -q -p no:cacheprovider selftest/judge
' sh "$place/clone"
echo "set up and tested without a network"
