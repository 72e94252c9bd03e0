package daemon

import (
	"errors"
	"math"
	"net/netip"
	"strconv"
	"strings"
	"time"

	"github.com/spf13/pflag"

	"github.com/sigil-dna/sigil"
	"github.com/sigil-dna/sigil/store"
)

// durationVar adds a setting that is a duration, in Go's form extended by days.
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
	v, err := sigil.ParseDuration(s)
	if err != nil {
		return errors.New(`is not a duration such as "90s", "36h" or "7d"`)
	}
	*d = duration(v)
	return nil
}

func (d *duration) String() string { return sigil.FormatDuration(time.Duration(*d)) }

const day = 24 * time.Hour

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

// pointers is a list of JSON pointers, separated by commas. Setting it again adds to it.
type pointers string

func (p *pointers) Type() string { return "string" }

func (p *pointers) Set(s string) error {
	for pointer := range strings.SplitSeq(s, ",") {
		if pointer = strings.TrimSpace(pointer); pointer == "" {
			continue
		}
		one := store.SearchSettings{Exclude: []string{pointer}}
		if _, err := one.Analyzer(); err != nil && pointer != "all" {
			return errors.New(`is neither a JSON pointer such as "/payload/raw" nor "all"`)
		}
		*p = pointers(strings.TrimPrefix(string(*p)+","+pointer, ","))
	}
	return nil
}

func (p *pointers) String() string { return string(*p) }

type byteSize int64

// units are in the order in which they are tried. B is last because all others end in it.
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
