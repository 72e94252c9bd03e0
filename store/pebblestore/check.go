package pebblestore

import (
	"bytes"
	"crypto/ed25519"
	"errors"
	"fmt"
	"math/bits"

	"github.com/cockroachdb/pebble/v2"

	"github.com/sigil-dna/sigil"
	"github.com/sigil-dna/sigil/store"
	"github.com/sigil-dna/sigil/store/internal/record"
	"github.com/sigil-dna/sigil/store/pebblestore/internal/layout"
	"github.com/sigil-dna/sigil/store/pebblestore/internal/salvage"
)

// Checked is the result of checking all of a store.
type Checked struct {
	Memories int
	Bytes    int64 // bytes of their data
	Crystals int   // crystals of patterns
	Events   int
	// Position is the position of the newest journal entry, Trimmed that of the last trimmed one.
	Position, Trimmed uint64
	// Answers is the number of answers under idempotency keys.
	Answers int
	// Signatures is the number of code signatures, revoked or not.
	Signatures int
	// Removed is the number of removed memories that can be restored or are superseded.
	Removed int
	// Problems describe what is wrong, in one sentence each. There are at most [MaxProblems]; Wrong counts all
	// problems.
	Problems []string
	Wrong    int
}

// MaxProblems is the maximum number of problems that are described.
const MaxProblems = salvage.MaxProblems

func (c *Checked) wrong(format string, args ...any) {
	if c.Wrong++; c.Wrong <= MaxProblems {
		c.Problems = append(c.Problems, fmt.Sprintf(format, args...))
	}
}

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
}

// check reads every record of s. It checks that each can be decoded, that records that belong together exist
// together, that positions have no gaps and no repeats, and that the memories follow from the journal, as far
// back as the journal goes.
func (s *Store) check() (Checked, error) {
	c := &checker{s: s, journaled: map[sigil.Key]sigil.Meta{}, crystals: map[string]bool{}, signed: map[sigil.Key]*journaledSignature{}, retagged: map[sigil.Key]bool{}, removed: map[sigil.Key]restorable{}}
	c.found.Position, c.found.Trimmed = s.index.Position(), s.trimmed.Load()
	for _, step := range []struct {
		family byte
		look   func(key, value []byte)
	}{
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
		if err := s.scan([]byte{step.family}, func(key, value []byte) error {
			step.look(key, value)
			return nil
		}); err != nil {
			return c.found, err
		}
	}
	c.missing()
	return c.found, c.links()
}

func (c *checker) journal(key, value []byte) {
	tenant, last, ok := layout.SplitJournalKey(key)
	events, err := layout.ReadBlock(tenant, last, value, c.s.policies)
	if !ok || err != nil {
		c.found.wrong("journal block %q cannot be read", key)
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
		c.found.wrong("journal entry %d of %s: the newest position should be %d", p, tenant, c.found.Position)
		return
	}
	for uint64(len(c.seen)) <= p/64 {
		c.seen = append(c.seen, 0)
	}
	if c.seen[p/64]&(1<<(p%64)) != 0 {
		c.found.wrong("journal entry %d of %s: the position was used before", p, tenant)
	}
	c.seen[p/64] |= 1 << (p % 64)
}

func (c *checker) meta(key, value []byte) {
	c.found.Memories++
	k, ok := layout.SplitMemoryKey(key)
	if !ok {
		c.found.wrong("figures under %q: the key cannot be read", key)
		return
	}
	r := record.NewReader(value)
	m := r.Meta(k, c.s.policies)
	_, _ = r.Labels() // body compares them with the content
	if r.End() != nil {
		c.found.wrong("%s: its figures cannot be read", k)
		return
	}
	c.found.Bytes += int64(m.Size)
	was, ok := c.journaled[k]
	delete(c.journaled, k)
	switch {
	case !ok && c.found.Trimmed > 0: // it may be older than the rest of the journal
	case !ok:
		c.found.wrong("%s exists, but is gone according to the journal", k)
	case m.AccessCount < was.AccessCount || m.LastAccessed.Before(was.LastAccessed):
		c.found.wrong("%s was refreshed less often than the journal records", k)
	default:
		// A refresh is not journaled. One that corrects what a jump of the clock did counts no recall.
		if m.AccessCount > was.AccessCount || m.LastAccessed.After(was.LastAccessed) {
			was.AccessCount, was.LastAccessed, was.Stood, was.Stretch, was.Policy = m.AccessCount, m.LastAccessed, m.Stood, m.Stretch, m.Policy
			was.MoveDeadline(m.FadesAt)
		}
		if store.EndByClock(&m) { // nor is it that a deadline was moved there after a standstill
			was.MoveDeadline(m.FadesAt)
		}
		if !m.OwnPolicy && m.Policy != was.Policy { // nor is it journaled that a memory was brought under another policy
			was.Policy = m.Policy
			was.Reschedule()
		}
		if m != was {
			c.found.wrong("%s has figures that differ from the journal's", k)
		}
	}
}

func (c *checker) body(key, value []byte) {
	k, ok := layout.SplitMemoryKey(key)
	if !ok {
		c.found.wrong("content under %q: the key cannot be read", key)
		return
	}
	r, m := record.NewReader(value), sigil.Memory{}
	r.Body(&m)
	if r.End() != nil {
		c.found.wrong("%s: its content cannot be read", k)
		return
	}
	meta, ok := c.s.index.Meta(k)
	labels, _ := c.s.index.LabelsOf(k)
	if removed, there := c.removed[k]; there && !ok {
		meta, labels, ok = removed.Memory.Meta, removed.labels, true
		delete(c.removed, k)
	}
	switch {
	case !ok:
		c.found.wrong("%s has content but no figures", k)
	case labels.Hash != record.HashLabel(m.Hash), labels.Tags != record.LabelsOf(&m).Tags && !c.retagged[k] && c.found.Trimmed == 0:
		c.found.wrong("%s: its figures have other labels than its content", k)
	case meta.Size != len(m.Data):
		c.found.wrong("%s: its content has %d bytes and should have %d", k, len(m.Data), meta.Size)
	}
}

func (c *checker) crystal(key, value []byte) {
	c.found.Crystals++
	tenant, group, ok := layout.SplitTenant(key)
	r := record.NewReader(value)
	crystal := r.Crystal(tenant)
	if !ok || r.End() != nil || !bytes.Equal(group, []byte{byte(crystal.Pattern)}) {
		c.found.wrong("crystal %q cannot be read", key)
		return
	}
	if !c.crystals[string(key)] && c.found.Trimmed == 0 {
		c.found.wrong("crystal %s of %s exists, but the journal has no entry about it", crystal.ID(), tenant)
	}
	delete(c.crystals, string(key))
}

func (c *checker) answer(key, value []byte) {
	c.found.Answers++
	tenant, idem, ok := layout.SplitTenant(key)
	r := record.NewReader(value)
	_, ends := r.Answer(tenant, c.s.policies)
	if !ok || r.End() != nil {
		c.found.wrong("answer %q cannot be read", key)
		return
	}
	if !c.has(layout.ExpiryKey(ends.UnixMilli(), tenant, string(idem))) {
		c.found.wrong("answer %q would never be dropped", key)
	}
}

func (c *checker) expiry(key, _ []byte) {
	_, tenant, idem, ok := layout.SplitExpiryKey(key)
	if !ok {
		c.found.wrong("end %q of an answer cannot be read", key)
		return
	}
	if !c.has(layout.IdempotencyKey(tenant, idem)) {
		c.found.wrong("end %q of an answer that is missing", key)
	}
}

func (c *checker) has(key []byte) bool {
	_, closer, err := c.s.db.Get(key)
	if errors.Is(err, pebble.ErrNotFound) {
		return false
	}
	if err != nil {
		c.found.wrong("record %q: %v", key, err)
		return true
	}
	_ = closer.Close() // a block in memory
	return true
}

// missing reports records that other records refer to but that do not exist.
func (c *checker) missing() {
	n := 0
	for _, word := range c.seen {
		n += bits.OnesCount64(word)
	}
	if want := c.found.Position - c.found.Trimmed; uint64(n) != want {
		c.found.wrong("the journal has %d entries and should have %d", n, want)
	}
	for k := range c.journaled {
		c.found.wrong("%s is missing, but exists according to the journal", k)
	}
	for key := range c.crystals {
		c.found.wrong("crystal %q is missing, but exists according to the journal", key)
	}
	for k := range c.signed {
		c.found.wrong("signature %s is missing, but exists according to the journal", k)
	}
	for k := range c.removed {
		c.found.wrong("%s was removed, and is kept without content", k)
	}
	for _, k := range c.s.index.Keys() {
		if !c.has(layout.MemoryKey(layout.BodyFamily, k.Tenant, k.ID)) {
			c.found.wrong("%s has figures but no content", k)
		}
	}
}

func (c *checker) vector(key, value []byte) {
	k, ok := layout.SplitMemoryKey(key)
	if _, err := record.Vector(value); !ok || err != nil {
		c.found.wrong("vector under %q cannot be read", key)
		return
	}
	if !c.s.exists(k) && !c.has(layout.MemoryKey(layout.RemovedFamily, k.Tenant, k.ID)) {
		c.found.wrong("%s has a vector but no figures", k)
	}
}

// embedding is like vector, but the vector may be empty: the endpoint has made none.
func (c *checker) embedding(key, value []byte) {
	k, ok := layout.SplitMemoryKey(key)
	if _, err := record.Vector(value); !ok || len(value) > 0 && err != nil {
		c.found.wrong("vector under %q cannot be read", key)
	} else if !c.s.exists(k) {
		c.found.wrong("%s has a vector but no figures", k)
	}
}

// erasure looks at what an erasure that was interrupted has yet to rewrite, which the next open does.
func (c *checker) erasure(key, value []byte) {
	if spans, err := readSpans(value); len(key) != len(layout.ErasureKey(sigil.ID{})) || err != nil || len(spans) == 0 {
		c.found.wrong("erasure %q cannot be read", key)
	}
}

func (c *checker) signingKey(key, value []byte) {
	if len(key) != len(layout.SigningKey()) || len(value) != ed25519.SeedSize {
		c.found.wrong("the key that signs receipts cannot be read")
	}
}

func (c *checker) claim(key, value []byte) {
	if _, ok := layout.ReadClaim(value); !ok {
		c.found.wrong("claim %q cannot be read", key)
	}
}
