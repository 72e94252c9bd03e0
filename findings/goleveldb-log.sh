#!/usr/bin/env bash
# goleveldb: opening a sound folder of the C++ LevelDB leaves out records of its log, without an error.
#
# Expected: a Go program that opens a folder which Node's level has closed in good order reads what level reads.
#
# What happens with goleveldb 1.0.0, and with its newest commit (126854af5e6d): while the C++ library moves the memory of
# old writes into a table, new ones go to a new log. Then it notes the newest sequence number in the manifest, which by
# then is one of the new log. goleveldb takes each record of the log whose number is below that for wrong ("invalid
# sequence number"), and by default leaves it out with only a line in its own log. For keys that had a value before, the
# old one is read; others are missing.
#
# Why it matters to users of Sigil: the stack that Sigil replaces kept its memories in such folders. An import through
# goleveldb would lose the newest of them, and nobody would notice.
#
# In Sigil: internal/imports/leveldb is a reader of our own (the decision "LevelDB folders are read by a reader of our
# own, strictly" in docs/).
#
# Needs: go, node, npm. Exits with 0 if it still happens, 1 if not, 2 if it could not be tested.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"

npm install --silent --no-audit --no-fund level@10.0.0 classic-level@3.0.0 >npm.log 2>&1 || { cat npm.log; exit 2; }
cat >make.mjs <<'EOF'
import { Level } from 'level'
const db = new Level('db', { writeBufferSize: 256 << 10 })
const pad = 'x'.repeat(400)
for (let n = 0; n < 20000; n++) await db.put(`key${n}`, `${n} ${pad}`)
let count = 0
for await (const _ of db.keys()) count++
console.log(count)
await db.close()
EOF

export GOMODCACHE="$work/mod" GOFLAGS=-modcacherw GOWORK=off
mkdir program
cat >program/main.go <<'EOF'
package main

import (
	"fmt"
	"os"

	"github.com/syndtr/goleveldb/leveldb"
)

func main() {
	db, err := leveldb.OpenFile(os.Args[1], nil)
	check(err)
	n := 0
	all := db.NewIterator(nil, nil)
	for all.Next() {
		n++
	}
	check(all.Error())
	fmt.Println(n)
}

func check(err error) {
	if err != nil {
		fmt.Println("error:", err)
		os.Exit(2)
	}
}
EOF
lost=0
for version in v1.0.0 v1.0.1-0.20220721030215-126854af5e6d; do
  printf 'module finding\n\ngo 1.22\n\nrequire github.com/syndtr/goleveldb %s\n' "$version" >program/go.mod
  { go -C program mod tidy && go -C program build -o ../finding .; } >go.log 2>&1 || { cat go.log; exit 2; }
  for try in 1 2 3 4 5; do # whether writes go on while a table is written is up to the machine
    rm -rf db
    level=$(node make.mjs)
    goleveldb=$(./finding db)
    printf '%s, try %s: level reads %s records; expected as many by goleveldb, got %s\n' "$version" "$try" "$level" "$goleveldb"
    [ "$goleveldb" != "$level" ] && lost=$((lost + 1)) && break
  done
done
if [ "$lost" != 2 ]; then
  echo "changed, or it did not happen in five tries"
  exit 1
fi
echo "still so: records of a sound folder are left out, without an error"
