package daemon

import (
	"bytes"
	"log/slog"
	"strings"
	"testing"
	"time"
)

func TestDurations(t *testing.T) {
	for text, back := range map[string]string{"36h": "36h", "7d": "7d", "168h0m0s": "7d", "1d12h": "36h", "0": "0s", "-1d": "-1d"} {
		var got duration
		if err := got.Set(text); err != nil || got.String() != back {
			t.Errorf("%q is written %q (%v), want %q", text, got.String(), err, back)
		}
	}
	for _, text := range []string{"", "1", "12h1d", "1e3d", "106752d", "week"} {
		got := duration(7)
		if err := got.Set(text); err == nil || got != 7 {
			t.Errorf("%q: %v, want an error and nothing changed", text, time.Duration(got))
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
		for _, want := range []string{"30d6h5m2.112s", "7d", "1.5ms"} {
			if !strings.Contains(b.String(), want) {
				t.Errorf("%s: %s lacks %s", format, b.String(), want)
			}
		}
	}
}
