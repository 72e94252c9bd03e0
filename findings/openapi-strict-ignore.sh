#!/usr/bin/env bash
# libopenapi-validator: paths to ignore in strict checks do not cover members whose names have a dot or a bracket.
#
# Expected, from the comment on WithStrictIgnorePaths: `$.body.data.*` is any property under `data`, and in
# `$.body.data.**` the `**` matches any depth. So no name of a member of `data` is reported.
#
# What happens: libopenapi-validator 0.16.2 writes the path of a member whose name has a dot or a bracket as
# `$.body.data['a.b']`, but compiles `**` to `.*` after the dot that precedes it, and `*` to anything without
# dots and brackets. Neither matches such a path, so strict mode reports the member. The pattern
# `$.body.data[**` matches it.
#
# Why it matters to users of Sigil: a memory's data is whatever they like, and its document says so. A strict
# check of requests and answers that ignores the data refuses some of them nevertheless.
#
# In Sigil: internal/httpapi/contract_test.go ignores each such place by both patterns.
#
# Needs: go. Exits with 0 if it still happens, 1 if not, 2 if it could not be tested.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"

export GOMODCACHE="$work/mod" GOFLAGS='-mod=mod -modcacherw' GOWORK=off
cat >go.mod <<'EOF'
module finding

go 1.26.0

require (
	github.com/pb33f/libopenapi v0.42.4
	github.com/pb33f/libopenapi-validator v0.16.2
)
EOF
cat >main.go <<'EOF'
package main

import (
	"fmt"
	"net/http"
	"os"
	"strings"

	"github.com/pb33f/libopenapi"
	validator "github.com/pb33f/libopenapi-validator"
	"github.com/pb33f/libopenapi-validator/config"
)

const document = `{"openapi": "3.1.0", "info": {"title": "Tea", "version": "1"}, "paths": {"/cups": {"post": {
	"requestBody": {"required": true, "content": {"application/json": {"schema": {
		"type": "object", "properties": {"data": {"type": "object"}}}}}},
	"responses": {"204": {"description": "Kept"}}}}}}`

func main() {
	same := true
	for _, pattern := range []string{"$.body.data.*", "$.body.data.**", "$.body.data[**"} {
		for _, name := range []string{"ab", "a.b", "a[b", "a]b"} {
			got := "ignored"
			if !ignores(pattern, name) {
				got = "reported"
			}
			want := "ignored"
			if strings.HasSuffix(pattern, "[**") && name == "ab" {
				want = "reported"
			}
			fmt.Printf("%-16s %-10q expected: %-9s got: %s\n", pattern, name, want, got)
			same = same && (got == want) == (name == "ab" || strings.HasSuffix(pattern, "[**"))
		}
	}
	if !same {
		fmt.Println("changed")
		os.Exit(1)
	}
	fmt.Println("still so: members whose names have a dot or a bracket are reported below a path that is ignored")
}

// ignores reports whether a member of data passes a strict check that ignores a pattern.
func ignores(pattern, name string) bool {
	doc, err := libopenapi.NewDocument([]byte(document))
	check(err)
	v, errs := validator.NewValidator(doc, config.WithStrictMode(), config.WithStrictIgnorePaths(pattern, "$.headers.*"))
	if errs != nil {
		check(errs[0])
	}
	r, err := http.NewRequest(http.MethodPost, "http://x/cups", strings.NewReader(fmt.Sprintf(`{"data":{%q:1}}`, name)))
	check(err)
	r.Header.Set("Content-Type", "application/json")
	ok, problems := v.ValidateHttpRequest(r)
	for _, p := range problems {
		if !strings.Contains(p.Message, name) {
			check(fmt.Errorf("%s: %s", name, p.Message))
		}
	}
	return ok
}

func check(err error) {
	if err != nil {
		fmt.Println(err)
		os.Exit(2)
	}
}
EOF
go build -o finding . >go.log 2>&1 || { cat go.log; exit 2; }
./finding
