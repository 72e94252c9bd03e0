package pebblestore

import (
	"context"
	"errors"
	"fmt"
	"math"
	"time"

	"github.com/cockroachdb/pebble/v2"

	"github.com/sigil-dna/sigil"
	"github.com/sigil-dna/sigil/store/internal/record"
	"github.com/sigil-dna/sigil/store/pebblestore/internal/layout"
)

// journal assigns positions to events and gathers them into blocks. Only the committer uses it.
type journal struct {
	position uint64       // of the newest event
	link     sigil.Hash   // of the newest commit
	hashes   []sigil.Hash // of the events since
	blocks   map[string]*block
	spare    []*block
}

type block struct {
	last  uint64
	value []byte
}

// add assigns the next position to e, and adds its record to its tenant's block. A full block is written to
// b.
func (j *journal) add(b *pebble.Batch, e *sigil.Event, entry []byte) error {
	j.position++
	e.Position = j.position
	j.hashes = append(j.hashes, e.Hash)
	name := e.Memory.Tenant
	bl := j.blocks[name]
	if bl == nil {
		bl = j.block()
		j.blocks[name] = bl
	}
	bl.value = record.AppendEntry(bl.value, bl.last, e.Position, entry)
	bl.last = e.Position
	if len(bl.value) < record.MaxBlock {
		return nil
	}
	err := b.Set(layout.JournalKey(name, bl.last), bl.value, nil)
	*bl = block{value: bl.value[:0]}
	return err
}

func (j *journal) block() *block {
	if n := len(j.spare); n > 0 {
		bl := j.spare[n-1]
		j.spare = j.spare[:n-1]
		return bl
	}
	return new(block)
}

// maxSpare is the maximum number of blocks that are kept for reuse.
const maxSpare = 64

// flush writes the remaining blocks to b, and the link of all entries since the last flush.
func (j *journal) flush(b *pebble.Batch) error {
	for name, bl := range j.blocks {
		if len(bl.value) > 0 {
			if err := b.Set(layout.JournalKey(name, bl.last), bl.value, nil); err != nil {
				return err
			}
		}
		if len(j.spare) < maxSpare {
			*bl = block{value: bl.value[:0]}
			j.spare = append(j.spare, bl)
		}
	}
	clear(j.blocks)
	if len(j.hashes) == 0 {
		return nil
	}
	j.link = record.NextLink(j.link, j.position, j.hashes)
	j.hashes = j.hashes[:0]
	return b.Set(layout.LinkKey(j.position), j.link[:], nil)
}

// Events returns journal entries; see [store.Store].
func (s *Store) Events(ctx context.Context, tenant string, after uint64, limit int) ([]sigil.Event, error) {
	s.gate.RLock()
	defer s.gate.RUnlock()
	if err := s.enter(ctx); err != nil {
		return nil, err
	}
	published := s.index.Position()
	if after >= published || limit <= 0 {
		return nil, s.outside(after, published)
	}
	events := make([]sigil.Event, 0, min(uint64(limit), published-after, 64)) // the maximum; some positions may belong to other tenants
	err := s.scanRange(layout.JournalKey(tenant, after+1), layout.JournalKey(tenant, published+1), func(key, value []byte) error {
		_, last, ok := layout.SplitJournalKey(key)
		if !ok {
			return record.ErrDamaged
		}
		var err error
		if events, err = record.ReadBlock(events, value, tenant, 0, after, last, limit, s.policies); err != nil {
			return err
		}
		if len(events) == limit {
			return errEnough
		}
		return nil
	})
	if errors.Is(err, errEnough) {
		err = nil
	}
	if err == nil {
		err = s.outside(after, published) // checked last, so that a reader cannot silently miss entries that Trim removed while it was reading
	}
	if err != nil {
		return nil, s.reading(err)
	}
	return events, nil
}

// outside returns [sigil.ErrGone] for a reader whose position is before the start of the journal, or after
// its newest entry.
func (s *Store) outside(after, newest uint64) error {
	if trimmed := s.trimmed.Load(); after < trimmed {
		return sigil.NewPositionGone(trimmed)
	}
	if after > newest {
		return sigil.NewPositionAhead(newest)
	}
	return nil
}

// JournalBounds returns the positions at which the journal begins and ends; see [store.Store].
func (s *Store) JournalBounds(ctx context.Context) (trimmed, newest uint64, err error) {
	s.gate.RLock()
	defer s.gate.RUnlock()
	if err := s.enter(ctx); err != nil {
		return 0, 0, err
	}
	return s.trimmed.Load(), s.index.Position(), nil
}

// Wait waits for an entry; see [store.Store].
func (s *Store) Wait(ctx context.Context, tenant string, after uint64) error {
	for {
		journaled := s.journaled.Wait() // before reading, so that no later entry is missed
		published := s.index.Position()
		events, err := s.Events(ctx, tenant, after, 1)
		if err != nil || len(events) > 0 {
			return err
		}
		after = max(after, published) // the tenant has no entries up to here
		select {
		case <-journaled:
		case <-s.failed:
			return s.failure()
		case <-ctx.Done():
			return ctx.Err()
		}
	}
}

// Trim drops the start of the journal; see [store.Store].
func (s *Store) Trim(ctx context.Context, before time.Time, keep uint64) (uint64, error) {
	s.gate.RLock()
	defer s.gate.RUnlock()
	if err := s.enter(ctx); err != nil {
		return 0, err
	}
	s.trimming.Lock()
	defer s.trimming.Unlock()
	trimmed, published := s.trimmed.Load(), s.index.Position()
	upTo := trimmed
	if keep > 0 && published > keep {
		upTo = max(upTo, published-keep)
	}
	ch := newChange()
	err := s.trim(ch, &upTo, published, before)
	if err == nil && upTo > trimmed {
		err = s.trimLinks(ch, upTo)
	}
	if err != nil || upTo == trimmed {
		ch.discard()
		return trimmed, s.reading(err)
	}
	ch.set(layout.TrimmedKey(), layout.Position(upTo))
	ch.trimmed = upTo
	return upTo, s.commits.do(ch)
}

// trim advances upTo past all entries older than before, and adds to ch the removal of all blocks that end at
// or before upTo.
func (s *Store) trim(ch *change, upTo *uint64, published uint64, before time.Time) error {
	var tenants []string
	young := published + 1 // the first entry that stays
	if err := s.journalTenants(func(it *pebble.Iterator, tenant string) (err error) {
		tenants = append(tenants, tenant)
		if !before.IsZero() {
			young, err = s.firstYoung(it, tenant, *upTo, young, before)
		}
		return err
	}); err != nil {
		return err
	}
	if !before.IsZero() {
		*upTo = max(*upTo, young-1)
	}
	for _, tenant := range tenants {
		ch.removeRange(layout.JournalKey(tenant, 0), layout.JournalKey(tenant, *upTo+1))
	}
	return nil
}

// journalTenants calls visit with each tenant that has a block in the journal. The iterator is at the
// tenant's first block, and visit may move it.
func (s *Store) journalTenants(visit func(it *pebble.Iterator, tenant string) error) error {
	it, err := s.db.NewIter(&pebble.IterOptions{LowerBound: []byte{layout.JournalFamily}, UpperBound: []byte{layout.JournalFamily + 1}})
	if err != nil {
		return err
	}
	defer func() { _ = it.Close() }() // Error has returned the same error
	for ok := it.First(); ok; {
		tenant, _, split := layout.SplitTenant(it.Key())
		if !split {
			return fmt.Errorf("record %q: %w", it.Key(), record.ErrDamaged)
		}
		if err := visit(it, tenant); err != nil {
			return err
		}
		ok = it.SeekGE(layout.After(layout.TenantPrefix(layout.JournalFamily, tenant)))
	}
	return it.Error()
}

// newestPosition returns the position of the newest entry, trimmed or not, which it finds in the journal and its
// links. A position of which only one of them knows must not be used again. If each commit wrote a record of the position
// under one key, every flushed table would contain one, and those would be merged over and over.
func (s *Store) newestPosition() (uint64, error) {
	linked, _, _, err := s.linkBefore(math.MaxUint64)
	if err != nil {
		return 0, err
	}
	newest := max(s.trimmed.Load(), linked)
	err = s.journalTenants(func(it *pebble.Iterator, tenant string) error {
		if !it.SeekLT(layout.After(layout.TenantPrefix(layout.JournalFamily, tenant))) {
			return it.Error()
		}
		_, last, ok := layout.SplitJournalKey(it.Key()) // it is one of the tenant's
		if !ok {
			return fmt.Errorf("record %q: %w", it.Key(), record.ErrDamaged)
		}
		newest = max(newest, last)
		return nil
	})
	return newest, err
}

// Newest returns the time of the newest journal entry of all tenants, or the zero time if there is none.
func (s *Store) Newest(ctx context.Context) (at time.Time, err error) {
	s.gate.RLock()
	defer s.gate.RUnlock()
	if err := s.enter(ctx); err != nil {
		return at, err
	}
	newest := s.trimmed.Load()
	err = s.journalTenants(func(it *pebble.Iterator, tenant string) error {
		if !it.SeekLT(layout.After(layout.TenantPrefix(layout.JournalFamily, tenant))) {
			return it.Error()
		}
		_, last, ok := layout.SplitJournalKey(it.Key()) // it is one of the tenant's
		if !ok {
			return fmt.Errorf("record %q: %w", it.Key(), record.ErrDamaged)
		}
		if last <= newest {
			return nil
		}
		events, err := layout.ReadBlock(tenant, last, it.Value(), s.policies)
		if err != nil || len(events) == 0 { // all were erased
			return err
		}
		newest = last
		at = events[len(events)-1].Time
		return nil
	})
	return at, s.reading(err)
}

// firstYoung returns the position of the tenant's first entry after over that is not older than before, or
// young if that is lower.
func (s *Store) firstYoung(it *pebble.Iterator, tenant string, over, young uint64, before time.Time) (uint64, error) {
	for ok := it.SeekGE(layout.JournalKey(tenant, over+1)); ok; ok = it.Next() {
		name, last, split := layout.SplitJournalKey(it.Key())
		if name != "" && name != tenant {
			break
		}
		events, err := layout.ReadBlock(tenant, last, it.Value(), s.policies)
		if !split || err != nil {
			return 0, fmt.Errorf("record %q: %w", it.Key(), record.ErrDamaged)
		}
		if p, ok := record.FirstFrom(events, over, before); ok {
			return min(young, p), nil
		}
		if last >= young {
			break
		}
	}
	return young, it.Error()
}

// Policies returns all policies; see [store.Store].
func (s *Store) Policies(ctx context.Context) ([]sigil.Policy, error) {
	s.gate.RLock()
	defer s.gate.RUnlock()
	if err := s.enter(ctx); err != nil {
		return nil, err
	}
	return s.policies.From(0), nil
}
