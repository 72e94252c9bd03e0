package cli

import (
	"fmt"
	"strings"

	"github.com/sigil-dna/sigil/internal/imports"
)

// shownPlaces is how many places the report of an import shows for each reason.
const shownPlaces = 3

// importReport counts what an import left out or changed, by reason.
type importReport struct {
	app   *app
	lines []*reportLine
}

type reportLine struct {
	outcome imports.Outcome
	reason  string
	n       int
	places  []string // the first ones
}

// add counts a remark. With --json each is printed.
func (r *importReport) add(remark *imports.Remark) error {
	var line *reportLine
	for _, known := range r.lines {
		if known.outcome == remark.Outcome && known.reason == remark.Reason {
			line = known
		}
	}
	if line == nil {
		line = &reportLine{outcome: remark.Outcome, reason: remark.Reason}
		r.lines = append(r.lines, line)
	}
	line.n += remark.Count
	if remark.Place != "" && len(line.places) < shownPlaces {
		line.places = append(line.places, remark.Place)
	}
	if r.app.flags.json {
		return r.app.json(remark)
	}
	return nil
}

// print prints what was left out, then what was changed, then the rest.
func (r *importReport) print() {
	for _, outcome := range []imports.Outcome{imports.LeftOut, imports.Changed, imports.Noted} {
		for _, line := range r.lines {
			if line.outcome != outcome {
				continue
			}
			text := fmt.Sprintf("%s %d: %s", outcome, line.n, line.reason)
			if len(line.places) > 0 {
				text += " (" + strings.Join(line.places, "; ")
				if more := line.n - len(line.places); more > 0 {
					text += fmt.Sprintf("; and %d more, which --json lists", more)
				}
				text += ")"
			}
			r.app.say("%s", text)
		}
	}
}
