package pebblestore

import (
	"github.com/sigil-dna/sigil"
	"github.com/sigil-dna/sigil/store"
	"github.com/sigil-dna/sigil/store/internal/record"
	"github.com/sigil-dna/sigil/store/pebblestore/internal/layout"
)

func (c *checker) removal(key, value []byte) {
	c.found.Removed++
	k, ok := layout.SplitMemoryKey(key)
	if !ok {
		c.found.Add(store.CheckRemoved, "removed memory under %q: the key cannot be read", key)
		return
	}
	var m restorable
	r := record.NewReader(value)
	m.Removal, m.Memory.Meta, m.labels = r.Removal(k, c.s.policies)
	if r.End() != nil {
		c.found.Add(store.CheckRemoved, "%s: how it was removed cannot be read", k)
		return
	}
	switch {
	case c.s.exists(k):
		c.found.Add(store.CheckRemoved, "%s exists, and is kept as removed", k)
	case m.Position > c.found.Position:
		c.found.Add(store.CheckRemoved, "%s was removed at position %d, which the journal does not have", k, m.Position)
	case m.Kind == sigil.Corrected:
		if c.s.chains.of(sigil.Key{Tenant: k.Tenant, ID: m.SupersededBy}) != k.ID {
			c.found.Add(store.CheckCorrections, "%s was corrected by %s, which does not supersede it", k, m.SupersededBy)
		}
	case !c.has(layout.RemovalKey(k.Tenant, m.At.UnixMilli(), k.ID)):
		c.set(store.CheckIndexes, layout.RemovalKey(k.Tenant, m.At.UnixMilli(), k.ID), layout.RemovalSize(m.Memory.Size))
		c.found.Add(store.CheckIndexes, "%s was removed, and is not found by the time of that", k)
	}
	c.removed[k] = m
}

func (c *checker) removalTime(key, value []byte) {
	k, at, size, ok := layout.SplitRemoval(key, value)
	if !ok {
		c.found.Add(store.CheckIndexes, "time of a removal %q cannot be read", key)
		return
	}
	switch m, ok := c.removed[k]; {
	case ok && m.At.UnixMilli() == at && m.Memory.Size != size:
		c.set(store.CheckIndexes, key, layout.RemovalSize(m.Memory.Size))
		c.found.Add(store.CheckIndexes, "time of a removal %q has another size than the memory", key)
	case !ok || m.At.UnixMilli() != at || m.Kind == sigil.Corrected:
		c.remove(store.CheckIndexes, key)
		c.found.Add(store.CheckIndexes, "time of a removal %q of a memory that was not removed then", key)
	}
}

// correction checks that a link is between a memory that is there, or kept, and one that it superseded.
func (c *checker) correction(key, value []byte) {
	by, old, ok := splitCorrection(key, value)
	if !ok {
		c.found.Add(store.CheckCorrections, "link %q to a superseded memory cannot be read", key)
		return
	}
	if _, kept := c.removed[by]; !kept && !c.s.exists(by) {
		c.found.Add(store.CheckCorrections, "%s supersedes %s, but is not there", by, old.ID)
	}
	if m, kept := c.removed[old]; !kept || m.SupersededBy != by.ID {
		c.found.Add(store.CheckCorrections, "%s supersedes %s, which was not corrected by it", by, old.ID)
	}
}
