package cli

import (
	"fmt"
	"strings"

	"github.com/sigil-dna/sigil/client"
)

// leastData is the minimum number of columns of the last cell of a row, however narrow the terminal is.
const leastData = 8

// table prints rows as they come, because a list may be larger than memory. The head is printed before the first row.
// widths are the minimum widths of all columns but the last, which is cut at the edge of the terminal.
type table struct {
	a      *app
	head   []string
	widths []int
	begun  bool
}

func (t *table) row(cells ...string) error {
	if !t.begun {
		t.begun = true
		if err := t.line(dim, t.head); err != nil {
			return err
		}
	}
	return t.line("", cells)
}

func (t *table) line(color string, cells []string) error {
	var b strings.Builder
	for i, cell := range cells {
		cell = escape(cell)
		if i == len(cells)-1 {
			if t.a.columns > 0 {
				cell = cut(cell, max(leastData, t.a.columns-width(b.String())))
			}
			b.WriteString(cell)
			break
		}
		b.WriteString(cell + strings.Repeat(" ", max(0, t.widths[i]-width(cell))+2))
	}
	line := strings.TrimRight(b.String(), " ")
	if color != "" {
		line = t.a.paint(color, line)
	}
	_, err := fmt.Fprintln(t.a.out, line)
	return err
}

// memories returns a function that prints the memories of a list, one a line.
func (a *app) memories(resonance bool) func(*client.Memory) error {
	return a.memoriesWith(resonance, []string{"ID", "FADES", "DECAY", "POT.", "MARK", "DATA"})
}

// memoriesWithoutData is like memories, for a list whose memories have no data.
func (a *app) memoriesWithoutData() func(*client.Memory) error {
	return a.memoriesWith(false, []string{"ID", "FADES", "DECAY", "POT.", "MARK"})
}

func (a *app) memoriesWith(resonance bool, head []string) func(*client.Memory) error {
	t := &table{a: a, head: head, widths: []int{36, 6, 5, 4, 4}}
	if resonance {
		t.head, t.widths = append([]string{"RES."}, t.head...), append([]int{5}, t.widths...)
	}
	return func(v *client.Memory) error {
		if a.flags.quiet || a.flags.json {
			return a.memory(0, v)
		}
		cells := []string{
			v.ID.String(), left(v.FadesAt, a.now()), percent(v.Decay), fmt.Sprintf("%.2f", v.Potential), marks(v), string(v.Data),
		}
		if resonance {
			r := 0.0
			if v.Resonance != nil {
				r = *v.Resonance
			}
			cells = append([]string{fmt.Sprintf("%.3f", r)}, cells...)
		}
		return t.row(cells...)
	}
}
