#!/usr/bin/env bash
# Makes the LevelDB folders beside it again, with npm's level as the stack that Sigil replaces used it: one with only a log,
# one with tables, deletions and overwritten keys, and the same without compression. Beside them it writes what the library
# itself reads in them, one record a line. Needs node and npm; tests do not run it.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")"
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
npm install --silent --no-audit --no-fund --prefix "$work" level@10.0.0 classic-level@3.0.0
cp make.mjs "$work"
for folder in logonly tables plain; do
  rm -rf "$folder"
  node "$work/make.mjs" "$folder" "$PWD/$folder" >"$folder.ndjson"
  rm -f "$folder/LOG" "$folder/LOG.old"
done
rm plain.ndjson # the same as tables.ndjson
