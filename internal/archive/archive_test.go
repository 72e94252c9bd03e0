package archive_test

import (
	"bufio"
	"bytes"
	"crypto/sha256"
	"errors"
	"fmt"
	"io"
	"strings"
	"testing"
	"time"

	"github.com/sigil-dna/sigil"
	"github.com/sigil-dna/sigil/internal/archive"
)

var head = archive.Head{Store: sigil.ID{1}, At: time.Date(2026, 11, 29, 9, 0, 0, 0, time.UTC), Position: 7}

// sample returns an export of two memories, a former version, a policy and a signature, of two tenants.
func sample(t *testing.T) string {
	t.Helper()
	var b bytes.Buffer
	w, err := archive.NewWriter(&b, head)
	if err != nil {
		t.Fatal(err)
	}
	for _, l := range []struct{ kind, tenant string }{{archive.Memory, "b"}, {archive.Policy, "a"}, {archive.Memory, "a"}, {archive.Former, "a"}, {archive.Signature, "a"}} {
		if err := w.Write(l.kind, l.tenant, map[string]string{"tenant": l.tenant, "text": "<é>"}); err != nil {
			t.Fatal(err)
		}
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return b.String()
}

func read(text string) (lines []archive.Line, err error) {
	r, err := archive.NewReader(strings.NewReader(text), 1000)
	if err != nil {
		return nil, err
	}
	for {
		l, err := r.Next()
		if errors.Is(err, io.EOF) {
			return lines, nil
		}
		if err != nil {
			return lines, err
		}
		l.Raw = bytes.Clone(l.Raw)
		lines = append(lines, l)
	}
}

func TestWhatIsWrittenIsRead(t *testing.T) {
	text := sample(t)
	if !archive.Begins(bufio.NewReader(strings.NewReader(text))) {
		t.Error("it is not recognized")
	}
	const first = `{"sigil":"export","version":2,"store":"01000000-0000-0000-0000-000000000000","at":"2026-11-29T09:00:00Z","position":7}` + "\n" +
		`{"sigil":"memory","tenant":"b","text":"<é>"}` + "\n"
	if !strings.HasPrefix(text, first) {
		t.Errorf("it begins %q", text)
	}
	if want := `{"sigil":"end","tenants":[{"tenant":"a","policies":1,"memories":1,"versions":1,"crystals":0,"signatures":1},{"tenant":"b","memories":1,"crystals":0,"signatures":0}],"memories":2,"content":"`; !strings.Contains(text, want) {
		t.Errorf("it ends %q", text)
	}
	lines, err := read(text)
	if err != nil || len(lines) != 5 || lines[0].Number != 2 || lines[3].Kind != archive.Former || lines[4].Kind != archive.Signature || lines[4].Tenant != "a" {
		t.Errorf("read %+v, %v", lines, err)
	}
	if _, err := read(strings.TrimSuffix(text, "\n")); err != nil {
		t.Errorf("without the last line feed: %v", err)
	}
}

// TestWhatIsCutOffIsNoticed cuts an export at every byte.
func TestWhatIsCutOffIsNoticed(t *testing.T) {
	text := sample(t)
	for n := range len(text) - 1 {
		if _, err := read(text[:n]); err == nil {
			t.Errorf("cut off after %d of %d bytes, it is read as whole", n, len(text))
		}
	}
}

// TestWhatIsChangedIsNoticed changes every byte of an export.
func TestWhatIsChangedIsNoticed(t *testing.T) {
	text := sample(t)
	for n := range len(text) - 1 {
		changed := []byte(text)
		changed[n] ^= 1
		if _, err := read(string(changed)); err == nil {
			t.Errorf("with byte %d changed to %q, it is read as whole", n, changed[n])
		}
	}
}

func TestWhatIsNoExportIsRefused(t *testing.T) {
	text := sample(t)
	lines := strings.SplitAfter(text, "\n")
	for _, tt := range []struct{ text, want string }{
		{"", "cut off"},
		{"{}\n", "line 1: is not the header"},
		{strings.Replace(text, `"version":2`, `"version":3`, 1), "has version 3 of the format"},
		{lines[0] + "1\n", "line 2: is not a line of an export"},
		{lines[0] + `{"sigil":"dream","tenant":"a"}` + "\n", `line 2: "dream" is no kind`},
		{lines[0] + `{"sigil":"memory","tenant":"?"}` + "\n", "line 2: it names no tenant"},
		{lines[0] + strings.Repeat("x", 2000), "line 2: has more than 1000 bytes"},
		{lines[0] + lines[2] + lines[1] + strings.Join(lines[3:], ""), "the checksum is wrong"},
		{strings.Replace(text, `"memories":2`, `"memories":3`, 1), "the counts"},
		{text + "{}\n", "line 8: there is more after the footer"},
	} {
		if _, err := read(tt.text); err == nil || !strings.Contains(err.Error(), tt.want) {
			t.Errorf("%q: %v, want %q", tt.text, err, tt.want)
		}
	}
}

// TestExportsOfVersion1AreRead reads an export as programs wrote it before there were former versions, policies of tenants and a checksum of the
// content.
func TestExportsOfVersion1AreRead(t *testing.T) {
	const lines = `{"sigil":"export","version":1,"store":"01000000-0000-0000-0000-000000000000","at":"2026-11-29T09:00:00Z","position":7}` + "\n" +
		`{"sigil":"memory","tenant":"b","text":"<é>"}` + "\n"
	footer := fmt.Sprintf(`{"sigil":"end","tenants":[{"tenant":"b","memories":1,"crystals":0,"signatures":0}],"memories":1,"sha256":"%x"}`, sha256.Sum256([]byte(lines)))
	all, err := read(lines + footer + "\n")
	if err != nil || len(all) != 1 || all[0].Kind != archive.Memory {
		t.Errorf("read %+v, %v", all, err)
	}
	newer := strings.Replace(lines, `"version":1`, `"version":2`, 1)
	footer = strings.Replace(footer, fmt.Sprintf("%x", sha256.Sum256([]byte(lines))), fmt.Sprintf("%x", sha256.Sum256([]byte(newer))), 1)
	if _, err := read(newer + footer + "\n"); err == nil {
		t.Error("an export of version 2 is read as whole without a checksum of its content")
	}
}

// TestTheContentHasAChecksumOfItsOwn writes the same memories with another header and another signature.
func TestTheContentHasAChecksumOfItsOwn(t *testing.T) {
	sums := map[string]bool{}
	for i, kind := range []string{archive.Signature, archive.Crystal, archive.Former} {
		w, err := archive.NewWriter(io.Discard, archive.Head{Position: uint64(i)})
		if err != nil {
			t.Fatal(err)
		}
		for _, kind := range []string{archive.Memory, kind} {
			if err := w.Write(kind, "a", map[string]string{"tenant": "a"}); err != nil {
				t.Fatal(err)
			}
		}
		sums[w.Content()] = true
	}
	if len(sums) != 2 {
		t.Errorf("checksums: %v", sums)
	}
}
