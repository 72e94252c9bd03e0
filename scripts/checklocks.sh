#!/usr/bin/env bash
# Fails if a field marked "+checklocks:mu" is used without mu, if a lock is not released on some path, or if a
# field that is only used with a lock held has no mark.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

go -C tools build -o ../bin/checklocks gvisor.dev/gvisor/tools/checklocks/cmd/checklocks
# Wrappers are made by the compiler around methods: they have no line to mark.
go vet -vettool="$PWD/bin/checklocks" -wrappers=false "${@:-./...}"
[ $# -ne 0 ] || go -C bench vet -vettool="$PWD/bin/checklocks" -wrappers=false ./...
