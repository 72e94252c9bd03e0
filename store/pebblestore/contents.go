package pebblestore

import (
	"github.com/maypok86/otter/v2"

	"github.com/sigil-dna/sigil"
	"github.com/sigil-dna/sigil/store/pebblestore/internal/index"
)

// contents caches the content records of memories that are read repeatedly. The memory read last is usually not the
// one read next, so the cache keeps the frequently read ones. A lookup is one probe of a hash table; the database
// would search an index of its tables, and then a block of several records.
//
// The content of a key never changes while the key is in the index.
type contents struct {
	cache *otter.Cache[sigil.Key, content]
	most  int // bytes of the largest that is kept
}

// content is a record, which is not to be changed, and the place of its memory in the index, if the caller that put it
// had the key locked: then the place holds for every caller that has, as a removal drops the content before it unlocks.
type content struct {
	record []byte
	at     index.Place
}

// contentOverhead is about what a record takes in the cache besides its bytes.
const contentOverhead = 170

// newContents returns a cache of about size bytes.
func newContents(size int64) contents {
	return contents{most: int(size / 64), cache: otter.Must(&otter.Options[sigil.Key, content]{
		MaximumWeight: uint64(size),
		Weigher:       func(_ sigil.Key, c content) uint32 { return uint32(contentOverhead + len(c.record)) },
		Executor:      func(work func()) { work() }, // not in a goroutine that Close would have to wait for
	})}
}

// get returns a content, if it is known.
func (c contents) get(key sigil.Key) (content, bool) { return c.cache.GetIfPresent(key) }

// put keeps a content, whose record is the cache's from then on.
func (c contents) put(key sigil.Key, kept content) {
	if len(kept.record)+contentOverhead <= c.most {
		c.cache.Set(key, kept)
	}
}

// drop forgets the records of keys that have left the index.
func (c contents) drop(keys ...sigil.Key) {
	for _, key := range keys {
		if _, ok := c.cache.GetEntryQuietly(key); ok { // to look takes less than to remove what is not there
			c.cache.Invalidate(key)
		}
	}
}
