package search

import (
	"bytes"
	"cmp"
	"encoding/binary"
	"slices"
	"sort"
)

// lexicon holds the numbers of a vocabulary's terms in the order of their texts, in runs. It is what prefixes are looked up
// in. Beside each number is the beginning of the term's text, since the texts themselves are scattered in memory.
type lexicon struct {
	runs   []run
	firsts []uint64 // the first key of each run
}

// run has some terms, in the order of their texts. It is not empty.
type run struct {
	keys    []uint64
	numbers []uint32
}

// runSize is the maximum number of terms in a run.
const runSize = 256

// keyOf returns the beginning of a text as a number: texts with different keys are in the order of these.
func keyOf(text []byte) uint64 {
	var beginning [8]byte
	copy(beginning[:], text)
	return binary.BigEndian.Uint64(beginning[:])
}

// place returns the position of the first term that is not before text.
func (l *lexicon) place(v *vocabulary, text []byte) (at, in int) {
	key := keyOf(text)
	compare := func(other uint64, number uint32) int {
		if other != key {
			return cmp.Compare(other, key)
		}
		return bytes.Compare(v.text(number), text)
	}
	at = max(0, sort.Search(len(l.runs), func(i int) bool { return compare(l.firsts[i], l.runs[i].numbers[0]) > 0 })-1)
	if at == len(l.runs) {
		return at, 0
	}
	r := &l.runs[at]
	return at, sort.Search(len(r.keys), func(i int) bool { return compare(r.keys[i], r.numbers[i]) >= 0 })
}

// insert adds a term, which must not be in it.
func (l *lexicon) insert(v *vocabulary, number uint32) {
	text := v.text(number)
	key := keyOf(text)
	at, in := l.place(v, text)
	if at == len(l.runs) {
		l.runs, l.firsts = append(l.runs, run{[]uint64{key}, []uint32{number}}), append(l.firsts, key)
		return
	}
	if full := &l.runs[at]; len(full.keys) == runSize {
		const half = runSize / 2
		second := run{slices.Clone(full.keys[half:]), slices.Clone(full.numbers[half:])}
		full.keys, full.numbers = full.keys[:half], full.numbers[:half]
		l.runs, l.firsts = slices.Insert(l.runs, at+1, second), slices.Insert(l.firsts, at+1, second.keys[0])
		if in > half {
			at, in = at+1, in-half
		}
	}
	r := &l.runs[at]
	r.keys, r.numbers = slices.Insert(r.keys, in, key), slices.Insert(r.numbers, in, number)
	l.firsts[at] = r.keys[0]
}

// remove deletes a term, which must be in it.
func (l *lexicon) remove(v *vocabulary, number uint32) {
	at, in := l.place(v, v.text(number))
	r := &l.runs[at]
	r.keys, r.numbers = slices.Delete(r.keys, in, in+1), slices.Delete(r.numbers, in, in+1)
	if len(r.keys) == 0 {
		l.runs, l.firsts = slices.Delete(l.runs, at, at+1), slices.Delete(l.firsts, at, at+1)
		return
	}
	l.firsts[at] = r.keys[0]
}

// from calls visit with the terms that are not before text, in their order, until visit returns false.
func (l *lexicon) from(v *vocabulary, text []byte, visit func(number uint32) bool) {
	at, in := l.place(v, text)
	for ; at < len(l.runs); at, in = at+1, 0 {
		for _, number := range l.runs[at].numbers[in:] {
			if !visit(number) {
				return
			}
		}
	}
}

func (l *lexicon) bytes() int {
	n := 48*cap(l.runs) + 8*cap(l.firsts)
	for _, r := range l.runs {
		n += 8*cap(r.keys) + 4*cap(r.numbers)
	}
	return n
}
