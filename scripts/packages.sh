#!/usr/bin/env bash
# Installs the npm packages of a folder, once for each state of its lock file. No package runs a program meanwhile.
#
# npm ci would refuse the lock file of scripts/mcp, since an optional package for Windows that the inspector's Vite asks for
# cannot be had.
#
# scripts/packages.sh DIR [FLAG…]   flags of npm install
set -euo pipefail
cd "$1"
shift
command -v npm >/dev/null || { echo 'packages: npm is missing (make deps installs it)' >&2; exit 1; }
lock=$(sha256sum package-lock.json | cut -d' ' -f1)
[ "$(cat node_modules/.of 2>/dev/null)" != "$lock" ] || exit 0
npm install --no-save --ignore-scripts --no-audit --no-fund --loglevel error "$@"
echo "$lock" >node_modules/.of
