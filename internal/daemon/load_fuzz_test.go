package daemon

import (
	"bytes"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/spf13/pflag"
)

// FuzzLoad sets one setting to any value, by flag, variable or file, together with a file of any text. A
// refusal names the setting; accepted settings are printed as a file that loads to the same settings.
func FuzzLoad(f *testing.F) {
	for i, value := range []string{
		"127.0.0.1:0", "true", "/tmp/a file", "# no: comment", "pebble", "classic", "0.5", "7s", "1d", "0.9", "1000", "10GiB", "@every 90s", "off",
		"1MiB", "64", "a\nb", "a\tb", "\xff", "\x00", "- x", "'", `"\`, "~", "0x10", "1.10", "2026-01-01", "é\u2028", "{{", "&a", "*a", "!x", "|", ">", "@", "`", "null", " lead", "", "\ufeff",
	} {
		f.Add([]byte("max-page: 7\n"), uint8(i), value, uint8(i))
		f.Add([]byte("data: 1\n"), uint8(3), value, uint8(0))
	}
	for _, text := range []string{
		"", "# nothing\n", "policy: halflife\nhalf-life: 7d\n", "data: &a x\nstore: *a\n", "a: *b", "data: !!binary aGk=\n", "data: 1.10\n", "data: 010\n", "? - x\n: y", "max-memories: 1e3\n",
		"data: >-\n  folded\n  text\n", "<<: {data: x}\n", "data: 0o17\naddr-file: 2026-01-01\n", "1: 2\n", "data: x\n---\n", "\t", "max-bytes: 18446744073709551616\n", "threshold: .nan\n", "insecure: yes\n",
	} {
		f.Add([]byte(text), uint8(255), "", uint8(0))
	}
	dir := f.TempDir()
	file, back := filepath.Join(dir, "sigil.yaml"), filepath.Join(dir, "back.yaml")
	var names []string
	new(Config).flags("").VisitAll(func(f *pflag.Flag) { names = append(names, f.Name) })
	f.Fuzz(func(t *testing.T, text []byte, setting uint8, value string, how uint8) {
		if err := os.WriteFile(file, text, 0o600); err != nil {
			t.Fatal(err)
		}
		args, environ := []string{"--config", file}, []string{"HOME=/home/somebody"}
		name := ""
		if int(setting) < len(names)*4 {
			name = names[int(setting)%len(names)]
			if how%2 == 0 {
				args = append(args, "--"+name+"="+value)
			} else {
				environ = append(environ, variable(name)+"="+value)
			}
		}
		l, err := Load(args, environ)
		if err != nil {
			// A figure that is valid alone may be invalid together with those of its policy.
			says := err.Error()
			if !strings.Contains(says, "(from ") && !strings.Contains(says, "config: ") && (name == "" || !strings.Contains(says, "--"+name)) {
				t.Errorf("%q, %s=%q: the error names no setting: %v", text, name, value, err)
			}
			if errors.Is(err, pflag.ErrHelp) {
				t.Errorf("%q asks for help", args)
			}
			return
		}
		var printed bytes.Buffer
		if err := l.printConfig(&printed); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(back, printed.Bytes(), 0o600); err != nil {
			t.Fatal(err)
		}
		again, err := Load([]string{"--config", back}, nil)
		if err != nil {
			t.Fatalf("what is printed does not load: %v\n%s", err, &printed)
		}
		if again.Config != l.Config {
			t.Errorf("printed %+v\nloaded  %+v\n%s", l.Config, again.Config, &printed)
		}
	})
}

// FuzzValues checks that durations and sizes are read back from their text.
func FuzzValues(f *testing.F) {
	for i, text := range []string{"90s", "7d", "1d12h", "-1d", "-1.5d12h", "106751d", "106752d", "106752d-1000h", "1e3d", "0x1p3d", "10GiB", "10 GiB", "-1KiB", "8388608TiB", "5B", "+5", ""} {
		f.Add(text, int64(i)*int64(time.Hour), int64(1)<<(4*i%63))
	}
	f.Fuzz(func(t *testing.T, text string, span, size int64) {
		d := duration(7)
		if err := d.Set(text); err != nil && d != 7 {
			t.Errorf("%q is refused and sets %v", text, time.Duration(d))
		}
		for _, n := range []duration{d, duration(span)} {
			var again duration
			if err := again.Set(n.String()); err != nil || again != n {
				t.Errorf("%v is written %q and read back as %v, %v", time.Duration(n), n.String(), time.Duration(again), err)
			}
		}
		b := byteSize(7)
		if err := b.Set(text); err != nil && b != 7 {
			t.Errorf("%q is refused and sets %d", text, int64(b))
		}
		for _, n := range []byteSize{b, byteSize(size), byteSize(size) &^ (1<<30 - 1)} {
			var again byteSize
			if err := again.Set(n.String()); err != nil || again != n {
				t.Errorf("%d is written %q and read back as %d, %v", int64(n), n.String(), int64(again), err)
			}
		}
	})
}
