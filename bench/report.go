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

// spread is what several rounds gave.
type spread struct{ median, least, most float64 }

func spreadOf(values []float64) spread {
	v := slices.Sorted(slices.Values(values))
	if len(v) == 0 {
		return spread{}
	}
	return spread{median: (v[(len(v)-1)/2] + v[len(v)/2]) / 2, least: v[0], most: v[len(v)-1]}
}

func (s spread) String() string {
	return fmt.Sprintf("%s (%s to %s)", short(s.median), short(s.least), short(s.most))
}

// Parts of a figure.
func rate(f figure) float64 { return f.rate }
func p50(f figure) float64  { return float64(f.p50) }
func p99(f figure) float64  { return float64(f.p99) }
func p999(f figure) float64 { return float64(f.p999) }

// of returns a part of each round's figure.
func (m measured) of(part func(figure) float64) spread {
	var v []float64
	for _, f := range m.figures {
		v = append(v, part(f))
	}
	return spreadOf(v)
}

// ratio is that of each pair of one round.
func ratio(m, to measured, part func(figure) float64) spread {
	var v []float64
	for i := range min(len(m.figures), len(to.figures)) {
		v = append(v, part(m.figures[i])/part(to.figures[i]))
	}
	return spreadOf(v)
}

// An aim is a bound that a median is to keep; the zero value is none.
type aim struct {
	bound float64
	most  bool // else at least
	unit  string
}

func atLeast(bound float64) aim { return aim{bound: bound} }
func atMost(bound float64) aim  { return aim{bound: bound, most: true} }

// say returns whether the aim is met.
func (a aim) say(s spread) string {
	if a.bound == 0 {
		return ""
	}
	sign, met := "≥", s.median >= a.bound
	if a.most {
		sign, met = "≤", s.median <= a.bound
	}
	word := "missed"
	if met {
		word = "met"
	}
	return fmt.Sprintf("%s %s%s: %s", sign, number(a.bound), a.unit, word)
}

// table is one of Markdown.
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

// against makes rows of sides that were compared, the first of which is ours: what each gave, and our rate
// to each. aims are by the names of sides.
func against(label string, all []measured, aims map[string]aim) (rows table) {
	for i, m := range all {
		to, verdict := "", ""
		if i > 0 {
			r := ratio(all[0], m, rate)
			to, verdict = r.String(), aims[m.name].say(r)
		}
		rows = append(rows, []string{label, m.name, number(m.of(rate).median), span(m.of(p50)), span(m.of(p99)), span(m.of(p999)), to, verdict})
	}
	return rows
}

// heading is that of rows which against makes.
func heading(label, operation string) table {
	return table{{label, "", operation, "p50", "p99", "p99.9", "Sigil to it: median (least to most)", "aim"}}
}

// span shows a median of times.
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

// short shows three digits or so.
func short(f float64) string {
	switch {
	case math.Abs(f) >= 100:
		return number(f)
	case math.Abs(f) >= 10:
		return fmt.Sprintf("%.1f", f)
	}
	return fmt.Sprintf("%.2f", f)
}

// number shows a whole number with commas, and one below ten with what it has behind the point.
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

// write puts a block between its marks in a file, and leaves the rest as it is.
func write(path, name, block string) error {
	text, err := os.ReadFile(path)
	if err != nil {
		return err
	}
	begin, end := "<!-- bench:"+name+" -->\n", "<!-- /bench:"+name+" -->"
	before, rest, ok1 := bytes.Cut(text, []byte(begin))
	_, after, ok2 := bytes.Cut(rest, []byte(end))
	if !ok1 || !ok2 {
		return fmt.Errorf("%s has no place for %s: %s and %s", path, name, strings.TrimSpace(begin), end)
	}
	text = slices.Concat(before, []byte(begin+"\n"+strings.TrimSpace(block)+"\n\n"+end), after)
	return os.WriteFile(path, text, 0o644) //nolint:gosec // a document for everybody
}

// seconds makes a figure of n things done in a time.
func seconds(n int, took time.Duration) figure { return figure{rate: float64(n) / took.Seconds()} }
