package pebblestore

import (
	"github.com/sigil-dna/sigil"
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
		c.found.wrong("%s exists, and is kept as removed", k)
	case m.Position > c.found.Position:
		c.found.wrong("%s was removed at position %d, which the journal does not have", k, m.Position)
	case m.Kind == sigil.Corrected:
		if c.s.chains.of(sigil.Key{Tenant: k.Tenant, ID: m.SupersededBy}) != k.ID {
			c.found.wrong("%s was corrected by %s, which does not supersede it", k, m.SupersededBy)
		}
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

// correction checks that a link is between a memory that is there, or kept, and one that it superseded.
func (c *checker) correction(key, value []byte) {
	by, old, ok := splitCorrection(key, value)
	if !ok {
		c.found.wrong("link %q to a superseded memory cannot be read", key)
		return
	}
	if _, kept := c.removed[by]; !kept && !c.s.exists(by) {
		c.found.wrong("%s supersedes %s, but is not there", by, old.ID)
	}
	if m, kept := c.removed[old]; !kept || m.SupersededBy != by.ID {
		c.found.wrong("%s supersedes %s, which was not corrected by it", by, old.ID)
	}
}
