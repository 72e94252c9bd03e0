package cli

import (
	"bytes"
	"encoding/json"
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/sigil-dna/sigil"
	"github.com/sigil-dna/sigil/client"
)

// json prints v as one line of JSON. On a terminal, characters that could control it are escaped, which changes no
// value.
func (a *app) json(v any) error {
	var b bytes.Buffer
	enc := json.NewEncoder(&b)
	enc.SetEscapeHTML(false)
	if err := enc.Encode(v); err != nil {
		return err
	}
	line := b.String()
	if a.outTerm {
		line = escape(strings.TrimSuffix(line, "\n")) + "\n"
	}
	_, err := a.out.WriteString(line)
	return err
}

// fields prints names and values in two columns.
type fields [][2]string

func (f *fields) add(name, format string, args ...any) {
	*f = append(*f, [2]string{name, fmt.Sprintf(format, args...)})
}

func (f *fields) print(a *app) error {
	longest := 0
	for _, field := range *f {
		longest = max(longest, len(field[0]))
	}
	for _, field := range *f {
		name := fmt.Sprintf("%-*s", longest, field[0])
		fmt.Fprintf(a.out, "%s  %s\n", a.paint(dim, name), field[1])
	}
	return a.out.Flush()
}

// memory shows one memory: only its id, one line of JSON, or a few aligned lines. An empty line separates it from the
// previous one; nth counts from 0.
func (a *app) memory(nth int, v *client.Memory) error {
	switch {
	case a.flags.quiet:
		_, err := fmt.Fprintln(a.out, v.ID)
		return err
	case a.flags.json:
		return a.json(v)
	}
	if nth > 0 {
		fmt.Fprintln(a.out)
	}
	now := a.now()
	var f fields
	f.add("id", "%s", a.paint(bold, v.ID.String()))
	if v.Data != nil {
		f.add("data", "%s", escape(string(v.Data)))
	}
	f.add("fades in", "%s", a.fading(v, now))
	f.add("decay", "%s %s", percent(v.Decay), a.paint(decayColor(v.Decay), bar(v.Decay)))
	f.add("potential", "%.2f", v.Potential)
	f.add("frequency", "%.4f, in pattern %d", v.Frequency, v.Pattern)
	if v.Resonance != nil {
		f.add("resonance", "%.4f", *v.Resonance)
	}
	f.add("recalls", "%d", v.AccessCount)
	f.add("created", "%s", v.CreatedAt)
	if v.State != nil && !isDefault(v.State) {
		state, err := json.Marshal(v.State)
		if err != nil {
			return err
		}
		f.add("state", "%s", escape(string(state)))
	}
	if v.TTL != nil {
		f.add("ttl", "%s", escape(*v.TTL))
	}
	if v.Life != nil && !v.Pinned && !v.Crystallized {
		f.add("life", "%s untouched", shortly(*v.Life))
	}
	f.add("policy", "%s", escape(v.Policy))
	if len(v.Tags) > 0 {
		f.add("tags", "%s", escape(strings.Join(v.Tags, ", ")))
	}
	if v.Supersedes != nil {
		f.add("supersedes", "%s", v.Supersedes.String())
	}
	switch {
	case v.DuplicateOf == nil:
	case *v.DuplicateOf == v.ID:
		f.add("reinforced", "%s", "the content was there")
	default:
		f.add("duplicate of", "%s", v.DuplicateOf.String())
	}
	for i, near := range v.Similar {
		f.add([]string{"similar to", ""}[min(i, 1)], "%s at %s", near.ID.String(), strconv.FormatFloat(near.Score, 'f', -1, 64))
	}
	if v.Similar != nil && len(v.Similar) == 0 {
		f.add("similar to", "%s", "none")
	}
	if words := keptBy(v); words != "" {
		f.add("marks", "%s", a.paint(green, words))
	}
	return f.print(a)
}

// fading returns when v fades: the time left, and the moment.
func (a *app) fading(v *client.Memory, now time.Time) string {
	switch {
	case v.FadesAt == nil && keptBy(v) != "":
		return "never (" + keptBy(v) + ")"
	case v.FadesAt == nil:
		return "never"
	}
	return fmt.Sprintf("%s (%s)", left(v.FadesAt, now), v.FadesAt)
}

// left returns the time left until t, by this machine's clock.
func left(t *client.Timestamp, now time.Time) string {
	if t == nil {
		return "never"
	}
	if d := t.Sub(now); d > 0 {
		return span(d)
	}
	return "now"
}

func keptBy(v *client.Memory) string {
	var words []string
	if v.Pinned {
		words = append(words, "pinned")
	}
	if v.Crystallized {
		words = append(words, "crystallized")
	}
	return strings.Join(words, ", ")
}

// marks returns letters for a table: P for pinned, C for crystallized, T for a ttl.
func marks(v *client.Memory) string {
	s := ""
	if v.Pinned {
		s += "P"
	}
	if v.Crystallized {
		s += "C"
	}
	if v.TTL != nil {
		s += "T"
	}
	return s
}

func decayColor(decay float64) string {
	switch {
	case decay < 0.5:
		return green
	case decay < 0.8:
		return yellow
	}
	return red
}

func isDefault(s *sigil.State) bool {
	return s.Phi == 0.5 && s.Coherence == 0.5 && s.Awareness == 0.5 && s.EmotionalResonance == 0.5 && len(s.Extra) == 0
}
