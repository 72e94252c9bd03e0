package daemon

import (
	"errors"
	"fmt"
	"math"
	"net/netip"
	"strconv"
	"strings"
	"time"

	"github.com/spf13/pflag"
)

// durationVar adds a setting that is a duration: Go's, with days.
func durationVar(f *pflag.FlagSet, p *time.Duration, name string, value time.Duration, usage string) {
	*p = value
	f.Var((*duration)(p), name, usage)
}

// bytesVar adds a setting that is a number of bytes, with or without a unit.
func bytesVar(f *pflag.FlagSet, p *int64, name string, value int64, usage string) {
	*p = value
	f.Var((*byteSize)(p), name, usage)
}

type duration time.Duration

func (d *duration) Type() string { return "time" }

func (d *duration) Set(s string) error {
	v, err := parseDuration(s)
	*d = duration(v)
	return err
}

func (d *duration) String() string { return formatDuration(time.Duration(*d)) }

const day = 24 * time.Hour

// parseDuration reads Go's form, and days before it: "90s", "7d", "1d12h". A day has 24 hours.
func parseDuration(s string) (time.Duration, error) {
	days, rest, found := strings.Cut(s, "d")
	if !found {
		days, rest = "0", s
	}
	n, err := strconv.ParseFloat(days, 64)
	var clock time.Duration
	if err == nil && (rest != "" || !found) {
		clock, err = time.ParseDuration(rest)
	}
	// Each of the two must fit, and not only their sum.
	whole := n * float64(day)
	if err != nil || !(math.Abs(whole) < math.MaxInt64 && math.Abs(whole+float64(clock)) < math.MaxInt64) {
		return 0, errors.New(`is not a duration such as "90s", "36h" or "7d"`)
	}
	return time.Duration(whole) + clock, nil
}

// formatDuration writes what parseDuration reads, without the zeros of Go's form.
func formatDuration(d time.Duration) string {
	if d >= day && d%time.Hour == 0 {
		if hours := d % day; hours != 0 {
			return fmt.Sprintf("%dd%dh", d/day, hours/time.Hour)
		}
		return fmt.Sprintf("%dd", d/day)
	}
	s := d.String()
	if strings.HasSuffix(s, "m0s") {
		s = strings.TrimSuffix(s, "0s")
	}
	if strings.HasSuffix(s, "h0m") {
		s = strings.TrimSuffix(s, "0m")
	}
	return s
}

// hosts is a list of names, separated by commas. Setting it again adds to it.
type hosts string

func (h *hosts) Type() string { return "string" }

func (h *hosts) Set(s string) error {
	for name := range strings.SplitSeq(s, ",") {
		if name = strings.TrimSpace(name); name == "" {
			continue
		}
		if _, err := netip.ParseAddr(name); err != nil && strings.Trim(name, hostLetters) != "" {
			return errors.New(`is not the name or address of a host, without scheme and port, such as "sigil.example.com"`)
		}
		*h = hosts(strings.TrimPrefix(string(*h)+","+name, ","))
	}
	return nil
}

func (h *hosts) String() string { return string(*h) }

const hostLetters = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789.-_"

type byteSize int64

// units are in the order in which a value is read: B comes last, because all end in it.
var units = []struct {
	name  string
	bytes int64
}{
	{"TiB", 1 << 40},
	{"GiB", 1 << 30},
	{"MiB", 1 << 20},
	{"KiB", 1 << 10},
	{"TB", 1e12},
	{"GB", 1e9},
	{"MB", 1e6},
	{"kB", 1e3},
	{"B", 1},
}

func (b *byteSize) Type() string { return "bytes" }

func (b *byteSize) Set(s string) error {
	number, unit := s, int64(1)
	for _, u := range units {
		if rest, ok := strings.CutSuffix(s, u.name); ok {
			number, unit = strings.TrimSpace(rest), u.bytes
			break
		}
	}
	n, err := strconv.ParseInt(number, 10, 64)
	if err != nil || n > math.MaxInt64/unit || n < math.MinInt64/unit {
		return errors.New(`is not a whole number of bytes such as "1048576", "512KiB" or "10GiB"`)
	}
	*b = byteSize(n * unit)
	return nil
}

func (b *byteSize) String() string {
	for _, u := range units[:4] {
		if n := int64(*b); n != 0 && n%u.bytes == 0 {
			return strconv.FormatInt(n/u.bytes, 10) + u.name
		}
	}
	return strconv.FormatInt(int64(*b), 10)
}
