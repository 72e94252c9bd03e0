package words_test

import (
	"strings"

	"github.com/sigil-dna/sigil/internal/words"
)

// index is what a store keeps of one memory: its terms.
type index map[string]bool

func indexed(doc words.Document) index {
	all := index{}
	for _, t := range doc.Terms {
		all[t.Text] = true
	}
	return all
}

// has reports whether the memory has one of some terms, one that begins with prefix, or one of cut.
func (x index) has(terms []string, prefix string, cut []string) bool {
	for _, t := range append(append([]string(nil), terms...), cut...) {
		if x[t] {
			return true
		}
	}
	for t := range x {
		if prefix != "" && strings.HasPrefix(t, prefix) {
			return true
		}
	}
	return false
}

func (x index) satisfies(c words.Clause) bool {
	for _, choice := range c.All {
		if !x.has(choice.Terms, choice.Prefix, choice.Cut) {
			return false
		}
	}
	return true
}

// candidate reports whether the memory is left after the first two steps of a search, as told at Query.
func (x index) candidate(q *words.Query) bool {
	found := len(q.Not) > 0
	if len(q.Must) > 0 {
		found = true
		for _, c := range q.Must {
			found = found && x.satisfies(c)
		}
	} else if len(q.Words) > 0 {
		found = false
		for _, w := range q.Words {
			var terms []string
			if w.Term != "" {
				terms = []string{w.Term}
			}
			found = found || x.has(terms, w.Prefix, w.Cut)
		}
	}
	for _, c := range q.Not {
		if !c.Verify && x.satisfies(c) {
			return false
		}
	}
	return found
}
