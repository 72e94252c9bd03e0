#!/usr/bin/env bash
# Copies the source of Go's standard library, signs it in place, verifies it, builds the signed copy, and prints how
# long sigil verify takes beside sha256sum over the same files, on one processor and on two: the median of ROUNDS
# (argument 1) runs of each, in turns. It fails if a signed file is not authentic, or if the copy does not build.
# With SMOKE=1 it takes one folder of the library, and builds nothing.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
rounds=${1:-5}
sigil=${SIGIL:-$PWD/bin/sigil}
work=$(mktemp -d)
trap 'chmod -R u+w "$work"; rm -rf "$work"' EXIT
export XDG_CONFIG_HOME=$work/settings
goroot=$(go env GOROOT)

if [ -n "${SMOKE-}" ]; then
  mkdir -p "$work/go/src"
  cp -R "$goroot/src/strings" "$work/go/src/"
else
  cp -R "$goroot" "$work/go"
fi
chmod -R u+w "$work/go"
"$sigil" keygen --no-password >/dev/null 2>&1
"$sigil" keys trust "$XDG_CONFIG_HOME/sigil/code.key.pub" 2>/dev/null
"$sigil" sign --json --root "$work/go/src" "$work/go/src" >"$work/signed"
cd "$work/go/src"
# Files that were signed, and they alone, are verified from here on: sha256sum gets the same.
find . -type f | sed 's,^\./,,' | sort >"$work/all"
sed -n 's/.*"name":"\([^"]*\)".*/\1/p' "$work/signed" | sort >"$work/names"
comm -23 "$work/all" "$work/names" | tr '\n' '\0' | xargs -0 rm -f
tr '\n' '\0' <"$work/names" >"$work/names0"
"$sigil" verify --strict --root . .

seconds() { # COMMAND...: prints how long it ran
  local begin=$EPOCHREALTIME
  "$@" >/dev/null 2>&1
  awk -v a="$begin" -v b="$EPOCHREALTIME" 'BEGIN { printf "%.4f\n", b - a }'
}
median() { sort -n | awk '{ v[NR] = $1 } END { print (NR % 2) ? v[(NR + 1) / 2] : (v[NR / 2] + v[NR / 2 + 1]) / 2 }'; }
sums() { xargs -0 sha256sum <"$work/names0"; }
verify() { "$sigil" verify --strict --root . .; }
export -f sums verify
export sigil work
on() { # PROCESSORS FUNCTION
  if command -v taskset >/dev/null; then taskset -c "$1" bash -c "$2"; else bash -c "$2"; fi
}
for processors in 0 0,1; do
  : >"$work/a" && : >"$work/b"
  on "$processors" sums >/dev/null # warm
  for _ in $(seq "$rounds"); do
    seconds on "$processors" verify >>"$work/a"
    seconds on "$processors" sums >>"$work/b"
  done
  awk -v a="$(median <"$work/a")" -v b="$(median <"$work/b")" -v p="$processors" -v n="$(wc -l <"$work/names")" -v r="$rounds" \
    'BEGIN { printf "%d files, processors %s: sigil verify %.3f s, sha256sum %.3f s, ratio %.2f (medians of %d)\n", n, p, a, b, a / b, r }'
done

[ -z "${SMOKE-}" ] || exit 0
# What was left out is needed to build: assembler files and embedded ones.
while read -r name; do
  [ -e "$name" ] || { mkdir -p "$(dirname "$name")" && cp "$goroot/src/$name" "$name"; }
done <"$work/all"
GOROOT=$work/go GOFLAGS='' "$work/go/bin/go" build std
echo "go build std of the signed copy passes"
