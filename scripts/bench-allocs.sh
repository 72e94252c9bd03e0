#!/usr/bin/env bash
# Compares allocations with those in bench/allocs.txt; with --keep, it writes them there. Times are left out,
# since they depend on the machine. A difference is information, not a failure.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

baseline=bench/allocs.txt
measure() {
  go test -run '^$' -bench '^(BenchmarkEncode|BenchmarkRecall|BenchmarkAppendJSON|BenchmarkRead)$' -benchmem \
    -benchtime 2000x -count 6 ./wire ./engine ./internal/httpapi ./internal/canon |
    grep -E '^(goos|goarch|pkg|Benchmark)' | sed -E 's/-[0-9]+ / /; s/[0-9.]+ (ns\/op|MB\/s)[[:space:]]*//g'
}

if [ "${1-}" = --keep ]; then
  now=$(measure)
  printf '%s\n' "$now" >"$baseline"
  exit
fi
now=$(mktemp)
trap 'rm -f "$now"' EXIT
measure >"$now"
go tool -modfile=tools/go.mod benchstat "$baseline" "$now"
