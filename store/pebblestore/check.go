package pebblestore

import (
	"bytes"
	"crypto/ed25519"
	"errors"
	"math/bits"

	"github.com/cockroachdb/pebble/v2"

	"github.com/sigil-dna/sigil"
	"github.com/sigil-dna/sigil/store"
	"github.com/sigil-dna/sigil/store/internal/audit"
	"github.com/sigil-dna/sigil/store/internal/record"
	"github.com/sigil-dna/sigil/store/pebblestore/internal/layout"
	"github.com/sigil-dna/sigil/store/pebblestore/internal/salvage"
)

// Checked is the result of checking all of a store.
type Checked = store.Checked

// MaxProblems is the maximum number of problems that are described.
const MaxProblems = salvage.MaxProblems

// checker reads and checks every record of s. Its policies are loaded before it starts, and nothing changes s
// while it runs.
type checker struct {
	s     *Store
	found Checked
	// journaled is what exists according to the journal: each memory, with the figures of its last entry.
	// crystals has the patterns with a crystal.
	journaled map[sigil.Key]sigil.Meta
	crystals  map[string]bool // by key
	// signed are the signatures that are there by the journal, and whether they are revoked by it.
	signed map[sigil.Key]*journaledSignature
	// retagged are the memories that have other tags than their contents, by the journal.
	retagged map[sigil.Key]bool
	// removed are the removed memories whose content is there, as their records have them.
	removed map[sigil.Key]restorable
	seen    []uint64 // one bit for each position
	// values is set if what follows from contents, policies and members is checked, too.
	values   bool
	patterns audit.Crystals
	// mend, if not nil, receives the changes that repair what is derived.
	mend *pebble.Batch
}

// check reads every record of s. It checks that each can be decoded, that records that belong together exist
// together, that positions have no gaps and no repeats, and that the memories follow from the journal, as far
// back as the journal goes.
func (s *Store) check() (Checked, error) { return s.newChecker().run() }

func (s *Store) newChecker() *checker {
	return &checker{s: s, journaled: map[sigil.Key]sigil.Meta{}, crystals: map[string]bool{}, signed: map[sigil.Key]*journaledSignature{}, retagged: map[sigil.Key]bool{}, removed: map[sigil.Key]restorable{}}
}

func (c *checker) run() (Checked, error) {
	c.found.Store = c.s.info.ID
	c.found.Position, c.found.Trimmed = c.s.index.Position(), c.s.trimmed.Load()
	for _, step := range []struct {
		family byte
		look   func(key, value []byte)
	}{
		{layout.CrystalFamily, c.pattern},
		{layout.JournalFamily, c.journal},
		{layout.MetaFamily, c.meta},
		{layout.RemovedFamily, c.removal},
		{layout.RemovalFamily, c.removalTime},
		{layout.CorrectionFamily, c.correction},
		{layout.BodyFamily, c.body},
		{layout.VectorFamily, c.vector},
		{layout.EmbeddingFamily, c.embedding},
		{layout.CrystalFamily, c.crystal},
		{layout.IdempotencyFamily, c.answer},
		{layout.ExpiryFamily, c.expiry},
		{layout.ClaimFamily, c.claim},
		{layout.SignatureFamily, c.signature},
		{layout.SignedFamily, c.signatureIndex},
		{layout.SignerFamily, c.signatureIndex},
		{layout.ErasureFamily, c.erasure},
		{layout.SigningFamily, c.signingKey},
		{layout.TenantFamily, c.tenantPolicy},
		{layout.ClockFamily, c.tenantClock},
	} {
		if err := c.s.scan([]byte{step.family}, func(key, value []byte) error {
			step.look(key, value)
			return nil
		}); err != nil {
			return c.found, err
		}
	}
	c.missing()
	err := c.links()
	return c.found, err
}

func (c *checker) journal(key, value []byte) {
	tenant, last, ok := layout.SplitJournalKey(key)
	events, err := layout.ReadBlock(tenant, last, value, c.s.policies)
	if !ok || err != nil {
		c.found.Add(store.CheckJournal, "journal block %q cannot be read", key)
		return
	}
	_ = record.ReadHashes(value, tenant, 0, last, func(position uint64, _ sigil.Hash) { // it has been read
		if position > c.found.Trimmed { // a block may have trimmed and kept entries
			c.found.Events++
			c.position(position, tenant)
		}
	})
	for i := range events {
		e := &events[i]
		if e.Position <= c.found.Trimmed {
			continue
		}
		c.patterns.Event(e)
		switch id := e.Memory.Key; {
		case e.Signature != nil:
			c.journalSignature(e)
		case e.Kind.Removes():
			delete(c.journaled, id)
		case e.Memory.Policy != nil:
			c.journaled[id] = e.Memory
			if e.Kind == sigil.Tagged || e.Changed&sigil.ChangedTags != 0 {
				c.retagged[id] = true
			}
		case e.Crystal != nil:
			c.crystals[string(layout.CrystalKey(tenant, e.Crystal.Pattern))] = true
		}
	}
}

func (c *checker) position(p uint64, tenant string) {
	if p == 0 || p > c.found.Position {
		c.found.Add(store.CheckJournal, "journal entry %d of %s: the newest position should be %d", p, tenant, c.found.Position)
		return
	}
	for uint64(len(c.seen)) <= p/64 {
		c.seen = append(c.seen, 0)
	}
	if c.seen[p/64]&(1<<(p%64)) != 0 {
		c.found.Add(store.CheckJournal, "journal entry %d of %s: the position was used before", p, tenant)
	}
	c.seen[p/64] |= 1 << (p % 64)
}

func (c *checker) meta(key, value []byte) {
	c.found.Memories++
	k, ok := layout.SplitMemoryKey(key)
	if !ok {
		c.found.Add(store.CheckContent, "figures under %q: the key cannot be read", key)
		return
	}
	r := record.NewReader(value)
	m := r.Meta(k, c.s.policies)
	_, _ = r.Labels() // body compares them with the content
	if r.End() != nil {
		c.found.Add(store.CheckContent, "%s: its figures cannot be read", k)
		return
	}
	c.found.Bytes += int64(m.Size)
	c.patterns.Member(&m)
	was, ok := c.journaled[k]
	delete(c.journaled, k)
	switch {
	case !ok && c.found.Trimmed > 0: // it may be older than the rest of the journal
	case !ok:
		c.found.Add(store.CheckJournal, "%s exists, but is gone according to the journal", k)
	default:
		if wrong := audit.Follows(m, was); wrong != "" {
			c.found.Add(store.CheckJournal, "%s %s", k, wrong)
		}
	}
}

func (c *checker) body(key, value []byte) {
	k, ok := layout.SplitMemoryKey(key)
	if !ok {
		c.found.Add(store.CheckContent, "content under %q: the key cannot be read", key)
		return
	}
	r, m := record.NewReader(value), sigil.Memory{}
	r.Body(&m)
	if r.End() != nil {
		c.found.Add(store.CheckContent, "%s: its content cannot be read", k)
		return
	}
	meta, ok := c.s.index.Meta(k)
	labels, _ := c.s.index.LabelsOf(k)
	if removed, there := c.removed[k]; there && !ok {
		meta, labels, ok = removed.Memory.Meta, removed.labels, true
		delete(c.removed, k)
	}
	if !ok {
		c.found.Add(store.CheckContent, "%s has content but no figures", k)
		return
	}
	switch {
	case labels.Hash != record.HashLabel(m.Hash):
		c.found.Add(store.CheckIndexes, "%s: its figures have another label than its content", k)
		c.relabel(k, m.Hash)
	case labels.Tags != record.LabelsOf(&m).Tags && !c.retagged[k] && c.found.Trimmed == 0:
		c.found.Add(store.CheckJournal, "%s: its figures have other tags than its content", k)
	}
	m.Meta = meta
	switch {
	case c.values:
		audit.Memory(&m, &c.found)
	case meta.Size != len(m.Data):
		c.found.Add(store.CheckContent, "%s: its content has %d bytes and should have %d", k, len(m.Data), meta.Size)
	}
}

// pattern reads a crystal before everything that it is compared with.
func (c *checker) pattern(key, value []byte) {
	tenant, _, _ := layout.SplitTenant(key)
	r := record.NewReader(value)
	if crystal := r.Crystal(tenant); c.values && r.End() == nil { // crystal reports others
		c.patterns.Add(&crystal, &c.found)
	}
}

func (c *checker) crystal(key, value []byte) {
	c.found.Crystals++
	tenant, group, ok := layout.SplitTenant(key)
	r := record.NewReader(value)
	crystal := r.Crystal(tenant)
	if !ok || r.End() != nil || !bytes.Equal(group, []byte{byte(crystal.Pattern)}) {
		c.found.Add(store.CheckCrystals, "crystal %q cannot be read", key)
		return
	}
	if !c.crystals[string(key)] && c.found.Trimmed == 0 {
		c.found.Add(store.CheckCrystals, "crystal %s of %s exists, but the journal has no entry about it", crystal.ID(), tenant)
	}
	delete(c.crystals, string(key))
}

func (c *checker) answer(key, value []byte) {
	c.found.Answers++
	tenant, idem, ok := layout.SplitTenant(key)
	r := record.NewReader(value)
	_, ends := r.Answer(tenant, c.s.policies)
	if !ok || r.End() != nil {
		c.found.Add(store.CheckAnswers, "answer %q cannot be read", key)
		return
	}
	if expiry := layout.ExpiryKey(ends.UnixMilli(), tenant, string(idem)); !c.has(expiry) {
		c.set(store.CheckIndexes, expiry, nil)
		c.found.Add(store.CheckIndexes, "answer %q would never be dropped", key)
	}
}

func (c *checker) expiry(key, _ []byte) {
	_, tenant, idem, ok := layout.SplitExpiryKey(key)
	if !ok {
		c.found.Add(store.CheckIndexes, "end %q of an answer cannot be read", key)
		return
	}
	if !c.has(layout.IdempotencyKey(tenant, idem)) {
		c.remove(store.CheckIndexes, key)
		c.found.Add(store.CheckIndexes, "end %q of an answer that is missing", key)
	}
}

func (c *checker) has(key []byte) bool {
	_, closer, err := c.s.db.Get(key)
	if errors.Is(err, pebble.ErrNotFound) {
		return false
	}
	if err != nil {
		c.found.Add(store.CheckContent, "record %q: %v", key, err)
		return true
	}
	_ = closer.Close() // a block in memory
	return true
}

// missing reports records that other records refer to but that do not exist.
func (c *checker) missing() {
	c.patterns.End(c.found.Trimmed > 0, &c.found)
	n := 0
	for _, word := range c.seen {
		n += bits.OnesCount64(word)
	}
	if want := c.found.Position - c.found.Trimmed; uint64(n) != want {
		c.found.Add(store.CheckJournal, "the journal has %d entries and should have %d", n, want)
	}
	for k := range c.journaled {
		c.found.Add(store.CheckJournal, "%s is missing, but exists according to the journal", k)
	}
	for key := range c.crystals {
		c.found.Add(store.CheckCrystals, "crystal %q is missing, but exists according to the journal", key)
	}
	for k := range c.signed {
		c.found.Add(store.CheckSignatures, "signature %s is missing, but exists according to the journal", k)
	}
	for k := range c.removed {
		c.found.Add(store.CheckRemoved, "%s was removed, and is kept without content", k)
	}
	for _, k := range c.s.index.Keys() {
		if !c.has(layout.MemoryKey(layout.BodyFamily, k.Tenant, k.ID)) {
			c.found.Add(store.CheckContent, "%s has figures but no content", k)
		}
	}
}

func (c *checker) vector(key, value []byte) {
	k, ok := layout.SplitMemoryKey(key)
	if _, err := record.Vector(value); !ok || err != nil {
		c.found.Add(store.CheckVectors, "vector under %q cannot be read", key)
		return
	}
	if !c.s.exists(k) && !c.has(layout.MemoryKey(layout.RemovedFamily, k.Tenant, k.ID)) {
		c.found.Add(store.CheckVectors, "%s has a vector but no figures", k)
	}
}

// embedding is like vector, but the vector may be empty, if the endpoint has made none, and it can be made again.
func (c *checker) embedding(key, value []byte) {
	k, ok := layout.SplitMemoryKey(key)
	if _, err := record.Vector(value); !ok || len(value) > 0 && err != nil {
		c.found.Add(store.CheckVectors, "vector under %q cannot be read", key)
	} else if !c.s.exists(k) {
		c.found.Add(store.CheckVectors, "%s has a vector but no figures", k)
	} else {
		return
	}
	c.remove(store.CheckVectors, key)
}

// erasure looks at what an erasure that was interrupted has yet to rewrite, which the next open does.
func (c *checker) erasure(key, value []byte) {
	if spans, err := readSpans(value); len(key) != len(layout.ErasureKey(sigil.ID{})) || err != nil || len(spans) == 0 {
		c.found.Add(store.CheckReceipts, "erasure %q cannot be read", key)
	}
}

func (c *checker) signingKey(key, value []byte) {
	if len(key) != len(layout.SigningKey()) || len(value) != ed25519.SeedSize {
		c.found.Add(store.CheckReceipts, "the key that signs receipts cannot be read")
	}
}

func (c *checker) claim(key, value []byte) {
	if _, ok := layout.ReadClaim(value); !ok {
		c.found.Add(store.CheckClaims, "claim %q cannot be read", key)
	}
}
