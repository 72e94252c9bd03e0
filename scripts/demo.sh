#!/usr/bin/env bash
# Shows what Sigil does with real records: every package that this Debian machine knows becomes a memory. Some
# are recalled, the base system crystallizes, and the rest fades while you watch (about a minute). The demo
# uses its own daemon, port and folder, and leaves nothing behind.
set -euo pipefail
cd "$(dirname "$0")/.."
sigil=$PWD/bin/sigil
least=50000

work=$(mktemp -d)
daemon=
cleanup() {
	if [ -n "$daemon" ] && kill -0 "$daemon" 2>/dev/null; then kill -TERM "$daemon"; wait "$daemon" || true; fi
	rm -rf "$work"
}
trap cleanup EXIT

say() { printf '\n== %s\n' "$*"; }
run() { printf '$ sigil %s\n' "$*"; "$sigil" "$@"; }
field() { "$sigil" stats --json | sed -n "s/.*\"$1\": *\([0-9.]*\).*/\1/p"; }

command -v apt-cache >/dev/null || { echo "demo: this needs apt-cache dumpavail, which only a Debian machine has" >&2; exit 1; }
apt-cache dumpavail >"$work/avail"
count=$(grep -c '^Package:' "$work/avail" || true)
if [ "$count" -lt $least ]; then
	echo "demo: apt knows only $count packages; fetching its lists (apt-get update)" >&2
	if [ "$(id -u)" = 0 ]; then apt-get update -qq; else sudo apt-get update -qq; fi
	apt-cache dumpavail >"$work/avail"
	count=$(grep -c '^Package:' "$work/avail" || true)
	[ "$count" -ge $least ] || { echo "demo: apt still knows only $count packages, $least are needed" >&2; exit 1; }
fi
base=required,important,standard
go run ./scripts/aptjson $base <"$work/avail" >"$work/base.ndjson"
go run ./scripts/aptjson -not $base <"$work/avail" >"$work/rest.ndjson"

say "A daemon under a policy with a half-life of 6 s: an untouched memory lives for 26 s"
"$sigil" serve --addr 127.0.0.1:0 --addr-file "$work/addr" --data "$work/data" --policy halflife --half-life 6s 2>"$work/log" &
daemon=$!
for _ in $(seq 100); do [ -s "$work/addr" ] && break; kill -0 "$daemon"; sleep 0.1; done
SIGIL_ADDR=$(cat "$work/addr")
export SIGIL_ADDR NO_COLOR=1

say "The base system's packages, in a state strong enough to crystallize"
run encode --state '{"phi":0.95,"coherence":0.9,"awareness":0.9,"emotionalResonance":0.85}' --tag base <"$work/base.ndjson"
say "All others, in the default state"
run encode <"$work/rest.ndjson"
run stats

say "The newest, recalled: its idleness starts again"
"$sigil" list --limit 20 --json >"$work/kept" 2>/dev/null
sed -n 's/.*"id": *"\([0-9a-f-]\{36\}\)".*/\1/p' "$work/kept" >"$work/ids"
first=$(sed -n 1p "$work/ids")
run recall "$first"
say "What resonates with it"
run related "$first" --limit 5 | cut -c -120
say "Patterns (among so many ordinary memories none is strong), and crystals of memories"
run patterns | sed -n 1,5p
run crystals --limit 5 | cut -c -120

say "Twenty memories are recalled every few seconds; nobody touches the rest"
printf '%8s %10s %12s\n' seconds memories 'avg decay'
begin=$SECONDS
while :; do
	# shellcheck disable=SC2046
	"$sigil" recall --quiet $(cat "$work/ids") >/dev/null
	memories=$(field memories)
	printf '%8d %10d %12.3f\n' $((SECONDS - begin)) "$memories" "$(field averageDecay)"
	[ "$memories" -gt $(($(field crystallized) + 20)) ] || break
	[ $((SECONDS - begin)) -lt 120 ] || { echo "demo: untouched memories still exist" >&2; exit 1; }
	sleep 3
done

say "What is left: the twenty that were recalled, and what crystallized. A sweep has little to do now"
run sweep decay
run stats
say "Why the last one faded, as the journal has it"
last=$(field position)
"$sigil" events --after $((last - 5)) --json | sed -n '/"faded"/h; ${x;p}'

say "Among what is left there are patterns strong enough to crystallize; a second sweep adds no other"
run sweep crystallize
run sweep crystallize
run crystals --kind pattern --limit 5
say "The sweeps, as Prometheus sees them"
curl -fsS "http://$SIGIL_ADDR/metrics" | grep -E '^sigil_(gc_(sweep|released)_total|encode_total|recall_total|memories|crystals)\b' || true
say "SIGTERM: everything is flushed"
kill -TERM "$daemon"
wait "$daemon" && echo "exit 0"
daemon=
