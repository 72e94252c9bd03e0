#!/usr/bin/env bash
# Tests MCP with other people's software, offline once it is installed: the protocol's conformance suites, and the
# clients that assistants are made with. Installs the packages of scripts/mcp at the versions of its lock file, a Node.js
# among them, since the suites do not start on 20.
set -euo pipefail
cd "$(dirname "$0")/.."
fail() { echo "mcp: $1" >&2; exit 1; }
command -v npm >/dev/null || fail 'npm is missing (make deps installs it)'
packages=$PWD/scripts/mcp

# Installed once for each state of the lock file. No package runs a program while it is installed. npm ci would refuse the
# lock file, since an optional package for Windows that the inspector's Vite asks for cannot be had.
lock=$(sha256sum "$packages/package-lock.json" | cut -d' ' -f1)
if [ "$(cat "$packages/node_modules/.of" 2>/dev/null)" != "$lock" ]; then
	(cd "$packages" && npm install --no-save --ignore-scripts --no-audit --no-fund --loglevel error)
	echo "$lock" >"$packages/node_modules/.of"
fi

export SIGIL_MCP_PACKAGES=$packages
go test -count=1 -run '^TestConformance$' ./internal/mcp
go test -count=1 -run '^TestForeignClients$' ./cmd/sigil
