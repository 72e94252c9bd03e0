package mcp

import (
	"fmt"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/sigil-dna/sigil"
	"github.com/sigil-dna/sigil/internal/canon"
)

const (
	// longestText is the most bytes of a memory's text in a list. A call with the memory's id returns all of it.
	longestText = 8 << 10
	// longestLine is the most bytes of it in the short text of an answer.
	longestLine = 300
)

// memory is a memory as a model sees it. Its members are few: a model pays for each.
type memory struct {
	ID           string   `json:"id"`
	Text         string   `json:"text"`
	Format       string   `json:"format" jsonschema:"text, or json if it is a JSON value other than a string"`
	Cut          bool     `json:"cut,omitempty" jsonschema:"only the start; recall or peek by id for all"`
	Tags         []string `json:"tags,omitempty"`
	CreatedAt    string   `json:"createdAt"`
	FadesAt      string   `json:"fadesAt,omitempty" jsonschema:"missing if it never fades"`
	Kept         bool     `json:"kept,omitempty" jsonschema:"pinned"`
	Crystallized bool     `json:"crystallized,omitempty"`
	Recalls      int      `json:"recalls"`
}

// shown returns a memory with at most limit bytes of its text; 0 means all.
func shown(m *sigil.Memory, limit int) memory {
	v := memory{
		ID: m.ID.String(), Tags: m.Tags, CreatedAt: moment(m.CreatedAt), FadesAt: moment(m.FadesAt),
		Kept: m.Pinned, Crystallized: m.Crystallized, Recalls: int(min(m.AccessCount, 1<<53)),
	}
	v.Text, v.Format = textOf(m.Data)
	if limit > 0 && len(v.Text) > limit {
		v.Text, v.Cut = clip(v.Text, limit), true
	}
	return v
}

// textOf returns the text of a memory's data: the string, or any other JSON as it was sent.
func textOf(data []byte) (text, format string) {
	if len(data) > 0 && data[0] == '"' {
		if s, ok := canon.String(data); ok {
			return s, "text"
		}
	}
	return string(data), "json"
}

// moment returns a time as all answers have it, and "" for never.
func moment(t time.Time) string {
	if t.IsZero() {
		return ""
	}
	return t.UTC().Format("2006-01-02T15:04:05.000Z")
}

// clip returns the start of a text, of at most n bytes.
func clip(text string, n int) string {
	if len(text) <= n {
		return text
	}
	for n > 0 && !utf8.RuneStart(text[n]) {
		n--
	}
	return text[:n]
}

// line returns a memory as one line.
func line(m *memory, now time.Time, fadesAt time.Time) string {
	return fmt.Sprintf("- %s (%s, %s)", oneLine(m), m.ID, fades(fadesAt, now))
}

// oneLine returns the start of a memory's text, without line breaks.
func oneLine(m *memory) string {
	text := strings.Join(strings.Fields(clip(m.Text, longestLine)), " ")
	if m.Cut || len(m.Text) > longestLine {
		text += " …"
	}
	return text
}

// fades returns when a memory fades, in words.
func fades(at, now time.Time) string {
	if at.IsZero() {
		return "never fades"
	}
	return "fades in " + span(at.Sub(now))
}

// span returns a time that is left, rounded down to what matters. The second that an answer may take does not matter.
func span(left time.Duration) string {
	unit := time.Minute
	switch {
	case left > 48*time.Hour:
		unit = 24 * time.Hour
	case left > 2*time.Hour:
		unit = time.Hour
	case left < 2*time.Minute:
		unit = time.Second
	}
	if unit > time.Second {
		left += time.Second
	}
	return sigil.FormatDuration(max(left, 0).Truncate(unit))
}
