package main

import (
	"bytes"
	"fmt"
	"math"
	"os"
	"slices"
	"strings"
	"time"
)

// spread is the median, minimum and maximum of several rounds.
type spread struct{ median, minimum, maximum float64 }

func spreadOf(values []float64) spread {
	v := slices.Sorted(slices.Values(values))
	if len(v) == 0 {
		return spread{}
	}
	return spread{median: (v[(len(v)-1)/2] + v[len(v)/2]) / 2, minimum: v[0], maximum: v[len(v)-1]}
}

func (s spread) String() string {
	return fmt.Sprintf("%s (%s to %s)", short(s.median), short(s.minimum), short(s.maximum))
}

// rate, p50, p99 and p999 each return one part of a figure.
func rate(f figure) float64 { return f.rate }
func p50(f figure) float64  { return float64(f.p50) }
func p99(f figure) float64  { return float64(f.p99) }
func p999(f figure) float64 { return float64(f.p999) }

// of returns the spread of one part over all rounds.
func (m measured) of(part func(figure) float64) spread {
	var v []float64
	for _, f := range m.figures {
		v = append(v, part(f))
	}
	return spreadOf(v)
}

// ratio returns the spread of m's part divided by to's, round by round.
func ratio(m, to measured, part func(figure) float64) spread {
	var v []float64
	for i := range min(len(m.figures), len(to.figures)) {
		v = append(v, part(m.figures[i])/part(to.figures[i]))
	}
	return spreadOf(v)
}

// A target is a bound for a median. The zero value means that there is no target.
type target struct {
	bound float64
	upper bool // the bound is an upper one
	unit  string
}

func atLeast(bound float64) target { return target{bound: bound} }
func atMost(bound float64) target  { return target{bound: bound, upper: true} }

// say returns the target and whether the median meets it, or "" if there is no target.
func (t target) say(s spread) string {
	if t.bound == 0 {
		return ""
	}
	sign, met := "≥", s.median >= t.bound
	if t.upper {
		sign, met = "≤", s.median <= t.bound
	}
	word := "missed"
	if met {
		word = "met"
	}
	return fmt.Sprintf("%s %s%s: %s", sign, number(t.bound), t.unit, word)
}

// table is a Markdown table. Its first row is the heading.
type table [][]string

func (t table) String() string {
	var b strings.Builder
	for i, row := range t {
		fmt.Fprintf(&b, "| %s |\n", strings.Join(row, " | "))
		if i == 0 {
			b.WriteString("|" + strings.Repeat(" --- |", len(row)) + "\n")
		}
	}
	return b.String()
}

// against returns a row for each side that was compared: its figures, and the first side's rate (ours) divided by its
// rate. targets are by the name of the side.
func against(label string, all []measured, targets map[string]target) (rows table) {
	for i, m := range all {
		to, verdict := "", ""
		if i > 0 {
			r := ratio(all[0], m, rate)
			to, verdict = r.String(), targets[m.name].say(r)
		}
		rows = append(rows, []string{label, m.name, number(m.of(rate).median), span(m.of(p50)), span(m.of(p99)), span(m.of(p999)), to, verdict})
	}
	return rows
}

// heading returns the heading for the rows of against.
func heading(label, operation string) table {
	return table{{label, "", operation, "p50", "p99", "p99.9", "Sigil ÷ it: median (min to max)", "target"}}
}

// span formats the median of times, or returns "" if they were not measured.
func span(s spread) string {
	if s.median == 0 {
		return ""
	}
	return duration(s.median)
}

func duration(ns float64) string {
	for _, u := range []struct {
		size float64
		name string
	}{{1e9, "s"}, {1e6, "ms"}, {1e3, "µs"}} {
		if ns >= u.size {
			return short(ns/u.size) + " " + u.name
		}
	}
	return short(ns) + " ns"
}

// short formats a number with two decimals below 10, one below 100, and none from there on.
func short(f float64) string {
	switch {
	case math.Abs(f) >= 100:
		return number(f)
	case math.Abs(f) >= 10:
		return fmt.Sprintf("%.1f", f)
	}
	return fmt.Sprintf("%.2f", f)
}

// number formats a whole number with commas. Below 10 it keeps up to two decimals.
func number(f float64) string {
	if f < 10 && f != math.Trunc(f) {
		return strings.TrimRight(strings.TrimRight(fmt.Sprintf("%.2f", f), "0"), ".")
	}
	s := fmt.Sprintf("%.0f", f)
	for i := len(s) - 3; i > 0; i -= 3 {
		s = s[:i] + "," + s[i:]
	}
	return s
}

// write replaces the text between the markers of name in a file. The rest of the file stays as it is.
func write(path, name, block string) error {
	text, err := os.ReadFile(path)
	if err != nil {
		return err
	}
	begin, end := "<!-- bench:"+name+" -->\n", "<!-- /bench:"+name+" -->"
	before, rest, ok1 := bytes.Cut(text, []byte(begin))
	_, after, ok2 := bytes.Cut(rest, []byte(end))
	if !ok1 || !ok2 {
		return fmt.Errorf("%s has no markers for %s: want %s and %s", path, name, strings.TrimSpace(begin), end)
	}
	text = slices.Concat(before, []byte(begin+"\n"+strings.TrimSpace(block)+"\n\n"+end), after)
	return os.WriteFile(path, text, 0o644) //nolint:gosec // the file is for everybody to read
}

// perSecond returns a figure with the rate of n operations in the time they took.
func perSecond(n int, took time.Duration) figure { return figure{rate: float64(n) / took.Seconds()} }
