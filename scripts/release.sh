#!/usr/bin/env bash
# Builds a release: a static program for each system, in an archive with man pages and completions, Debian
# packages, an SBOM for each program, and SHA256SUMS.
#
# scripts/release.sh dist      build it from the files as they are into dist/, or into the folder DIST
# scripts/release.sh same      build this machine's part twice, in two folders, and compare the checksums
# scripts/release.sh release   build it, but only from a clean checkout and with campaigns that are up to date
#
# TARGETS="linux/amd64 windows/arm64" builds only these. The same commit results in the same bytes with the
# same versions of Go, gzip and zip: times are those of the commit, or SOURCE_DATE_EPOCH.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
umask 022
export LC_ALL=C TZ=UTC
export GOFLAGS=-buildvcs=false GOAMD64=v1 GOARM64=v8.0 # whatever the caller's are

fail() {
	echo "release: $1" >&2
	exit 1
}

# built TO OS/ARCH builds the program. CGO_ENABLED=0 makes it static.
built() {
	CGO_ENABLED=0 GOOS=${2%/*} GOARCH=${2#*/} go build -trimpath -ldflags "-s -w -X main.version=$version" -o "$1" ./cmd/sigil
}

# papers makes the files that are the same for all systems, with the program of this machine.
papers() {
	built "$work/sigil" "$host"
	mkdir -p "$work/papers/completions"
	"$work/sigil" completion bash >"$work/papers/completions/sigil.bash"
	"$work/sigil" completion zsh >"$work/papers/completions/_sigil"
	"$work/sigil" completion fish >"$work/papers/completions/sigil.fish"
	"$work/sigil" completion powershell >"$work/papers/completions/sigil.ps1"
	go run ./scripts/manpages -program "$work/sigil" -version "$version" -date "$(date -d "@$SOURCE_DATE_EPOCH" +%F)" -to "$work/papers/man"
	cp README.md LICENSE NOTICE CHANGELOG.md "$work/papers/"
}

# fixed sets the time of the commit, and the usual modes, on all files below a folder.
fixed() {
	chmod -R u=rwX,go=rX "$1"
	find "$1" -exec touch -h -d "@$SOURCE_DATE_EPOCH" {} +
}

# archived OS/ARCH makes the archive and the SBOM.
archived() {
	local os=${1%/*} arch=${1#*/} name=sigil_${version}_${1%/*}_${1#*/} program=sigil
	[ "$os" != windows ] || program=sigil.exe
	echo "release: $name" >&2
	cp -r "$work/papers" "$work/$name"
	built "$work/$name/$program" "$1"
	mkdir "$work/$name/contrib"
	cp -r contrib/code contrib/prometheus contrib/grafana "$work/$name/contrib/"
	if [ "$os" = linux ]; then
		cp -r contrib/systemd contrib/container "$work/$name/contrib/"
		mkdir "$work/$name/contrib/container/data"
	fi
	fixed "$work/$name"
	if [ "$os" = windows ]; then
		(cd "$work" && find "$name" | sort | zip -q -9 -X -@ "$name.zip") && mv "$work/$name.zip" "$dist/"
	else
		tar --sort=name --format=ustar --owner=0 --group=0 --numeric-owner -C "$work" -cf - "$name" | gzip -9n >"$dist/$name.tar.gz"
	fi
	# GOPROXY=off: the licenses of everything that was built are in the cache, but our own version may or may
	# not be on a proxy.
	GOPROXY=off "$sbom" bin -json -std -licenses -noserial -notimestamp -version "$version" -output "$dist/$name.cdx.json" \
		"$work/$name/$program" 2>"$work/sbom.log" || fail "$(cat "$work/sbom.log")"
	if [ "$os" = linux ]; then packaged "$work/$name" "$arch"; fi
}

# packaged ROOT ARCH makes the Debian package of an unpacked archive.
packaged() {
	local root=$work/deb_$2
	cp -r "$1" "$root"
	gzip -9n "$root"/man/*
	mkdir "$root/systemd"
	cp contrib/systemd/* "$root/systemd/"
	sed -i 's|/usr/local/bin/|/usr/bin/|' "$root/systemd/sigil.service"
	printf 'Format: https://www.debian.org/doc/packaging-manuals/copyright-format/1.0/\nSource: https://github.com/sigil-dna/sigil\n\nFiles: *\nCopyright: %s the authors of Sigil\nLicense: Apache-2.0\n On Debian, the license is in /usr/share/common-licenses/Apache-2.0.\n' \
		"$(date -d "@$SOURCE_DATE_EPOCH" +%Y)" >"$root/copyright"
	printf 'sigil (%s) unstable; urgency=medium\n\n  * What changed is in https://github.com/sigil-dna/sigil/blob/main/CHANGELOG.md\n\n -- Sigil'"'"'s authors <sigil-dna@users.noreply.github.com>  %s\n' \
		"$deb_version" "$(date -R -d "@$SOURCE_DATE_EPOCH")" | gzip -9n >"$root/changelog.gz"
	fixed "$root"
	ROOT=$root ARCH=$2 DEB_VERSION=$deb_version "$nfpm" package --packager deb --config contrib/deb/nfpm.yaml \
		--target "$dist/sigil_${deb_version}_$2.deb" >"$work/deb.log" 2>&1 || fail "$(cat "$work/deb.log")"
}

dist() {
	command -v zip >/dev/null || fail 'zip is missing (scripts/install-test-deps.sh zip=zip)'
	version=${VERSION:-$(git describe --tags --always --dirty)}
	export SOURCE_DATE_EPOCH=${SOURCE_DATE_EPOCH:-$(git log -1 --format=%ct)}
	# A Debian version begins with a digit, and has no hyphen: v1.2.3-4-gabc is 1.2.3+4+gabc, a commit without a tag 0~abc.
	deb_version=${version#v}
	[[ $deb_version =~ ^[0-9]+\. ]] || deb_version=0~$(date -d "@$SOURCE_DATE_EPOCH" +%Y%m%d).$deb_version
	deb_version=${deb_version//-/+}
	host=$(go env GOHOSTOS)/$(go env GOHOSTARCH)
	sbom=$(go tool -modfile=tools/release/go.mod -n cyclonedx-gomod)
	nfpm=$(go tool -modfile=tools/release/go.mod -n nfpm)
	dist=${DIST:-dist}
	rm -rf "$dist"
	mkdir -p "$dist"
	dist=$(cd "$dist" && pwd)
	work=$(mktemp -d)
	trap 'rm -rf "$work"' EXIT
	papers
	local target
	for target in ${TARGETS:-linux/amd64 linux/arm64 darwin/amd64 darwin/arm64 windows/amd64 windows/arm64}; do
		archived "$target"
	done
	(cd "$dist" && sha256sum -- * >"$work/SHA256SUMS" && mv "$work/SHA256SUMS" .)
	echo "release: $(wc -l <"$dist/SHA256SUMS") files in $dist" >&2
}

# same builds from the files as they are, and from a copy in another folder.
same() {
	local twice
	twice=$(mktemp -d)
	# shellcheck disable=SC2064 # the folder of now
	trap "rm -rf '$twice'" EXIT
	export VERSION=v0.0.0-same SOURCE_DATE_EPOCH=1700000000
	TARGETS=${TARGETS:-$(go env GOHOSTOS)/$(go env GOHOSTARCH)}
	export TARGETS
	mkdir "$twice/copy"
	git ls-files -z --cached --others --exclude-standard | xargs -0 cp --parents -t "$twice/copy"
	DIST=$twice/first scripts/release.sh dist
	DIST=$twice/second "$twice/copy/scripts/release.sh" dist
	diff "$twice/first/SHA256SUMS" "$twice/second/SHA256SUMS" || fail 'the same files resulted in different bytes'
	echo 'release: the same bytes, twice' >&2
}

case ${1:-} in
dist | same) "$1" ;;
release)
	changed=$(git status --porcelain)
	[ -z "$changed" ] || fail "a release is built from a commit, and these files are not as committed (make dist builds anyway):
$changed"
	stale=$(scripts/campaigns.sh stale) || fail "these campaigns were run before the newest change of what they prove: run make campaigns (make dist builds anyway)
$stale"
	dist
	;;
*)
	sed -n '2,11s/^# \{0,1\}//p' "$0" >&2
	exit 2
	;;
esac
