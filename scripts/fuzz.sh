#!/usr/bin/env bash
# Runs every fuzz target of the module, one after the other, each for FUZZTIME (10s unless set). With
# arguments, it runs only targets whose names match one of them: scripts/fuzz.sh FuzzRead FuzzCursor.
#
# A failing input is written to the package's testdata/fuzz, with the command to run it again on the output.
# New inputs that are only interesting stay in Go's cache, where the next run begins with them.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

fuzztime=${FUZZTIME:-10s}
wanted=${*:-.}
wanted=${wanted// /|}

log=$(mktemp)
trap 'rm -f "$log"' EXIT

# fuzz PACKAGE NAME runs one target. -run '^$' skips plain tests and seeds, which `go test` runs.
fuzz() { go test -run '^$' -fuzz "^$2\$" -fuzztime "$fuzztime" -parallel 2 "$1" >"$log" 2>&1; }

# timed reports whether a target failed only because its time ended: before Go 1.27, the end of the time may
# be reported as a failure (golang/go#75804). Then nothing else is reported, and no input is written.
timed() { [ "$(grep -A1 -e '--- FAIL' "$log" | tail -n 1)" = '    context deadline exceeded' ] && ! grep -q 'Failing input' "$log"; }

targets=$(git grep -hoE --untracked '^func Fuzz[A-Za-z0-9_]+' -- '*_test.go' | wc -l)
run=0
failed=()
while IFS=: read -r file name; do
  name=${name#func }
  [[ $name =~ $wanted ]] || continue
  package=./$(dirname "$file")
  run=$((run + 1))
  printf '== %s %s, %s\n' "$package" "$name" "$fuzztime"
  for try in 1 2 3; do
    ok=0
    fuzz "$package" "$name" || ok=$?
    [ $ok != 0 ] && timed || break
    printf 'try %s: it failed at the end of its time, without an input\n' "$try"
  done
  cat "$log"
  [ $ok = 0 ] || failed+=("$package $name")
done < <(git grep -oE --untracked '^func Fuzz[A-Za-z0-9_]+' -- '*_test.go')

if [ "$run" = 0 ]; then
  printf 'no fuzz target matches %s among %s\n' "$wanted" "$targets" >&2
  exit 1
fi
if [ "${#failed[@]}" != 0 ]; then
  printf 'failed: %s\n' "${failed[@]}" >&2
  exit 1
fi
printf '%s fuzz targets found nothing\n' "$run"
