package pgstore

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"github.com/jackc/pgx/v5"

	"github.com/sigil-dna/sigil"
	"github.com/sigil-dna/sigil/store"
	"github.com/sigil-dna/sigil/store/internal/record"
)

// Verify reads the whole store at one moment, and returns all problems as one error: the counts of a tenant
// differ from its memories or from their words or vectors, the journal has a gap or a repeated entry, or the memories and crystals do not
// follow from the journal, as far back as it goes. It returns nil if the store is sound. It changes nothing,
// and holds all figures in memory.
func (s *Store) Verify(ctx context.Context) error {
	s.gate.RLock()
	defer s.gate.RUnlock()
	if err := s.enter(ctx); err != nil {
		return err
	}
	var rows []row
	var blocks []tenantBlock
	var links []link
	var positions []int64
	var miscountedRemoved, halfRemoved, unlinked []string
	var miscounted, miscountedSignatures, miscountedWords, miscountedVectors, wordless, vectorless []string
	var crystals []sigil.Crystal
	var signatures []sigil.Signature
	b := &pgx.Batch{}
	into(b, &rows, scanMeta, "select "+metaColumns+" from sigil.memories")
	into(b, &blocks, scanTenantBlock, "select tenant, last, base, block from sigil.journal order by last")
	into(b, &links, scanLink, "select position, link from sigil.links order by position")
	into(b, &positions, scanOne[int64], "select position from sigil.head union all select trimmed from sigil.head")
	into(b, &miscounted, scanOne[string],
		`select coalesce(t.tenant, m.tenant) from sigil.tenants t
full join (select tenant, count(*) as memories, sum(size) as bytes from sigil.memories group by tenant) m on m.tenant = t.tenant
where coalesce(t.memories, 0) <> coalesce(m.memories, 0) or coalesce(t.bytes, 0) <> coalesce(m.bytes, 0)`)
	into(b, &crystals, func(rows pgx.Rows) (c sigil.Crystal, err error) {
		err = rows.Scan(&c.Tenant, &c.Pattern)
		return c, err
	},
		"select tenant, pattern from sigil.crystals")
	into(b, &signatures, scanSignature, "select "+signatureColumns+" from sigil.signatures")
	into(b, &miscountedSignatures, scanOne[string],
		`select coalesce(t.tenant, s.tenant) from sigil.tenants t
full join (select tenant, count(*) as n from sigil.signatures group by tenant) s on s.tenant = t.tenant
where coalesce(t.signatures, 0) <> coalesce(s.n, 0)`)
	into(b, &miscountedRemoved, scanOne[string],
		`select coalesce(t.tenant, r.tenant) from sigil.tenants t
full join (select tenant, count(*) as n, sum(size) as bytes from sigil.removals where superseded_by is null group by tenant) r on r.tenant = t.tenant
where coalesce(t.removed, 0) <> coalesce(r.n, 0) or coalesce(t.removed_bytes, 0) <> coalesce(r.bytes, 0)`)
	into(b, &halfRemoved, scanOne[string], `select tenant || '/' || id from sigil.removals r full join sigil.removed m using (tenant, id)
left join sigil.memories live using (tenant, id) where r.position is null or m.size is null or r.size <> m.size or live.size is not null limit 20`)
	into(b, &unlinked, scanOne[string], `select coalesce(v.tenant || '/' || v.id, r.tenant || '/' || r.superseded_by)
from (select tenant, id, supersedes from sigil.memories where supersedes is not null union all select tenant, id, supersedes from sigil.removed where supersedes is not null) v
full join (select * from sigil.removals where superseded_by is not null or kind = 'corrected') r on r.tenant = v.tenant and r.superseded_by = v.id and r.id = v.supersedes
where v.id is null or r.id is null or r.kind <> 'corrected' limit 20`)
	into(b, &miscountedWords, scanOne[string], miscountWords)
	into(b, &wordless, scanOne[string], `select w.tenant || '/' || w.id from sigil.words w
left join sigil.memories m on m.tenant = w.tenant and m.id = w.id where m.id is null or coalesce(cardinality(string_to_array(w.terms, E'\x06')), 0) <> length(w.counts) limit 20`)
	into(b, &miscountedVectors, scanOne[string], miscountVectors)
	into(b, &vectorless, scanOne[string], `select v.tenant || '/' || v.id from (select * from sigil.vectors union all select * from sigil.own_vectors) v
left join sigil.memories m on m.tenant = v.tenant and m.id = v.id where m.id is null or length(v.codes) <> length(v.signs) limit 20`)
	if err := s.snapshot(ctx, b); err != nil {
		return reading(ctx, err)
	}
	if err := s.resolve(ctx, s.pool, rows); err != nil {
		return reading(ctx, err)
	}
	r := replay{
		trimmed: uint64(positions[1]), memories: map[sigil.Key]sigil.Meta{}, crystals: map[string]bool{},
		signatures: map[sigil.Key]sigil.SignatureRef{}, revoked: map[sigil.Key]bool{}, seen: map[uint64]sigil.Hash{}, bases: map[uint64]uint64{},
	}
	for _, b := range blocks {
		r.block(b, s.policyOf(ctx))
	}
	r.end(uint64(positions[0]), rows, crystals)
	r.links(links, uint64(positions[0]))
	r.endSignatures(signatures)
	for _, key := range halfRemoved {
		r.wrong("what is kept of the removed memory %s is wrong", key)
	}
	for _, key := range unlinked {
		r.wrong("the link between %s and what it supersedes is wrong", key)
	}
	for _, name := range slices.Concat(miscounted, miscountedSignatures, miscountedRemoved) {
		r.wrong("the counts of tenant %s are wrong", name)
	}
	for _, name := range miscountedWords {
		r.wrong("the count of searched memories of tenant %s is wrong: the next start of a daemon writes their words anew", name)
	}
	for _, key := range wordless {
		r.wrong("the words of %s are those of no memory, or damaged", key)
	}
	for _, name := range miscountedVectors {
		r.wrong("the count of vectors of tenant %s is wrong: the next start of a daemon makes them anew", name)
	}
	for _, key := range vectorless {
		r.wrong("a vector of %s is that of no memory, or damaged", key)
	}
	return errors.Join(r.problems...)
}

type tenantBlock struct {
	tenant string
	block
}

func scanTenantBlock(rows pgx.Rows) (b tenantBlock, err error) {
	err = rows.Scan(&b.tenant, &b.last, &b.base, &b.value)
	return b, err
}

// replay derives the memories and crystals from the journal.
type replay struct {
	trimmed  uint64 // entries up to here are unknown
	memories map[sigil.Key]sigil.Meta
	crystals map[string]bool
	// signatures and revoked are what the journal records of signatures.
	signatures map[sigil.Key]sigil.SignatureRef
	revoked    map[sigil.Key]bool
	// seen has the hashes of all entries by position, and bases that before the first entry of each commit, by its last one.
	seen     map[uint64]sigil.Hash
	bases    map[uint64]uint64
	problems []error
}

func (r *replay) wrong(format string, args ...any) {
	if len(r.problems) < 20 {
		r.problems = append(r.problems, fmt.Errorf(format, args...))
	}
}

func (r *replay) block(b tenantBlock, policies record.Policies) {
	events, err := record.ReadBlock(nil, b.value, b.tenant, uint64(b.base), 0, uint64(b.last), len(b.value), policies)
	if err != nil {
		r.wrong("the journal's block %d of %s: %w", b.last, b.tenant, err)
	}
	_ = record.ReadHashes(b.value, b.tenant, uint64(b.base), uint64(b.last), r.entry) // it has been read
	r.bases[uint64(b.last)] = uint64(b.base)
	for i := range events {
		e := &events[i]
		if e.Position <= r.trimmed {
			continue
		}
		switch key := e.Memory.Key; {
		case e.Signature != nil:
			r.signature(b.tenant, e)
		case e.Kind.Removes():
			if _, ok := r.memories[key]; !ok && r.trimmed == 0 && e.Kind != sigil.Erased { // the entries about what was erased are gone
				r.wrong("position %d: %s ends a memory that does not exist", e.Position, e.Kind)
			}
			delete(r.memories, key)
		case e.Memory.Policy != nil:
			r.memories[key] = e.Memory
		case e.Crystal != nil:
			r.crystals[b.tenant+" "+e.Crystal.ID()] = true
		}
	}
}

// end compares the result of the replay with the stored rows.
func (r *replay) end(position uint64, rows []row, crystals []sigil.Crystal) {
	for p := r.trimmed + 1; p <= position; p++ {
		if _, ok := r.seen[p]; !ok {
			r.wrong("position %d is missing", p)
		}
	}
	if n := uint64(len(r.seen)); n > position-r.trimmed {
		r.wrong("%d entries, but the newest should be at %d", n, position)
	}
	for _, m := range rows {
		was, ok := r.memories[m.Key]
		delete(r.memories, m.Key)
		// A refresh is not journaled. One that corrects what a jump of the clock did counts no recall.
		if m.AccessCount > was.AccessCount || m.AccessCount == was.AccessCount && m.LastAccessed.After(was.LastAccessed) {
			was.AccessCount, was.LastAccessed, was.Stood, was.Stretch, was.Policy = m.AccessCount, m.LastAccessed, m.Stood, m.Stretch, m.Policy
			was.MoveDeadline(m.FadesAt)
		}
		if store.EndByClock(&m.Meta) { // nor is it that a deadline was moved there after a standstill
			was.MoveDeadline(m.FadesAt)
		}
		if !m.OwnPolicy && m.Policy != was.Policy { // nor is it journaled that a memory was brought under another policy
			was.Policy = m.Policy
			was.Reschedule()
		}
		switch {
		case !ok && r.trimmed > 0: // it may be older than the rest of the journal
		case !ok:
			r.wrong("%s exists, but is gone according to the journal", m.Key)
		case m.Meta != was:
			r.wrong("%s has figures that differ from the journal's", m.Key)
		}
	}
	for key := range r.memories {
		r.wrong("%s is missing, but exists according to the journal", key)
	}
	for _, c := range crystals {
		c.Kind = sigil.CrystalOfPattern
		if !r.crystals[c.Tenant+" "+c.ID()] && r.trimmed == 0 {
			r.wrong("crystal %s of %s exists, but the journal has no entry about it", c.ID(), c.Tenant)
		}
	}
}
