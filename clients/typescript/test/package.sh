#!/usr/bin/env bash
# Packs the client, installs it into an empty project, and checks and runs the example of README.md there.
#
# test/package.sh DIR URL   works in DIR, with the daemon at URL
set -euo pipefail
cd "$(dirname "$0")/.."
dir=$1 url=$2 here=$PWD
fail() { echo "package: $1" >&2; exit 1; }

mkdir -p "$dir/project"
npm pack --silent --pack-destination "$dir" >/dev/null
packed=("$dir"/*.tgz)
cd "$dir/project"
echo '{ "type": "module" }' >package.json
npm install --offline --no-audit --no-fund --silent "${packed[0]}"
[ "$(ls node_modules)" = @sigil-dna ] || fail "the package brings others: $(ls node_modules)"

# The first example of README.md, with the daemon's address put in.
awk '/^```ts$/ { on = 1; next } /^```$/ { if (on) exit } on' "$here/README.md" >example.ts
grep -q 'new Client()' example.ts || fail 'the example has no new Client()'
sed -i "s|new Client()|new Client('$url', { tenant: 'example' })|" example.ts
"$here/node_modules/.bin/tsc" --strict --target es2022 --module nodenext --lib es2022,dom --skipLibCheck false example.ts
node example.js >out
awk '/^```text$/ { on = 1; next } /^```$/ { if (on) exit } on' "$here/README.md" >want
diff want out || fail 'the example does not print what README.md says'
