#!/usr/bin/env bash
# Tests MCP with other people's software, offline once it is installed: the protocol's conformance suites, and the
# clients that assistants are made with. Installs the packages of scripts/mcp at the versions of its lock file, a Node.js
# among them, since the suites do not start on 20.
set -euo pipefail
cd "$(dirname "$0")/.."
packages=$PWD/scripts/mcp
scripts/packages.sh "$packages"

export SIGIL_MCP_PACKAGES=$packages
go test -count=1 -run '^TestConformance$' ./internal/mcp
go test -count=1 -run '^TestForeignClients' ./cmd/sigil
