#!/usr/bin/env bash
# Redocly CLI: a component that only an extension refers to counts as unused, and is removed.
#
# Expected: whatever a linter does with a `$ref` under an `x-` key, it does so everywhere. If `bundle
# --remove-unused-components` keeps the `$ref`, it keeps the component that it points to, too. And `lint`
# reports a `$ref` that points nowhere.
#
# What happens: Redocly CLI 2.77.0 does not look into extensions. `lint` calls the component unused (a
# warning), `bundle --remove-unused-components` writes a document whose `$ref` points to a component that it
# has just removed, and `lint` finds nothing wrong with a `$ref` to nowhere.
#
# Why it matters to users of Sigil: its document has the other forms of a body (NDJSON, `return=minimal`)
# under `x-variants`, with their own components. Five of them are lost if it is bundled this way.
#
# In Sigil: the description in internal/httpapi/openapi.yaml warns of it, and scripts/console.sh allows
# warnings of `lint`. As `lint` does not follow these references, the tests of internal/httpapi put the forms
# of x-variants beside the plain ones (apitest.WithVariants), where the validator must resolve them.
#
# Needs: node, npm. Exits with 0 if it still happens, 1 if not, 2 if it could not be tested.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"

echo '{"private": true}' >package.json
npm install --no-audit --no-fund --silent --cache "$work/cache" @redocly/cli@2.77.0 >npm.log 2>&1 || { cat npm.log; exit 2; }
export REDOCLY_TELEMETRY=off REDOCLY_SUPPRESS_UPDATE_NOTICE=true
redocly() { node_modules/.bin/redocly "$@" 2>redocly.log; }

cat >api.yaml <<'EOF'
openapi: 3.1.0
info: {title: Tea, version: "1", license: {name: None, identifier: Apache-2.0}}
servers: [{url: /}]
security: []
paths:
  /cups:
    get:
      operationId: cups
      summary: List cups
      responses:
        "200":
          description: Cups
          content: {application/json: {schema: {type: array, items: {type: string}}}}
          x-variants:
            - content: {application/x-ndjson: {schema: {$ref: "#/components/schemas/Line"}}}
        "400": {description: No}
components:
  schemas:
    Line: {type: string}
EOF
sed 's/Line"/Nowhere"/' api.yaml >nowhere.yaml
echo "Redocly CLI $(redocly --version)"
echo 'expected: Line counts as used, or at least stays; the reference to Nowhere is an error'
unused=no
redocly lint api.yaml --format=stylish | tee lint.txt
grep -q 'no-unused-components.*"Line"' lint.txt && unused=yes
redocly bundle api.yaml --remove-unused-components -o bundled.yaml || { cat redocly.log; exit 2; }
refers=$(grep -c 'schemas/Line' bundled.yaml || true)
defines=$(grep -c '^ *Line:' bundled.yaml || true)
resolved=yes
redocly lint nowhere.yaml --format=stylish >nowhere.txt || resolved=no
grep -q 'no-unresolved-refs' nowhere.txt && resolved=no
echo "lint: Line is unused: $unused; after bundle: $refers reference to Line, $defines definition; a reference to nowhere passes: $resolved"
if [ "$unused $refers $defines $resolved" = 'yes 1 0 yes' ]; then
	echo 'still so: what only an extension refers to is removed, and the reference stays'
else
	echo 'changed'
	exit 1
fi
