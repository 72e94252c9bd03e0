package pebblestore

import (
	"github.com/maypok86/otter/v2"

	"github.com/sigil-dna/sigil"
	"github.com/sigil-dna/sigil/store/pebblestore/internal/index"
)

// contents caches the content records of memories that are read repeatedly. The memory read last is usually
// not the one read next, so the cache keeps the records that are read often. A lookup is one probe of a hash
// table; the database would search an index of its tables, and then a block of several records.
//
// The content of a key never changes while the key is in the index: its record keeps the tags of the encode, whatever the
// memory has by now.
type contents struct {
	cache *otter.Cache[sigil.Key, content]
	most  int // maximum length in bytes of a record that is kept
}

// content is a record, which must not be changed, and its memory's place in the index, if the caller of put
// had the key locked. Such a place is valid for all callers that have the key locked, since a removal drops
// the content before it unlocks the key.
//
// The tags of such a caller are the memory's, as in [record.Labels]: only with the key locked do they change.
type content struct {
	record []byte
	at     index.Place
	tags   string
}

// contentOverhead is about the number of bytes that a record takes in the cache beyond its own.
const contentOverhead = 170

// newContents returns a cache of about size bytes.
func newContents(size int64) contents {
	return contents{most: int(size / 64), cache: otter.Must(&otter.Options[sigil.Key, content]{
		MaximumWeight: uint64(size),
		Weigher:       func(_ sigil.Key, c content) uint32 { return uint32(contentOverhead + len(c.record)) },
		Executor:      func(work func()) { work() }, // not in a goroutine that Close would have to wait for
	})}
}

// get returns the content of key, if it is cached.
func (c contents) get(key sigil.Key) (content, bool) { return c.cache.GetIfPresent(key) }

// put caches a content. The cache owns its record from then on.
func (c contents) put(key sigil.Key, kept content) {
	if len(kept.record)+contentOverhead <= c.most {
		c.cache.Set(key, kept)
	}
}

// drop removes the records of keys that have left the index.
func (c contents) drop(keys ...sigil.Key) {
	for _, key := range keys {
		if _, ok := c.cache.GetEntryQuietly(key); ok { // looking costs less than removing a missing key
			c.cache.Invalidate(key)
		}
	}
}
