package daemon

import (
	"bytes"
	"log/slog"
	"strings"
	"testing"
	"time"
)

func TestDurations(t *testing.T) {
	for _, tt := range []struct {
		text string
		want time.Duration
		back string
	}{
		{"90s", 90 * time.Second, "1m30s"},
		{"0", 0, "0s"},
		{"36h", 36 * time.Hour, "1d12h"},
		{"7d", 7 * day, "7d"},
		{"0.5d", 12 * time.Hour, "12h"},
		{"1d12h30m", 36*time.Hour + 30*time.Minute, "36h30m"},
		{"1h", time.Hour, "1h"},
		{"10m", 10 * time.Minute, "10m"},
		{"1h0m10s", time.Hour + 10*time.Second, "1h0m10s"},
		{"-1d", -day, "-24h"},
		{"1d1ns", day + 1, "24h0m0.000000001s"},
		{"106751d", 106751 * day, "106751d"},
	} {
		got, err := parseDuration(tt.text)
		if err != nil || got != tt.want {
			t.Errorf("%q: %v (%v), want %v", tt.text, got, err, tt.want)
		}
		if back := formatDuration(tt.want); back != tt.back {
			t.Errorf("%v is written %q, want %q", tt.want, back, tt.back)
		}
		if again, err := parseDuration(tt.back); err != nil || again != tt.want {
			t.Errorf("%q: %v (%v), want %v", tt.back, again, err, tt.want)
		}
	}
	for _, text := range []string{"", "d", "1", "7 d", "1dd", "d12h", "12h1d", "NaNd", "Infd", "106752d", "-106752d", "week"} {
		if got, err := parseDuration(text); err == nil {
			t.Errorf("%q: %v, want an error", text, got)
		}
	}
}

func TestByteSizes(t *testing.T) {
	for _, tt := range []struct {
		text string
		want byteSize
		back string
	}{
		{"0", 0, "0"},
		{"1000", 1000, "1000"},
		{"1024", 1024, "1KiB"},
		{"10GiB", 10 << 30, "10GiB"},
		{"10 GiB", 10 << 30, "10GiB"},
		{"3kB", 3000, "3000"},
		{"2MB", 2e6, "2000000"},
		{"5B", 5, "5"},
		{"-1KiB", -1024, "-1KiB"},
		{"8388607TiB", 8388607 << 40, "8388607TiB"},
	} {
		var got byteSize
		if err := got.Set(tt.text); err != nil || got != tt.want {
			t.Errorf("%q: %d (%v), want %d", tt.text, got, err, tt.want)
		}
		if got.String() != tt.back {
			t.Errorf("%q is written %q, want %q", tt.text, got.String(), tt.back)
		}
	}
	for _, text := range []string{"", "GiB", "1.5GiB", "10G", "x", "8388608TiB", "9223372036854775808"} {
		got := byteSize(7)
		if err := got.Set(text); err == nil || got != 7 {
			t.Errorf("%q: %d, want an error and nothing changed", text, got)
		}
	}
}

func TestDurationsInTheLog(t *testing.T) {
	for _, format := range []string{"json", "text"} {
		var b bytes.Buffer
		slog.New(logHandler(format, &b, slog.LevelInfo)).Info("x", "life", 726*time.Hour+5*time.Minute+2111787876, "week", 168*time.Hour, "took", 1500*time.Microsecond)
		for _, want := range []string{"726h5m2.112s", "7d", "1.5ms"} {
			if !strings.Contains(b.String(), want) {
				t.Errorf("%s: %s lacks %s", format, b.String(), want)
			}
		}
	}
}
