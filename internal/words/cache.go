package words

import (
	"hash/maphash"
	"slices"
	"sync"
	"sync/atomic"
)

const (
	maxChunks     = 1 << 17 // chunks that are remembered
	minChunks     = 1 << 8  // for which there is room at first
	growth        = 8       // how many times as large a table the cache gets when half of its places are taken
	maxChunkBytes = 48      // of the longest chunk that is remembered
	maxPieces     = 8       // of a chunk that is remembered, and notes
	bucketSize    = 4
)

// cache remembers what chunks of earlier calls came to: most words of a text are common ones. All calls of an analyzer share it
// without a lock, since a chunk in it does not change.
type cache struct {
	seed    maphash.Seed
	table   atomic.Pointer[table]
	growing sync.Mutex
}

// table is the places of a cache. There are few at first, since many programs open many small stores.
type table struct {
	buckets []bucket     // by the hash of a chunk's text; a power of two
	left    atomic.Int64 // places that may be taken before the cache gets a larger table; negative if it is the largest
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

func newCache() *cache {
	c := &cache{seed: maphash.MakeSeed()}
	c.table.Store(newTable(minChunks))
	return c
}

func newTable(chunks int) *table {
	t := &table{buckets: make([]bucket, chunks/bucketSize)}
	if chunks < maxChunks {
		t.left.Store(int64(chunks / 2))
	}
	return t
}

func (c *cache) hash(raw []byte) uint32 { return uint32(maphash.Bytes(c.seed, raw)) }

func (c *cache) bucket(hash uint32) *bucket { return c.table.Load().bucket(hash) }

func (t *table) bucket(hash uint32) *bucket { return &t.buckets[hash&uint32(len(t.buckets)-1)] }

// add adds a copy of a chunk, as [bucket.add] does, and grows the table when half of its places are taken.
func (c *cache) add(hash uint32, built *chunk) {
	t := c.table.Load()
	if t.bucket(hash).add(hash, built) && t.left.Add(-1) == 0 {
		c.grow(t)
	}
}

// grow replaces a table by a larger one with the same chunks. What others add to the former one meanwhile is forgotten.
func (c *cache) grow(from *table) {
	c.growing.Lock()
	defer c.growing.Unlock()
	to := newTable(min(growth*bucketSize*len(from.buckets), maxChunks))
	for i := range from.buckets {
		b := &from.buckets[i]
		for j := range b.chunks {
			r, hash := b.chunks[j].Load(), b.hashes[j].Load()
			if r == nil {
				continue
			}
			if at := to.bucket(hash); at.keep(hash, r) {
				to.left.Add(-1)
			}
		}
	}
	c.table.Store(to)
}

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
// It reports whether it took a free place.
func (b *bucket) add(hash uint32, built *chunk) bool {
	if len(built.pieces) > maxPieces || len(built.notes) > maxPieces {
		return false
	}
	if i := b.free(); i >= 0 {
		b.put(i, hash, built)
		return true
	}
	if b.wanted[hash>>30].Swap(hash) != hash {
		return false
	}
	for i := range b.chunks {
		if !b.chunks[i].Load().used.Swap(false) {
			b.put(i, hash, built)
			return false
		}
	}
	return false
}

// keep puts a chunk of another table into a free place, and reports whether there was one.
func (b *bucket) keep(hash uint32, r *remembered) bool {
	i := b.free()
	if i < 0 {
		return false
	}
	b.chunks[i].Store(r)
	b.hashes[i].Store(hash)
	return true
}

// free returns a place without a chunk, or -1.
func (b *bucket) free() int {
	for i := range b.chunks {
		if b.chunks[i].Load() == nil {
			return i
		}
	}
	return -1
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
