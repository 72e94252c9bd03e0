package pebblestore

import (
	"github.com/sigil-dna/sigil/store/internal/record"
	"github.com/sigil-dna/sigil/store/pebblestore/internal/layout"
)

func (c *checker) removal(key, value []byte) {
	c.found.Removed++
	k, ok := layout.SplitMemoryKey(key)
	if !ok {
		c.found.wrong("removed memory under %q: the key cannot be read", key)
		return
	}
	var m restorable
	r := record.NewReader(value)
	m.Removal, m.Memory.Meta, m.labels = r.Removal(k, c.s.policies)
	if r.End() != nil {
		c.found.wrong("%s: how it was removed cannot be read", k)
		return
	}
	switch {
	case c.s.exists(k):
		c.found.wrong("%s exists, and can be restored", k)
	case m.Position > c.found.Position:
		c.found.wrong("%s was removed at position %d, which the journal does not have", k, m.Position)
	case !c.has(layout.RemovalKey(k.Tenant, m.At.UnixMilli(), k.ID)):
		c.found.wrong("%s was removed, and is not found by the time of that", k)
	}
	c.removed[k] = m
}

func (c *checker) removalTime(key, value []byte) {
	k, at, size, ok := layout.SplitRemoval(key, value)
	if !ok {
		c.found.wrong("time of a removal %q cannot be read", key)
		return
	}
	if m, ok := c.removed[k]; !ok || m.At.UnixMilli() != at || m.Memory.Size != size {
		c.found.wrong("time of a removal %q of a memory that was not removed then", key)
	}
}
