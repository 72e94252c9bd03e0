#!/usr/bin/env bash
# go-cron: when clocks change, a daily job runs twice or not at all, though its manual says "once".
#
# Expected, from the README and doc.go of the library: a job in an hour that repeats runs once, the first
# time. A job whose time is skipped runs right after the change, even if the change is at midnight or by half
# an hour.
#
# What happens with netresearch/go-cron 0.9.1, by Next of a schedule with a time zone:
#   - New York, 01:30, the night that has 01:30 twice: fires twice, an hour apart;
#   - Beirut, 00:00, the night that goes from 23:59 to 01:00: does not fire that day, nor does 00:30;
#   - Lord Howe, 02:15, the night that goes from 01:59 to 02:30: does not fire that day.
# A skipped hour that is neither at midnight nor a half (New York, 02:30) fires right after the change, as
# promised.
#
# Why it matters to users of Sigil: sweeps can have a schedule with a time zone. A crystallize sweep once a
# night must run once a night.
#
# In Sigil: scheduler/schedule.go uses go-cron only in UTC, for one span of constant offset at a time, and
# does the rest itself. TestDaylightSaving and TestNightsOfTheChange check it.
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

require github.com/netresearch/go-cron v0.9.1
EOF
cat >main.go <<'EOF'
package main

import (
	"fmt"
	"os"
	"strings"
	"time"
	_ "time/tzdata"

	"github.com/netresearch/go-cron"
)

func main() {
	parser := cron.NewParser(cron.Minute | cron.Hour | cron.Dom | cron.Month | cron.Dow)
	same := true
	for _, night := range []struct{ spec, zone, day, expected, seen string }{
		{"30 1 * * *", "America/New_York", "2024-11-03", "01:30 EDT", "01:30 EDT, 01:30 EST"},
		{"30 2 * * *", "America/New_York", "2024-03-10", "03:30 EDT or earlier", "03:30 EDT"},
		{"0 0 * * *", "Asia/Beirut", "2024-03-31", "01:00 EEST", "nothing"},
		{"30 0 * * *", "Asia/Beirut", "2024-03-31", "01:30 EEST or earlier", "nothing"},
		{"15 2 * * *", "Australia/Lord_Howe", "2024-10-06", "02:30 to 02:45", "nothing"},
	} {
		zone, err := time.LoadLocation(night.zone)
		check(err)
		day, err := time.ParseInLocation(time.DateOnly, night.day, zone)
		check(err)
		schedule, err := parser.Parse("TZ=" + night.zone + " " + night.spec)
		check(err)
		var fired []string
		for at := schedule.Next(day.Add(-12 * time.Hour)); !at.IsZero() && at.In(zone).Day() != day.AddDate(0, 0, 1).Day(); at = schedule.Next(at) {
			if at.In(zone).Day() == day.Day() {
				fired = append(fired, at.In(zone).Format("15:04 MST"))
			}
		}
		seen := strings.Join(fired, ", ")
		if seen == "" {
			seen = "nothing"
		}
		fmt.Printf("%-11s %-20s %s: expected %-22s got %s\n", night.spec, night.zone, night.day, night.expected, seen)
		same = same && seen == night.seen
	}
	if !same {
		fmt.Println("changed")
		os.Exit(1)
	}
	fmt.Println("still so: twice in New York, not at all in Beirut and on Lord Howe")
}

func check(err error) {
	if err != nil {
		fmt.Println(err)
		os.Exit(2)
	}
}
EOF
go build -o finding . >go.log 2>&1 || { cat go.log; exit 2; }
go list -m github.com/netresearch/go-cron
./finding
