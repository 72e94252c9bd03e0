package search

import "hash/maphash"

const (
	// termChunk is how many terms are allocated together: few, for a tenant with one memory.
	termChunk = 64
	// maxText is the maximum length of a term in bytes. Longer ones are not indexed.
	maxText = 1 << 10
	// textChunk is the size of the pieces of memory in which the texts of terms lie, but of the first ones.
	textChunk = 1 << 16
	// textUnit is the size to a multiple of which texts are rounded up.
	textUnit = 4
)

// vocabulary holds the terms of an index. A term has a number as long as a memory has it, dead ones included. Then
// the number is used for another. Number 0 is no term's.
//
// Nothing in it has pointers, except to large pieces: the garbage collector would visit all terms otherwise.
type vocabulary struct {
	seed   maphash.Seed
	byHash map[uint64]uint32 // the first term with a hash; next leads to others
	chunks []*[termChunk]term
	count  uint32   // numbers that were ever used
	free   []uint32 // numbers to use again
	order  lexicon

	texts     [][]byte
	freeTexts map[int][]uint32 // places to use again, by size in units
}

type term struct {
	text uint32 // its place: the piece, and 16 bits of offset
	next uint32 // the next term with the same hash, or 0
	df   uint32 // how many memories have it, dead ones included
	list uint32 // its list in the memtable: the index + 1, or 0
	size uint16
}

func newVocabulary() vocabulary {
	return vocabulary{seed: maphash.MakeSeed(), byHash: map[uint64]uint32{}, freeTexts: map[int][]uint32{}}
}

func (v *vocabulary) at(number uint32) *term {
	return &v.chunks[number/termChunk][number%termChunk]
}

func (v *vocabulary) text(number uint32) []byte {
	t := v.at(number)
	return v.texts[t.text>>16][t.text&0xffff:][:t.size]
}

// len returns how many terms there are.
func (v *vocabulary) len() int { return int(v.count) - len(v.free) }

// find returns the number of a term, or 0.
func (v *vocabulary) find(text string) uint32 {
	return v.findHashed(maphash.String(v.seed, text), text)
}

func (v *vocabulary) findHashed(hash uint64, text string) uint32 {
	number := v.byHash[hash]
	for number != 0 && string(v.text(number)) != text {
		number = v.at(number).next
	}
	return number
}

// intern returns the number of a term, which it adds if it is new.
func (v *vocabulary) intern(text string) uint32 {
	hash := maphash.String(v.seed, text)
	if number := v.findHashed(hash, text); number != 0 {
		return number
	}
	number := v.number()
	*v.at(number) = term{text: v.store(text), size: uint16(len(text)), next: v.byHash[hash]}
	v.byHash[hash] = number
	v.order.insert(v, number)
	return number
}

// number returns a number for a new term.
func (v *vocabulary) number() uint32 {
	if last := len(v.free) - 1; last >= 0 {
		number := v.free[last]
		v.free = v.free[:last]
		return number
	}
	v.count++
	if int(v.count/termChunk) == len(v.chunks) {
		v.chunks = append(v.chunks, new([termChunk]term))
	}
	return v.count
}

// units returns the size of a text in units.
func units(size int) int { return (size + textUnit - 1) / textUnit }

// store copies a text, and returns its place.
func (v *vocabulary) store(text string) uint32 {
	n := units(len(text))
	if places := v.freeTexts[n]; len(places) > 0 {
		at := places[len(places)-1]
		v.freeTexts[n] = places[:len(places)-1]
		copy(v.texts[at>>16][at&0xffff:], text)
		return at
	}
	last := len(v.texts) - 1
	if last < 0 || len(v.texts[last])+n*textUnit > cap(v.texts[last]) {
		last++
		v.texts = append(v.texts, make([]byte, 0, max(n*textUnit, min(512<<min(last, 16), textChunk))))
	}
	at := len(v.texts[last])
	v.texts[last] = v.texts[last][:at+n*textUnit]
	copy(v.texts[last][at:], text)
	return uint32(last)<<16 | uint32(at)
}

// release takes n from the document frequency of a term. A term that no memory has is deleted.
func (v *vocabulary) release(number, n uint32) {
	t := v.at(number)
	if t.df -= n; t.df > 0 {
		return
	}
	v.order.remove(v, number)
	v.unlink(number)
	size := units(int(t.size))
	v.freeTexts[size] = append(v.freeTexts[size], t.text)
	*t = term{}
	v.free = append(v.free, number)
}

// unlink takes a term from those with its hash.
func (v *vocabulary) unlink(number uint32) {
	hash := maphash.Bytes(v.seed, v.text(number))
	next := v.at(number).next
	at := v.byHash[hash]
	switch {
	case at == number && next == 0:
		delete(v.byHash, hash)
		return
	case at == number:
		v.byHash[hash] = next
		return
	}
	for v.at(at).next != number {
		at = v.at(at).next
	}
	v.at(at).next = next
}

// bytes returns about how much memory it takes.
func (v *vocabulary) bytes() int {
	const perHash = 32 // of a map: 12 bytes, padding, and free places
	n := len(v.chunks)*termChunk*20 + len(v.byHash)*perHash + 4*cap(v.free) + v.order.bytes()
	for _, piece := range v.texts {
		n += cap(piece)
	}
	for _, places := range v.freeTexts {
		n += 4 * cap(places)
	}
	return n
}
