#!/usr/bin/env bash
# gVisor's checklocks: a mark below two fields that share a line guards the field beside it.
#
# Expected, from the README of the analyzer: the comment "+checklocks:mu" above a field says that this field may
# only be used with mu held, however the other fields of the struct are written.
#
# What happens at the commit below: in a struct with "x, y int" before the marked field, the mark is of y. That
# y is used without the lock is reported, that the marked field is used without it is not. If x and y have a
# line each, all is as expected. The mark is counted by lines of the source, the fields by their names.
#
# Why it matters to users of Sigil: what guards its shared maps is shown by this analyzer. A field that only seems to
# be guarded would be found by a race in production.
#
# In Sigil: a struct with marks has one field on each line. TestMarksOfLocks in internal/prove/arrows checks it.
#
# Needs: go. Exits with 0 if it still happens, 1 if not, 2 if it could not be tested.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"

export GOMODCACHE="$work/mod" GOFLAGS='-mod=mod -modcacherw' GOWORK=off
cat >go.mod <<'EOF'
module finding

go 1.26.0

tool gvisor.dev/gvisor/tools/checklocks/cmd/checklocks

require gvisor.dev/gvisor v0.0.0-20260905035102-160fafc42237
EOF
cat >main.go <<'EOF'
package finding

import "sync"

type apart struct {
	mu sync.Mutex
	x  int
	y  int
	// +checklocks:mu
	marked int
}

type together struct {
	mu   sync.Mutex
	x, y int
	// +checklocks:mu
	marked int
}

func (a *apart) useY() int         { return a.y }
func (a *apart) useMarked() int    { return a.marked }
func (t *together) useY() int      { return t.y }
func (t *together) useMarked() int { return t.marked }
EOF
go build -o checklocks gvisor.dev/gvisor/tools/checklocks/cmd/checklocks >go.log 2>&1 || { cat go.log; exit 2; }
go list -m gvisor.dev/gvisor
go vet -vettool="$work/checklocks" . >vet.log 2>&1 || true

# reported FUNCTION prints whether the line of the function is in what the analyzer reported.
reported() {
	local line
	line=$(grep -n "$1()" main.go | cut -d : -f 1)
	if grep -q "main.go:$line:.*must be locked" vet.log; then echo reported; else echo silent; fi
}

same=true
while read -r function expected seen; do
	got=$(reported "$function")
	printf '%-24s expected %-8s got %s\n' "$function" "$expected" "$got"
	[ "$got" = "$seen" ] || same=false
done <<'EOF'
apart).useY silent silent
apart).useMarked reported reported
together).useY silent reported
together).useMarked reported silent
EOF
if ! $same; then
	cat vet.log
	echo changed
	exit 1
fi
echo 'still so: the mark below two fields on one line is of the second of them'
