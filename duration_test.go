package sigil_test

import (
	"errors"
	"math"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/sigil-dna/sigil"
)

const day = 24 * time.Hour

func TestDurations(t *testing.T) {
	for _, tt := range []struct {
		text string
		want time.Duration
		back string
	}{
		{"7d", 7 * day, "7d"},
		{"168h0m0s", 7 * day, "7d"},
		{"36h", 36 * time.Hour, "36h"},
		{"1d12h", 36 * time.Hour, "36h"},
		{"90m", 90 * time.Minute, "90m"},
		{"1h30m", 90 * time.Minute, "90m"},
		{"100m", 100 * time.Minute, "1h40m"},
		{"90s", 90 * time.Second, "90s"},
		{"100s", 100 * time.Second, "1m40s"},
		{"1500ms", 1500 * time.Millisecond, "1.5s"},
		{"100.25s", 100250 * time.Millisecond, "1m40.25s"},
		{"250ms", 250 * time.Millisecond, "250ms"},
		{"1.5us", 1500, "1.5µs"},
		{"1ns", 1, "1ns"},
		{"0", 0, "0s"},
		{"0d", 0, "0s"},
		{"0.5d", 12 * time.Hour, "12h"},
		{"0.7d", 1008 * time.Minute, "16h48m"},
		{"1d12h30m", 36*time.Hour + 30*time.Minute, "36h30m"},
		{"726h", 30*day + 6*time.Hour, "30d6h"},
		{"1h0m10s", time.Hour + 10*time.Second, "1h10s"},
		{"1d1ns", day + 1, "1d0.000000001s"},
		{"36500d", 36500 * day, "36500d"},
		{"+7d", 7 * day, "7d"},
		{"-1d", -day, "-1d"},
		{"-1d12h30m", -36*time.Hour - 30*time.Minute, "-36h30m"},
		{"-5ms", -5 * time.Millisecond, "-5ms"},
		{"106751d23h47m16.854775807s", math.MaxInt64, "106751d23h47m16.854775807s"},
		{"-106751d23h47m16.854775808s", math.MinInt64, "-106751d23h47m16.854775808s"},
	} {
		got, err := sigil.ParseDuration(tt.text)
		if err != nil || got != tt.want {
			t.Errorf("%q: %v (%v), want %v", tt.text, got, err, tt.want)
		}
		if back := sigil.FormatDuration(tt.want); back != tt.back {
			t.Errorf("%v is written %q, want %q", tt.want, back, tt.back)
		}
	}
}

func TestParseDurationRefuses(t *testing.T) {
	for _, text := range []string{
		"", "d", "-d", ".d", "1", "7", "soon", "week", "7 d", "1dd", "1d1d", "12h1d", "d12h", "1d-2h", "1d+2h", "--1d", "1e3d", "0x1d", "1_0d", "NaNd", "Infd", "9999999999h",
	} {
		if got, err := sigil.ParseDuration(text); err == nil || got != 0 || errors.Is(err, strconv.ErrRange) {
			t.Errorf("%q: %v, %v; want an error", text, got, err)
		}
	}
	for text, want := range map[string]time.Duration{
		"106752d": math.MaxInt64, "99999999d": math.MaxInt64, strings.Repeat("9", 400) + "d": math.MaxInt64, "106751d24h": math.MaxInt64,
		"-106752d": math.MinInt64, "-106751d23h47m16.854775809s": math.MinInt64,
	} {
		if got, err := sigil.ParseDuration(text); !errors.Is(err, strconv.ErrRange) || got != want {
			t.Errorf("%q: %v, %v; want %v and ErrRange", text, got, err, want)
		}
	}
}

// FuzzDuration checks that every duration is read back from its form, and that text which Go reads as a duration is
// that duration. Neither Go's form nor a number of one unit is shorter, unless it has a number over 99.
func FuzzDuration(f *testing.F) {
	for i, text := range []string{"90s", "7d", "1d12h", "-1d", "-1.5d12h", "106751d", "106752d", "1e3d", "0x1p3d", "0.1d", "1d-1h", "9223372036.854775807s", ""} {
		f.Add(text, int64(i)*int64(time.Hour)+int64(i))
	}
	f.Add("100000d2000000h", int64(math.MaxInt64))
	f.Add("-99999.9999d", int64(math.MinInt64))
	f.Fuzz(func(t *testing.T, text string, n int64) {
		got, err := sigil.ParseDuration(text)
		if want, plain := time.ParseDuration(text); plain == nil && (err != nil || got != want) {
			t.Errorf("%q is %v, %v; want %v", text, got, err, want)
		}
		// The same sum in floating point, which cannot overflow.
		if days, rest, found := strings.Cut(text, "d"); found && err == nil {
			n, _ := strconv.ParseFloat(days, 64)
			more, _ := time.ParseDuration(rest)
			if math.Signbit(n) {
				more = -more
			}
			if want := n*float64(day) + float64(more); math.Abs(want-float64(got)) > 1+math.Abs(want)*1e-9 {
				t.Errorf("%q is %v, want about %v ns", text, got, want)
			}
		}
		units := map[string]time.Duration{"d": day, "h": time.Hour, "m": time.Minute, "s": time.Second}
		spans := []time.Duration{got, time.Duration(n)}
		for _, unit := range units {
			spans = append(spans, time.Duration(n)/unit*unit, time.Duration(n%100)*unit)
		}
		for _, d := range spans {
			form := sigil.FormatDuration(d)
			if again, err := sigil.ParseDuration(form); err != nil || again != d {
				t.Errorf("%v is written %q and read back as %v, %v", d, form, again, err)
			}
			if again, err := sigil.ParseDuration(d.String()); err != nil || again != d {
				t.Errorf("%v is read as %v, %v", d, again, err)
			}
			if d/time.Hour >= -99 && d/time.Hour <= 99 && len(form) > len(d.String()) {
				t.Errorf("%v is written %q, which is longer", d, form)
			}
			for name, unit := range units {
				if d.Abs() >= time.Second && d%unit == 0 && (d/unit).Abs() <= 99 {
					if alone := strconv.Itoa(int(d/unit)) + name; len(form) > len(alone) {
						t.Errorf("%v is written %q and could be %q", d, form, alone)
					}
				}
			}
		}
	})
}
