#!/usr/bin/env bash
# Measures Sigil and its peers, and writes the tables of docs/performance.md; see bench/. Needs an idle
# machine. Arguments are passed to the program.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

scripts/install-test-deps.sh wrk=wrk redis-server=redis-server postgres=postgresql node=nodejs cc=build-essential /usr/share/dict/american-english=wamerican
CGO_ENABLED=1 go -C bench build -tags sqlite_fts5 -o ../bin/bench .
exec bin/bench "$@"
