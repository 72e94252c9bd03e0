package cli

import (
	"bytes"
	"encoding/json"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"unicode"

	"github.com/sigil-dna/sigil/client"
)

const (
	// snippets is the maximum number of values of one hit that are shown.
	snippets = 3
	// snippetWidth is the number of columns of a snippet if the output is not a terminal.
	snippetWidth = 100
	// matchColor is that of the words that were searched for: bold and yellow.
	matchColor = bold + ";" + yellow
	hitIndent  = "      "
	byMeaning  = "by meaning " // before a memory that has none of the words
)

// hits returns a function that prints the hits of a search.
func (a *app) hits() func(*client.Hit) error {
	nth := 0
	return func(h *client.Hit) error {
		switch {
		case a.flags.json:
			return a.json(h)
		case a.flags.quiet:
			return a.memory(0, &h.Memory)
		}
		if nth++; nth > 1 {
			fmt.Fprintln(a.out)
		}
		a.heading(h)
		a.places(h)
		if h.Explanation != nil {
			a.arithmetic(h)
		}
		return a.out.Flush()
	}
}

// heading prints what identifies a hit, when it fades, and its tags, on a line of their own if they do not fit.
func (a *app) heading(h *client.Hit) {
	v := &h.Memory
	line := fmt.Sprintf("%.2f  %s  fades %s", h.Score, v.ID, left(v.FadesAt, a.now()))
	if marks := marks(v); marks != "" {
		line += "  " + marks
	}
	used := width(line)
	fmt.Fprint(a.out, strings.Replace(line, v.ID.String(), a.paint(bold, v.ID.String()), 1))
	whole := used + len("  ") + width(escape(strings.Join(v.Tags, ", ")))
	for i, tag := range v.Tags {
		comma := ","
		if i == len(v.Tags)-1 {
			comma = ""
		}
		columns, gap := width(escape(tag)+comma), " "
		switch {
		case i == 0 && (a.columns == 0 || whole <= a.columns):
			gap = "  "
		case i == 0 || a.columns > 0 && used+1+columns > a.columns:
			gap, used = "\n"+hitIndent, len(hitIndent)-1
		}
		fmt.Fprint(a.out, gap+a.marked([]rune(tag), rangesOf(h, true, "/"+strconv.Itoa(i)))+comma)
		used += 1 + columns
	}
	fmt.Fprintln(a.out)
}

// rangesOf returns the ranges that matched in a tag or value.
func rangesOf(h *client.Hit, tag bool, pointer string) [][2]int {
	for _, m := range h.Matched {
		if m.Tag == tag && m.Pointer == pointer {
			return m.Ranges
		}
	}
	return nil
}

// headlines are the members of an object that say best what a memory is about, the best first.
var headlines = []string{"/text", "/content", "/memory", "/note", "/fact", "/summary", "/title"}

// headline returns the text of the first of these that there is, unless words of the query stand in it, which is then among the places.
func headline(h *client.Hit) (pointer, text string) {
	for _, pointer := range headlines {
		if text, ok := textAt(h.Memory.Data, pointer); ok && text != "" {
			if rangesOf(h, false, pointer) != nil {
				return "", ""
			}
			return pointer, text
		}
	}
	return "", ""
}

// places prints what a memory is about and the values in which words of the query stand, or, if there are none, the beginning of the data.
func (a *app) places(h *client.Hit) {
	most := snippetWidth
	if a.columns > 0 {
		most = max(2*leastData, a.columns-len(hitIndent))
	}
	shown, more := 0, 0
	if pointer, text := headline(h); text != "" && slices.ContainsFunc(h.Matched, func(m client.Matched) bool { return !m.Tag }) {
		fmt.Fprintf(a.out, "%s%s%s\n", hitIndent, a.paint(dim, pointer+" "), a.snippet(text, nil, most-len(pointer)-1))
	}
	for _, m := range h.Matched {
		text, ok := textAt(h.Memory.Data, m.Pointer)
		switch {
		case m.Tag || !ok:
			continue
		case shown == snippets:
			more++
			continue
		}
		shown++
		name := ""
		if m.Pointer != "" {
			name = cut(escape(m.Pointer), most/2) + " "
		}
		fmt.Fprintf(a.out, "%s%s%s\n", hitIndent, a.paint(dim, name), a.snippet(text, m.Ranges, most-width(name)))
	}
	if more > 0 {
		fmt.Fprintf(a.out, "%s%s\n", hitIndent, a.paint(dim, "and in "+count(more, "other place", "other places")))
	}
	if shown == 0 && h.Memory.Data != nil {
		by := ""
		if len(h.Matched) == 0 && h.Parts.Meaning > 0 {
			by = a.paint(dim, byMeaning)
			most -= width(byMeaning)
		}
		fmt.Fprintln(a.out, hitIndent+by+cut(escape(string(h.Memory.Data)), most))
	}
}

// snippet returns the part of a text around the first range, in at most some columns, with all ranges in it marked.
func (a *app) snippet(text string, ranges [][2]int, most int) string {
	runes, ranges := onOneLine(text, ranges)
	from := 0
	if len(ranges) > 0 && width(string(runes)) > most {
		from = snippetStart(runes, ranges[0][0], most)
	}
	before, after := "", ""
	if from > 0 {
		before = "…"
	}
	to, used := from, width(before)
	for to < len(runes) && used+runeWidth(runes[to]) <= most {
		used += runeWidth(runes[to])
		to++
	}
	if to < len(runes) {
		to = max(from, to-1)
		after = "…"
	}
	var inside [][2]int
	for _, r := range ranges {
		if r[0] < to && r[1] > from {
			inside = append(inside, [2]int{max(r[0], from) - from, min(r[1], to) - from})
		}
	}
	return before + a.marked(runes[from:to], inside) + after
}

// onOneLine returns a text in which white space is single spaces, and where its ranges are then.
func onOneLine(text string, ranges [][2]int) ([]rune, [][2]int) {
	runes := []rune(text)
	line, at := make([]rune, 0, len(runes)), make([]int, 1, len(runes)+1)
	for _, r := range runes {
		if !unicode.IsSpace(r) {
			line = append(line, r)
		} else if n := len(line); n == 0 || line[n-1] != ' ' {
			line = append(line, ' ')
		}
		at = append(at, len(line))
	}
	moved := make([][2]int, len(ranges))
	for i, r := range ranges {
		moved[i] = [2]int{at[min(r[0], len(runes))], at[min(r[1], len(runes))]}
	}
	return line, moved
}

// snippetStart returns where the snippet of a text begins that is too long for the columns: at the text's own beginning, or at a
// word some way before the first match; and no later than needed to show the end of the text.
func snippetStart(runes []rune, match, most int) int {
	if width(string(runes[:match])) < most/2 {
		return 0
	}
	from := match - most/4
	for rest := width(string(runes[from:])); from > 0 && rest+runeWidth(runes[from-1]) < most; from-- {
		rest += runeWidth(runes[from-1])
	}
	for i := max(from, 1); i < match; i++ {
		if runes[i-1] == ' ' {
			return i
		}
	}
	return from
}

// marked returns a text, safe for a terminal, with ranges in the color of matches.
func (a *app) marked(runes []rune, ranges [][2]int) string {
	var b strings.Builder
	at := 0
	for _, r := range ranges {
		from, to := min(max(r[0], at), len(runes)), min(r[1], len(runes))
		if to <= from {
			continue
		}
		b.WriteString(escape(string(runes[at:from])))
		b.WriteString(a.paint(matchColor, escape(string(runes[from:to]))))
		at = to
	}
	b.WriteString(escape(string(runes[at:])))
	return b.String()
}

// textAt returns the string or number at a JSON pointer.
func textAt(data []byte, pointer string) (string, bool) {
	dec := json.NewDecoder(bytes.NewReader(data))
	dec.UseNumber() // as it is written
	var v any
	if dec.Decode(&v) != nil {
		return "", false
	}
	names := strings.Split(pointer, "/")
	for _, name := range names[1:] {
		switch in := v.(type) {
		case map[string]any:
			v = in[strings.NewReplacer("~1", "/", "~0", "~").Replace(name)]
		case []any:
			i, err := strconv.Atoi(name)
			if err != nil || i < 0 || i >= len(in) {
				return "", false
			}
			v = in[i]
		default:
			return "", false
		}
	}
	switch text := v.(type) {
	case string:
		return text, true
	case json.Number:
		return text.String(), true
	}
	return "", false
}
