package search

import "encoding/binary"

const (
	// textChunk is the size of the pieces of memory in which texts lie, but of the first ones.
	textChunk = 1 << 16
	// textUnit is the size to a multiple of which texts are rounded up.
	textUnit = 8
)

// texts holds texts of at most maxText bytes. The place of one that was removed is used for another of the same size, rounded
// up.
type texts struct {
	pieces [][]byte
	free   map[int][]uint32 // places to use again, by rounded size
}

// placeOf returns the place of a term's text, which is not inline: the piece, and 16 bits of offset.
func placeOf(t *term) uint32 { return binary.LittleEndian.Uint32(t.text[:]) }

func setPlace(t *term, at uint32) { binary.LittleEndian.PutUint32(t.text[:], at) }

func (t *texts) at(place uint32, size int) []byte { return t.pieces[place>>16][place&0xffff:][:size] }

func rounded(size int) int { return (size + textUnit - 1) / textUnit * textUnit }

// add copies a text, and returns its place.
func (t *texts) add(text string) uint32 {
	size := rounded(len(text))
	if free := t.free[size]; len(free) > 0 {
		at := free[len(free)-1]
		t.free[size] = free[:len(free)-1]
		copy(t.at(at, size), text)
		return at
	}
	last := len(t.pieces) - 1
	if last < 0 || len(t.pieces[last])+size > cap(t.pieces[last]) {
		last++
		t.pieces = append(t.pieces, make([]byte, 0, max(size, min(256<<min(last, 8), textChunk))))
	}
	at := len(t.pieces[last])
	t.pieces[last] = append(t.pieces[last], make([]byte, size)...)
	copy(t.pieces[last][at:], text)
	return uint32(last)<<16 | uint32(at)
}

func (t *texts) remove(place uint32, size int) {
	if t.free == nil {
		t.free = map[int][]uint32{}
	}
	t.free[rounded(size)] = append(t.free[rounded(size)], place)
}

func (t *texts) bytes() int {
	n := 24 * cap(t.pieces)
	for _, piece := range t.pieces {
		n += cap(piece)
	}
	for _, places := range t.free {
		n += 4 * cap(places)
	}
	return n
}
