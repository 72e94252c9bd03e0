#!/usr/bin/env bash
# Tests the console in a real browser, and a client generated from the OpenAPI document. Installs the packages
# of console/ at the versions of its lock file.
#
# scripts/console.sh check          the built output matches the source, and every flow and the contract work
# scripts/console.sh contract       the OpenAPI document passes the linter; a generated client compiles and works
# scripts/console.sh large [N]      N memories (50,000): frame time and heap, as JSON
# scripts/console.sh screens DIR    screenshots: three widths, both themes
set -euo pipefail
cd "$(dirname "$0")/.."
mode=${1:-check}
fail() { echo "console: $1" >&2; exit 1; }
command -v npm >/dev/null || fail 'npm is missing (make deps installs it)'
node -e 'const [a, b] = process.versions.node.split(".").map(Number); process.exit(a > 20 || a === 20 && b >= 19 ? 0 : 1)' ||
	fail "Node.js is $(node --version); the console is built with 20.19 or newer"
work=$(mktemp -d)
daemon=
cleanup() {
	if [ -n "$daemon" ] && kill -0 "$daemon" 2>/dev/null; then kill -TERM "$daemon"; wait "$daemon" || true; fi
	rm -rf "$work"
}
trap cleanup EXIT

scripts/packages.sh console

if [ "$mode" = check ]; then
	(cd console && npx --no-install vite build --logLevel warn --outDir "$work/dist" --emptyOutDir)
	diff -r "$work/dist" internal/web/dist ||
		fail 'internal/web/dist is not what console/ builds: (cd console && npm run build), and commit it'
fi

if [ "$mode" = check ]; then node --test --test-reporter=dot console/test/unit.mjs; fi

go build -trimpath -o "$work/sigil" ./cmd/sigil
"$work/sigil" serve --addr 127.0.0.1:0 --addr-file "$work/addr" --data "$work/data" --policy halflife --half-life 1h 2>"$work/log" &
daemon=$!
for _ in $(seq 300); do [ -s "$work/addr" ] && break; kill -0 "$daemon" 2>/dev/null || fail "the daemon did not start: $(cat "$work/log")"; sleep 0.1; done
url=http://$(cat "$work/addr")

# contract generates types from the document that the daemon serves, and compiles and runs a program that uses them.
contract() {
	export REDOCLY_TELEMETRY=off REDOCLY_SUPPRESS_UPDATE_NOTICE=true
	console/node_modules/.bin/redocly lint internal/httpapi/openapi.yaml --format=stylish >"$work/lint" 2>&1 ||
		fail "the OpenAPI document does not lint: $(cat "$work/lint")"
	cp -r console/contract "$work/contract"
	ln -s "$PWD/console/node_modules" "$work/contract/node_modules"
	(
		cd "$work/contract"
		node_modules/.bin/openapi-typescript "$url/openapi.json" -o generated.d.ts >/dev/null
		node_modules/.bin/tsc --noEmit
		node_modules/.bin/tsc
		node program.js "$url"
	)
}
case $mode in
check)
	contract
	node console/test/flows.mjs "$url"
	node console/test/shown.mjs "$url"
	node console/test/restart.mjs "$work/sigil"
	;;
contract) contract ;;
large) node console/test/large.mjs "$url" "${2:-50000}" ;;
screens) node console/test/screens.mjs "$url" "${2:?a folder}" ;;
*) fail "unknown: $mode" ;;
esac
