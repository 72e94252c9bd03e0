#!/usr/bin/env bash
# Measures durable encode beside its peers in one run: in process beside a bare Pebble, over HTTP (wrk)
# beside Redis with appendfsync always. Needs an idle machine; figures are for ratios within one run.
# BENCHTIME (default 5s) and COUNT (default 3) say how long and how often.
set -euo pipefail
cd "$(dirname "$0")/.."
for tool in wrk redis-server; do
	command -v $tool >/dev/null || { echo "bench: $tool is missing: apt-get install wrk redis-server" >&2; exit 1; }
done
benchtime=${BENCHTIME:-5s} count=${COUNT:-3}
work=$(mktemp -d)
daemon=
cleanup() {
	if [ -n "$daemon" ] && kill -0 "$daemon" 2>/dev/null; then kill -TERM "$daemon"; wait "$daemon" || true; fi
	rm -rf "$work"
}
trap cleanup EXIT

measure() { go test -run '^$' -bench "$1" -benchtime "$benchtime" -count "$2" ./internal/bench 2>/dev/null | grep -a encodes/s; }
echo "== durable encode in process, beside a bare Pebble commit of the same bytes, in turns"
for _ in $(seq "$count"); do measure 'Encode/of=.*/callers' 1; done | tee "$work/encode.txt"
go tool -modfile=tools/go.mod benchstat -col /of "$work/encode.txt" || true
echo "== Redis, appendfsync always, the same three writes in MULTI"
measure Redis "$count"
echo "== a sweep with nothing due; opening a million memories"
go test -run '^$' -bench 'Nothing|Open' -benchtime 1s ./internal/bench 2>/dev/null | grep -a ns/op

echo "== over HTTP: wrk, one encode a request"
for connections in 64 1000; do
	bin/sigil serve --addr 127.0.0.1:0 --addr-file "$work/addr" --data "$work/data-$connections" --policy halflife 2>"$work/log" &
	daemon=$!
	for _ in $(seq 100); do [ -s "$work/addr" ] && break; kill -0 "$daemon"; sleep 0.1; done
	for _ in $(seq "$count"); do
		wrk -t 2 -c "$connections" -d "$benchtime" --latency -s scripts/encode.lua "http://$(cat "$work/addr")/v1/sigils" |
			grep -E '50%|99%|Requests/sec|Non-2xx|status' | tr '\n' ' '
		echo " connections=$connections"
	done
	kill -TERM "$daemon"
	wait "$daemon"
	daemon=
done
