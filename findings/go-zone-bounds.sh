#!/usr/bin/env bash
# Go: Time.ZoneBounds ends a leap year a day too early.
#
# Expected: the two times that ZoneBounds returns enclose the given time: start is not after it, and end is
# after it or zero.
#
# What happens with Go 1.26.8: on the last day (in UTC) of a leap year after 2037, in a zone that has daylight
# saving time, end is the beginning of that day, so it is up to a day before the given time. In other years it
# is right. It is known upstream.
#
# Why it matters to users of Sigil: a program that goes from one end to the next, to find the next change of
# the clocks, does not get past such a day. A schedule in a time zone is computed that way.
#
# In Sigil: spanAt in scheduler/schedule.go treats an end in the past as the end of that day, and
# TestTicksAgainstTheRule compares the ticks of 2040 with a plain rule.
#
# Needs: go (1.26.8, which go downloads as a module if it is another version). Exits with 0 if it still
# happens, 1 if not, 2 if it could not be tested.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"

export GOMODCACHE="$work/mod" GOFLAGS=-modcacherw GOWORK=off GOTOOLCHAIN=go1.26.8
printf 'module finding\n\ngo 1.26.0\n' >go.mod
cat >main.go <<'EOF'
package main

import (
	"fmt"
	"os"
	"time"
	_ "time/tzdata"
)

func main() {
	same := true
	for _, name := range []string{"Europe/Berlin", "America/New_York", "Australia/Sydney"} {
		zone, err := time.LoadLocation(name)
		if err != nil {
			fmt.Println(err)
			os.Exit(2)
		}
		wrong := map[int]bool{}
		for at := time.Date(2038, 1, 1, 12, 0, 0, 0, time.UTC); at.Year() < 2046; at = at.AddDate(0, 0, 1) {
			start, end := at.In(zone).ZoneBounds()
			if start.After(at) || !end.IsZero() && !end.After(at) {
				fmt.Printf("%s: asked for %s, end expected after it, got %s\n", name, at.Format(time.DateTime), end.UTC().Format(time.DateTime))
				same = same && at.Month() == time.December && at.Day() == 31
				wrong[at.Year()] = true
			}
		}
		same = same && len(wrong) == 2 && wrong[2040] && wrong[2044]
	}
	if !same {
		fmt.Println("changed")
		os.Exit(1)
	}
	fmt.Println("still so: on the last day of a leap year the end is before the time asked for")
}
EOF
go version || exit 2
go build -o finding . >go.log 2>&1 || { cat go.log; exit 2; }
./finding
