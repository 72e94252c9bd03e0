package words

import (
	"hash/maphash"
	"slices"
	"sync/atomic"
)

const (
	maxChunks     = 1 << 17 // chunks that are remembered
	maxChunkBytes = 48      // of the longest chunk that is remembered
	maxPieces     = 8       // of a chunk that is remembered, and notes
	bucketSize    = 4
)

// cache remembers what chunks of earlier calls came to: most words of a text are common ones. All calls of an analyzer share it
// without a lock, since a chunk in it does not change.
type cache struct {
	seed    maphash.Seed
	buckets []bucket // by the hash of a chunk's text
}

// bucket is the places of a few chunks. It takes one cache line.
type bucket struct {
	chunks [bucketSize]atomic.Pointer[remembered]
	hashes [bucketSize]atomic.Uint32 // of these chunks, so that hardly any other is read from memory
	wanted [bucketSize]atomic.Uint32 // hashes of chunks that came, but are not remembered
}

// remembered is a chunk in the cache. What is needed of a chunk with one piece, as most are, lies together: to read it from memory
// is most of the work.
type remembered struct {
	used atomic.Bool // it was found since another chunk last wanted its place
	note [1]uint32   // its notes, if there is one
	chunk
	one [1]piece // its pieces, if there is one
}

func (r *remembered) use() *chunk {
	if !r.used.Load() { // otherwise all processors would write to it, again and again
		r.used.Store(true)
	}
	return &r.chunk
}

func newCache() *cache { return &cache{maphash.MakeSeed(), make([]bucket, maxChunks/bucketSize)} }

func (c *cache) hash(raw []byte) uint32 { return uint32(maphash.Bytes(c.seed, raw)) }

func (c *cache) bucket(hash uint32) *bucket { return &c.buckets[hash%(maxChunks/bucketSize)] }

// guess returns the chunk that is likely to have a text with that hash, or nil.
func (b *bucket) guess(hash uint32) *remembered {
	for i := range b.hashes {
		if b.hashes[i].Load() == hash {
			return b.chunks[i].Load()
		}
	}
	return nil
}

// find returns the chunk with a text, or nil.
func (b *bucket) find(hash uint32, raw []byte) *chunk {
	if r := b.guess(hash); r != nil && r.raw == string(raw) {
		return r.use()
	}
	return nil
}

// add adds a copy of a chunk if there is a free place for it. Otherwise it takes the place of one that was not used since the last
// time, and only when the chunk comes for the second time: most of those that never come again, such as ids, take no other's place.
func (b *bucket) add(hash uint32, built *chunk) {
	if len(built.pieces) > maxPieces || len(built.notes) > maxPieces {
		return
	}
	for i := range b.chunks {
		if b.chunks[i].Load() == nil {
			b.put(i, hash, built)
			return
		}
	}
	if b.wanted[hash>>30].Swap(hash) != hash {
		return
	}
	for i := range b.chunks {
		if !b.chunks[i].Load().used.Swap(false) {
			b.put(i, hash, built)
			return
		}
	}
}

// put puts a copy of a chunk into a place.
func (b *bucket) put(i int, hash uint32, built *chunk) {
	kept := new(remembered)
	kept.raw, kept.length, kept.positions = built.raw, built.length, built.positions
	kept.notes = append(kept.note[:0], built.notes...)
	if kept.pieces = kept.one[:]; len(built.pieces) == 1 {
		kept.one[0] = built.pieces[0]
		t := kept.one[0].term
		kept.only.text, kept.only.hash, kept.only.stop = t.text, t.hash, t.stop
		kept.one[0].term = &kept.only
	} else {
		kept.pieces = slices.Clone(built.pieces)
	}
	b.chunks[i].Store(kept)
	b.hashes[i].Store(hash)
}

// term is a term of a chunk.
type term struct {
	text string
	hash uint32
	stop bool
	tag  atomic.Pointer[term] // the marked term of a tag's word; nil until a tag has it
}

func (c *cache) newTerm(text string) *term {
	return &term{text: text, hash: uint32(maphash.String(c.seed, text))}
}
