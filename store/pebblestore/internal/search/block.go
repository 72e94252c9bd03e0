package search

import (
	"encoding/binary"
	"math/bits"
)

// blockSize is the maximum number of postings in a block. All blocks of a list are full, except the last.
const blockSize = 128

// block is a part of a list of postings, as a segment stores them. Its data is a byte with the number of postings
// less one, then the gaps between the memories' numbers, then the counts less one, both in as few bits each as the
// largest needs. The last memory is not in the data.
type block struct {
	last      uint32 // the last memory
	at        uint32 // where its data begins
	impact    uint16 // the greatest of its postings
	gapBits   uint8
	countBits uint8
}

// padding is what follows the last block's data, so that 8 bytes can be read wherever a number begins.
const padding = 8

// unpack returns the number of some bits, at most 32, that begins at a bit of data.
func unpack(data []byte, at, bits uint) uint32 {
	return uint32(binary.LittleEndian.Uint64(data[at>>3:]) >> (at & 7) & (1<<bits - 1))
}

func (b *block) size(data []byte) int { return int(data[b.at]) + 1 }

// unpackDocs stores the memories of a block into into, and returns how many they are. before is the last memory of the
// block before, or noDoc.
func (b *block) unpackDocs(data []byte, before uint32, into *[blockSize]uint32) int {
	n := b.size(data)
	at, width, doc := uint(b.at+1)*8, uint(b.gapBits), before
	for i := range n - 1 {
		doc += 1 + unpack(data, at, width)
		into[i] = doc
		at += width
	}
	into[n-1] = b.last
	return n
}

// counts returns where the counts begin: a bit of the data of a block of n postings.
func (b *block) counts(n int) uint { return uint(b.at+1)*8 + uint(n-1)*uint(b.gapBits) }

// count returns the count of the posting i, when the counts begin at a bit of the data.
func (b *block) count(data []byte, counts uint, i int) uint32 {
	return 1 + unpack(data, counts+uint(i)*uint(b.countBits), uint(b.countBits))
}

// packer appends numbers of some bits to data.
type packer struct {
	data []byte
	part uint64 // what is not in data yet
	bits uint   // of part, fewer than 32
}

// add adds a number of at most 32 bits.
func (p *packer) add(n uint32, bits uint8) {
	p.part |= uint64(n) << p.bits
	if p.bits += uint(bits); p.bits >= 32 {
		p.data = binary.LittleEndian.AppendUint32(p.data, uint32(p.part))
		p.part >>= 32
		p.bits -= 32
	}
}

// flush fills the last byte.
func (p *packer) flush() {
	for ; p.bits > 0; p.bits -= min(p.bits, 8) {
		p.data = append(p.data, byte(p.part))
		p.part >>= 8
	}
}

// pack appends a block of postings, which are not empty, to data. It sets all fields of the block but its impact.
func (b *block) pack(data []byte, before uint32, docs []uint32, counts []uint16) []byte {
	var gaps uint32
	var most uint16
	doc := before
	for i, next := range docs {
		if i < len(docs)-1 {
			gaps |= next - doc - 1
		}
		doc = next
		most |= counts[i] - 1
	}
	b.last, b.at = doc, uint32(len(data))
	b.gapBits, b.countBits = uint8(bits.Len32(gaps)), uint8(bits.Len16(most))

	p := packer{data: append(data, byte(len(docs)-1))}
	doc = before
	for _, next := range docs[:len(docs)-1] {
		p.add(next-doc-1, b.gapBits)
		doc = next
	}
	for _, count := range counts {
		p.add(uint32(count-1), b.countBits)
	}
	p.flush()
	return p.data
}
