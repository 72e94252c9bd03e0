package search

import (
	"bytes"
	"hash/maphash"
	"math/bits"
	"slices"
)

const (
	// termChunk is how many terms are allocated together: few, for a tenant with one memory.
	termChunk = 64
	// maxText is the maximum length of a term in bytes. Longer ones are not indexed.
	maxText = 1 << 10
)

// vocabulary holds the terms of an index. A term has a number as long as a memory has it, dead ones included. Then
// the number is used for another. Number 0 is no term's.
//
// Terms are found by a linear hash table: with every second new term one chain is split in two, so that no call has to move
// all of them. Nothing has pointers, except to large pieces: the garbage collector would visit all terms otherwise.
type vocabulary struct {
	seed   maphash.Seed
	chains []uint32 // the first term of each chain, or 0
	chunks []*[termChunk]term
	count  uint32   // numbers that were ever used
	free   []uint32 // numbers to use again
	order  lexicon
	texts  texts // those that are not inline
}

// inline is the maximum length of a text that is in its term, in bytes. Most are: it is read from memory with the term.
const inline = 14

// term takes 32 bytes, so that it is in one cache line.
type term struct {
	hash uint32
	next uint32 // the next term of the chain, or 0
	df   uint32 // how many memories have it, dead ones included
	list uint32 // its list in the memtable: the index + 1, or 0
	size uint16
	text [inline]byte // or its place in texts
}

func newVocabulary() vocabulary {
	return vocabulary{seed: maphash.MakeSeed(), chains: make([]uint32, 2), chunks: []*[termChunk]term{new([termChunk]term)}}
}

func (v *vocabulary) at(number uint32) *term {
	return &v.chunks[number/termChunk][number%termChunk]
}

// text returns the text of a term, which the caller must not keep.
func (v *vocabulary) text(number uint32) []byte {
	t := v.at(number)
	if t.size <= inline {
		return t.text[:t.size]
	}
	return v.texts.at(placeOf(t), int(t.size))
}

// len returns how many terms there are.
func (v *vocabulary) len() int { return int(v.count) - len(v.free) }

func (v *vocabulary) hash(text string) uint32 { return uint32(maphash.String(v.seed, text)) }

// chain returns the index of a hash's chain. There are between power and 2 × power chains, and those that are not split yet, by one
// more bit of the hash, have the terms of two.
func (v *vocabulary) chain(hash uint32) uint32 {
	power := uint32(1) << (bits.Len(uint(len(v.chains))) - 1)
	if at := hash & (2*power - 1); int(at) < len(v.chains) {
		return at
	}
	return hash & (power - 1)
}

// find returns the number of a term, or 0.
func (v *vocabulary) find(text string) uint32 {
	hash := v.hash(text)
	return v.findIn(v.chains[v.chain(hash)], hash, text)
}

// findIn returns the number of a term in the rest of a chain that begins with number, or 0.
func (v *vocabulary) findIn(number, hash uint32, text string) uint32 {
	for number != 0 {
		t := v.at(number)
		if t.hash == hash && string(v.text(number)) == text {
			return number
		}
		number = t.next
	}
	return 0
}

// intern returns the number of a term, which it adds if it is new.
func (v *vocabulary) intern(hash uint32, text string) uint32 {
	chain := &v.chains[v.chain(hash)]
	if number := v.findIn(*chain, hash, text); number != 0 {
		return number
	}
	number := v.number()
	t := v.at(number)
	*t = term{hash: hash, next: *chain, size: uint16(len(text))}
	if *chain = number; len(text) <= inline {
		copy(t.text[:], text)
	} else {
		setPlace(t, v.texts.add(text))
	}
	v.order.insert(v, number)
	if len(v.chains) < 2*v.len() {
		v.split()
		v.split()
	}
	return number
}

// internAll stores the numbers of terms into l, and 0 for those that are not indexed.
func (v *vocabulary) internAll(terms []Term, l *lookups) {
	l.hashes, l.firsts, l.numbers = l.hashes[:0], l.firsts[:0], l.numbers[:0]
	for i := range terms {
		l.hashes = append(l.hashes, v.hash(terms[i].Text))
	}
	for _, hash := range l.hashes {
		l.numbers = append(l.numbers, v.chains[v.chain(hash)])
	}
	for _, number := range l.numbers {
		l.firsts = append(l.firsts, v.at(number).hash)
	}
	for i, hash := range l.hashes {
		text := terms[i].Text
		switch {
		case len(text) == 0 || len(text) > maxText || terms[i].Count <= 0:
			l.numbers[i] = 0
		case l.firsts[i] != hash || l.numbers[i] == 0 || string(v.text(l.numbers[i])) != text:
			l.numbers[i] = v.intern(hash, text)
		}
	}
}

// split splits the next chain that is to be split.
func (v *vocabulary) split() {
	n := len(v.chains)
	power := 1 << (bits.Len(uint(n)) - 1)
	all := v.chains[n-power]
	v.chains[n-power] = 0
	v.chains = append(v.chains, 0)
	for all != 0 {
		t := v.at(all)
		chain := &v.chains[v.chain(t.hash)]
		all, t.next, *chain = t.next, *chain, all
	}
}

// number returns a number for a new term.
func (v *vocabulary) number() uint32 {
	if last := len(v.free) - 1; last >= 0 {
		number := v.free[last]
		v.free = v.free[:last]
		return number
	}
	if v.count++; int(v.count/termChunk) == len(v.chunks) {
		v.chunks = append(v.chunks, new([termChunk]term))
	}
	return v.count
}

// release takes n from the document frequency of a term. A term that no memory has is deleted.
func (v *vocabulary) release(number, n uint32) {
	t := v.at(number)
	if t.df -= n; t.df > 0 {
		return
	}
	v.order.remove(v, number)
	at := &v.chains[v.chain(t.hash)]
	for *at != number {
		at = &v.at(*at).next
	}
	*at = t.next
	if t.size > inline {
		v.texts.remove(placeOf(t), int(t.size))
	}
	*t = term{}
	v.free = append(v.free, number)
}

// expand returns the terms that a prefix stands for and the sum of their document frequencies. If they have more than maxShared
// postings, the most frequent are first.
func (v *vocabulary) expand(prefix []byte) (found []uint32, df int) {
	v.order.from(v, prefix, func(number uint32) bool {
		if len(found) == maxExpansion || !bytes.HasPrefix(v.text(number), prefix) {
			return false
		}
		found = append(found, number)
		df += int(v.at(number).df)
		return true
	})
	if df > maxShared {
		slices.SortFunc(found, func(a, b uint32) int { return int(v.at(b).df) - int(v.at(a).df) })
	}
	return found, df
}

// alone returns how many of the terms of a prefix, which have df postings together, have a choice of their own.
func (v *vocabulary) alone(terms []uint32, df int) (n int) {
	for n < len(terms) && n < maxAlone && df > maxShared {
		df -= int(v.at(terms[n]).df)
		n++
	}
	return n
}

// bytes returns how much memory it takes.
func (v *vocabulary) bytes() int {
	return 8*cap(v.chunks) + 32*termChunk*len(v.chunks) + 4*cap(v.chains) + 4*cap(v.free) + v.order.bytes() + v.texts.bytes()
}
