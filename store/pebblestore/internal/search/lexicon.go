package search

import (
	"bytes"
	"slices"
	"sort"
)

// lexicon holds the numbers of a vocabulary's terms in the order of their texts, in runs: sorted slices. It is what
// prefixes are looked up in.
type lexicon struct {
	runs [][]uint32 // none is empty
}

// runSize is the maximum number of terms in a run.
const runSize = 256

// place returns the position of the first term that is not before text.
func (l *lexicon) place(v *vocabulary, text []byte) (run, at int) {
	run = max(0, sort.Search(len(l.runs), func(i int) bool { return bytes.Compare(v.text(l.runs[i][0]), text) > 0 })-1)
	if run == len(l.runs) {
		return run, 0
	}
	at, _ = slices.BinarySearchFunc(l.runs[run], text, func(number uint32, text []byte) int {
		return bytes.Compare(v.text(number), text)
	})
	return run, at
}

// insert adds a term, which must not be in it.
func (l *lexicon) insert(v *vocabulary, number uint32) {
	run, at := l.place(v, v.text(number))
	if run == len(l.runs) {
		l.runs = append(l.runs, []uint32{number})
		return
	}
	if full := l.runs[run]; len(full) == runSize {
		const half = runSize / 2
		l.runs = slices.Insert(l.runs, run+1, slices.Clone(full[half:]))
		l.runs[run] = full[:half]
		if at > half {
			run, at = run+1, at-half
		}
	}
	l.runs[run] = slices.Insert(l.runs[run], at, number)
}

// remove deletes a term, which must be in it.
func (l *lexicon) remove(v *vocabulary, number uint32) {
	run, at := l.place(v, v.text(number))
	l.runs[run] = slices.Delete(l.runs[run], at, at+1)
	if len(l.runs[run]) == 0 {
		l.runs = slices.Delete(l.runs, run, run+1)
	}
}

// from calls visit with the terms that are not before text, in their order, until visit returns false.
func (l *lexicon) from(v *vocabulary, text []byte, visit func(number uint32) bool) {
	run, at := l.place(v, text)
	for ; run < len(l.runs); run, at = run+1, 0 {
		for _, number := range l.runs[run][at:] {
			if !visit(number) {
				return
			}
		}
	}
}

func (l *lexicon) bytes() int {
	n := 24 * cap(l.runs)
	for _, run := range l.runs {
		n += 4 * cap(run)
	}
	return n
}
