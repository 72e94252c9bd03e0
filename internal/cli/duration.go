package cli

import (
	"errors"
	"strconv"
	"strings"
	"time"
)

const day = 24 * time.Hour

// duration is the value of a flag: what Go writes, and days before it ("7d", "1d12h").
type duration time.Duration

func (d *duration) Type() string   { return "duration" }
func (d *duration) String() string { return span(time.Duration(*d)) }

func (d *duration) Set(s string) error {
	v, err := parseDuration(s)
	*d = duration(v)
	return err
}

// maxDays is what a duration can hold with room to add to.
const maxDays = 100_000

func parseDuration(s string) (time.Duration, error) {
	bad := errors.New(`must be a duration such as "90s", "36h", "7d" or "1d12h"`)
	days, rest, found := strings.Cut(s, "d")
	if !found {
		days, rest = "0", s
	}
	n, err := strconv.ParseFloat(days, 64)
	if err != nil || !(n >= 0 && n <= maxDays) || strings.ContainsAny(days, "+-xXpP") {
		return 0, bad
	}
	whole := time.Duration(n * float64(day))
	if found && rest == "" {
		return whole, nil
	}
	more, err := time.ParseDuration(rest)
	if err != nil || found && (more < 0 || rest[0] == '+' || whole+more < whole) {
		return 0, bad
	}
	return whole + more, nil
}

// span gives a time in at most two units, as people say it: "1m35s", "3h", "6d4h".
func span(d time.Duration) string {
	if d < 0 {
		return "-" + span(-d)
	}
	if d > 0 && d < time.Second {
		return "under 1s"
	}
	d = d.Round(time.Second)
	if d >= time.Hour {
		d = d.Round(time.Minute)
	}
	if d >= day {
		d = d.Round(time.Hour)
	}
	two := func(big, small time.Duration, bigName, smallName string) string {
		s := strconv.Itoa(int(d/big)) + bigName
		if rest := d % big / small; rest > 0 {
			s += strconv.Itoa(int(rest)) + smallName
		}
		return s
	}
	switch {
	case d >= day:
		return two(day, time.Hour, "d", "h")
	case d >= time.Hour:
		return two(time.Hour, time.Minute, "h", "m")
	case d >= time.Minute:
		return two(time.Minute, time.Second, "m", "s")
	}
	return strconv.Itoa(int(d/time.Second)) + "s"
}

// took gives how long something took, to three digits.
func took(d time.Duration) string {
	for unit := time.Duration(1); ; unit *= 10 {
		if d < 1000*unit {
			return d.Round(unit).String()
		}
	}
}

func seconds(s float64) time.Duration { return time.Duration(s * float64(time.Second)) }
