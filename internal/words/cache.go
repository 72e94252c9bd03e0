package words

import (
	"hash/maphash"
	"slices"
	"sync/atomic"
)

const (
	maxChunks     = 1 << 16 // chunks that are remembered
	maxChunkBytes = 48      // of the longest chunk that is remembered
	maxPieces     = 8       // of a chunk that is remembered
)

// cache remembers what chunks of earlier calls came to: most words of a text are common ones. All calls of an analyzer share it
// without a lock, since a chunk in it does not change.
type cache struct {
	seed   maphash.Seed
	chunks [maxChunks]atomic.Pointer[remembered] // by the hash of their text, each in one of two neighboring places
}

// remembered is a chunk in the cache. What is needed of a chunk with one piece, as most are, lies together: to read it from memory
// is most of the work.
type remembered struct {
	used atomic.Bool // it was found since another chunk last wanted its place
	chunk
}

func (r *remembered) use() *chunk {
	if !r.used.Load() { // otherwise all processors would write to it, again and again
		r.used.Store(true)
	}
	return &r.chunk
}

func newCache() *cache { return &cache{seed: maphash.MakeSeed()} }

func (c *cache) hash(raw []byte) uint64 { return maphash.Bytes(c.seed, raw) }

func (c *cache) places(hash uint64) [2]*atomic.Pointer[remembered] {
	at := hash % maxChunks
	return [2]*atomic.Pointer[remembered]{&c.chunks[at], &c.chunks[at^1]}
}

// find returns the chunk with a text, or nil.
func (c *cache) find(hash uint64, raw []byte) *chunk {
	for _, place := range c.places(hash) {
		if r := place.Load(); r != nil && r.raw == string(raw) {
			return r.use()
		}
	}
	return nil
}

// add adds a copy of a chunk, unless both of its places have one that was used: these are replaced if they are not used again
// until the next add.
func (c *cache) add(hash uint64, built *chunk) {
	if len(built.pieces) > maxPieces {
		return
	}
	for _, place := range c.places(hash) {
		if r := place.Load(); r != nil && r.used.Swap(false) {
			continue
		}
		kept := new(remembered)
		kept.raw, kept.length, kept.positions = built.raw, built.length, built.positions
		kept.pieces = slices.Clone(built.pieces)
		if len(kept.pieces) == 1 {
			t := kept.pieces[0].term
			kept.only.text, kept.only.hash, kept.only.stop = t.text, t.hash, t.stop
			kept.pieces[0].term = &kept.only
		}
		place.Store(kept)
		return
	}
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
