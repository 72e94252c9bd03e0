package cli

import (
	"fmt"
	"slices"
	"time"

	"github.com/sigil-dna/sigil"
	"github.com/sigil-dna/sigil/client"
)

// count counts an item that was not refused.
func (l *loader) count(item *client.BatchItem) {
	id, of := item.ID, item.DuplicateOf
	if item.Memory != nil {
		id, of = &item.Memory.ID, item.Memory.DuplicateOf
	}
	switch {
	case of != nil && *of == *id:
		l.reinforced++
		return
	case of != nil:
		l.duplicates++
	}
	l.encoded++
}

// summary returns what has been done, in words.
func (l *loader) summary(d time.Duration) string {
	text := fmt.Sprintf("encoded %d, ", l.encoded)
	if l.reinforced > 0 {
		text += fmt.Sprintf("reinforced %d, ", l.reinforced)
	}
	if l.already > 0 {
		text += fmt.Sprintf("encoded before %d, ", l.already)
	}
	text += fmt.Sprintf("failed %d in %s", l.failed, took(d))
	if l.duplicates > 0 {
		text += fmt.Sprintf("; the content of %d was there already", l.duplicates)
	}
	return text
}

// warn counts the warnings of an item.
func (l *loader) warn(item *client.BatchItem) {
	all := item.Warnings
	if item.Memory != nil {
		all = item.Memory.Warnings
	}
	for _, w := range all {
		i := slices.IndexFunc(l.warnings, func(known warned) bool { return known.Warning == w })
		if i < 0 && len(l.warnings) == maxWarnings {
			continue
		}
		if i < 0 {
			i, l.warnings = len(l.warnings), append(l.warnings, warned{Warning: w})
		}
		l.warnings[i].memories++
	}
}

// keptLine is what --json prints for a line of an import.
type keptLine struct {
	Line        int              `json:"line,omitempty"`  // of a line
	Place       string           `json:"place,omitempty"` // of a memory of another format
	ID          *sigil.ID        `json:"id"`
	DuplicateOf *sigil.ID        `json:"duplicateOf,omitempty"`
	Similar     []client.Similar `json:"similar,omitzero"`
	Warnings    []client.Warning `json:"warnings,omitempty"`
}

// keptMemory is what --json prints for a line of an encode.
type keptMemory struct {
	*client.Memory
	Line int `json:"line"`
}

func (l *loader) print(line int, place string, item *client.BatchItem) error {
	switch a := l.app; {
	case item.Memory != nil:
		return a.json(keptMemory{item.Memory, line})
	case l.silent && a.flags.json:
		if place != "" {
			line = 0
		}
		return a.json(keptLine{line, place, item.ID, item.DuplicateOf, item.Similar, item.Warnings})
	case l.silent:
		return nil
	case a.flags.quiet:
		_, err := fmt.Fprintln(a.out, item.ID)
		return err
	}
	return nil
}
