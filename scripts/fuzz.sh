#!/usr/bin/env bash
# Runs every fuzz target of the module, one after the other, each for FUZZTIME (6s unless set). With
# arguments, only the targets whose names match one of them: scripts/fuzz.sh FuzzRead FuzzCursor.
#
# What is found is written to the package's testdata/fuzz, and how to run it again is printed; new inputs
# that are merely interesting stay in Go's cache, where the next run begins with them.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

fuzztime=${FUZZTIME:-6s}
wanted=${*:-.}
wanted=${wanted// /|}

targets=$(git grep -hoE --untracked '^func Fuzz[A-Za-z0-9_]+' -- '*_test.go' | wc -l)
run=0
failed=()
while IFS=: read -r file name; do
  name=${name#func }
  [[ $name =~ $wanted ]] || continue
  package=./$(dirname "$file")
  run=$((run + 1))
  printf '== %s %s, %s\n' "$package" "$name" "$fuzztime"
  # -run '^$': plain tests and seeds are for `go test`. The time-out is for a target that hangs.
  if ! go test -run '^$' -fuzz "^$name\$" -fuzztime "$fuzztime" -parallel 2 "$package"; then
    failed+=("$package $name")
  fi
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
