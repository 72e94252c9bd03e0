// Package migrate copies memories and crystals from one store to another, whatever their drivers.
//
// A pass walks both in the order of ids and makes the target equal to the source. It can be stopped and restarted at
// any time, and run while the source is being written: another pass then catches up. The package owns no store, and
// does not know how one is opened.
package migrate

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/json"
	"fmt"
	"hash"
	"slices"
	"time"

	"github.com/sigil-dna/sigil"
	"github.com/sigil-dna/sigil/store"
)

const (
	page = 500
	// pageBytes is the maximum number of bytes of data read at once.
	pageBytes = 16 << 20
	// passes is the maximum number of passes: another is made while one finds something to do, as may happen if the
	// source is in use.
	passes = 10
)

// Report is what was done for one tenant.
type Report struct {
	Tenant   string
	Memories int   // that both have now
	Bytes    int64 // of their data
	Inserted int
	Updated  int
	Removed  int // that the source has forgotten since an earlier pass
	Crystals int // of patterns, that both have now
	// Lost are crystals of patterns that have no live member any more: they are not copied.
	Lost int
	// Sum is the SHA-256 of all that both have: of every memory with its figures, newest first, then of the
	// crystals.
	Sum [sha256.Size]byte
	// Settled reports that the last pass found nothing to do: both stores were equal. If it is false, the source
	// changes faster than it is copied.
	Settled bool
}

// Source is a store to copy from: a [store.Store], or one that is open for reading only.
type Source interface {
	List(ctx context.Context, q store.Query) (memories []sigil.Memory, more bool, err error)
	Events(ctx context.Context, tenant string, after uint64, limit int) ([]sigil.Event, error)
	Crystals(ctx context.Context, tenant string) ([]sigil.Crystal, error)
}

// Tenant makes the target have what the source has of a tenant, in as many passes as it takes. now is the
// time of both. The source is only read. What the target has beyond it, and the source never had, is
// [sigil.ErrConflict], and stays.
//
// Each memory gets one entry in the target's journal, as encoded; what the source journaled of it before,
// and the answers it keeps under idempotency keys, stay behind.
func Tenant(ctx context.Context, from Source, to store.Store, tenant string, now func() time.Time) (Report, error) {
	r := Report{Tenant: tenant}
	for range passes {
		p := &pass{from: from, to: to, tenant: tenant, now: now(), report: &r, sum: sha256.New()}
		r.Memories, r.Bytes = 0, 0
		changed, err := p.run(ctx)
		if err != nil {
			return r, err
		}
		r.Sum = [sha256.Size]byte(p.sum.Sum(nil))
		if r.Settled = !changed; r.Settled {
			return r, nil
		}
	}
	return r, nil
}

// pass makes the target like the source once.
type pass struct {
	from    Source
	to      store.Store
	tenant  string
	now     time.Time
	report  *Report
	sum     hash.Hash
	insert  []store.Item
	bytes   int               // of data in insert
	ended   map[sigil.ID]bool // by the source's journal; nil until that is read
	changed bool
}

func (p *pass) run(ctx context.Context) (changed bool, err error) {
	theirs, ours := walker{store: p.from, pass: p}, walker{store: p.to, pass: p}
	for {
		a, err := theirs.peek(ctx)
		if err != nil {
			return false, err
		}
		b, err := ours.peek(ctx)
		if err != nil {
			return false, err
		}
		switch order := compare(a, b); {
		case a == nil && b == nil:
			if err := p.flush(ctx); err != nil {
				return false, err
			}
			return p.changed, p.crystals(ctx)
		case order < 0: // the source's id is greater: the target does not have it
			err = p.add(ctx, a)
			theirs.next()
		case order > 0:
			err = p.remove(ctx, b)
			ours.next()
		default:
			err = p.equal(ctx, a, b)
			theirs.next()
			ours.next()
		}
		if err != nil {
			return false, err
		}
	}
}

// compare orders as lists do: the greater id first, and none last.
func compare(a, b *sigil.Memory) int {
	switch {
	case a == nil && b == nil:
		return 0
	case b == nil:
		return -1
	case a == nil:
		return 1
	}
	return bytes.Compare(b.ID[:], a.ID[:])
}

func (p *pass) add(ctx context.Context, m *sigil.Memory) error {
	p.count(m)
	p.report.Inserted++
	p.changed = true
	p.insert = append(p.insert, store.Item{Memory: *m, Events: []sigil.Event{
		{Time: m.CreatedAt, Kind: sigil.Encoded, Reason: sigil.ReasonRequest, Memory: m.Meta},
	}})
	if p.bytes += m.Size; len(p.insert) < page && p.bytes < pageBytes {
		return nil
	}
	return p.flush(ctx)
}

func (p *pass) flush(ctx context.Context) error {
	if len(p.insert) == 0 {
		return nil
	}
	_, err := p.to.Insert(ctx, p.tenant, p.insert, store.Quota{}, nil)
	clear(p.insert)
	p.insert, p.bytes = p.insert[:0], 0
	return err
}

func (p *pass) remove(ctx context.Context, m *sigil.Memory) error {
	if p.ended == nil {
		if err := p.readEnded(ctx); err != nil {
			return err
		}
	}
	if !p.ended[m.ID] {
		return &sigil.Error{
			Kind: sigil.ErrConflict, Code: "target_in_use", Field: "to",
			Detail: fmt.Sprintf("it has the memory %s of tenant %s, which the source never had: use a store, or a tenant, without other memories", m.ID, p.tenant),
		}
	}
	removed, err := p.to.Remove(ctx, []sigil.Key{m.Key}, func(m sigil.Meta) (sigil.Event, bool) {
		return sigil.Event{Time: p.now, Kind: sigil.Forgotten, Reason: sigil.ReasonRequest, Memory: m}, true
	})
	p.report.Removed += len(removed)
	p.changed = true
	return err
}

// readEnded finds the memories that the source has had and has no more.
func (p *pass) readEnded(ctx context.Context) error {
	p.ended = map[sigil.ID]bool{}
	for after := uint64(0); ; {
		events, err := p.from.Events(ctx, p.tenant, after, page)
		if err != nil || len(events) == 0 {
			return err
		}
		for _, e := range events {
			after = e.Position
			switch e.Kind {
			case sigil.Forgotten, sigil.Faded, sigil.Evicted:
				p.ended[e.Memory.ID] = true
			}
		}
	}
}

func (p *pass) equal(ctx context.Context, a, b *sigil.Memory) error {
	p.count(a)
	if a.Meta == b.Meta {
		if !bytes.Equal(encoded(a), encoded(b)) {
			return fmt.Errorf("the memory %s of tenant %s has another content in the target", a.ID, p.tenant)
		}
		return nil
	}
	p.report.Updated++
	p.changed = true
	_, err := p.to.Update(ctx, b.Key, func(m *sigil.Meta) (*sigil.Event, error) {
		repinned := m.Pinned != a.Pinned
		m.LastAccessed, m.AccessCount, m.FadesAt, m.Pinned, m.Policy = a.LastAccessed, a.AccessCount, a.FadesAt, a.Pinned, a.Policy
		if !repinned {
			return nil, nil
		}
		e := &sigil.Event{Time: p.now, Kind: sigil.Unpinned, Reason: sigil.ReasonRequest, Memory: *m}
		if m.Pinned {
			e.Kind = sigil.Pinned
		}
		return e, nil
	})
	return err
}

// count adds a memory to what both have.
func (p *pass) count(m *sigil.Memory) {
	p.report.Memories++
	p.report.Bytes += int64(m.Size)
	p.sum.Write(encoded(m))
}

// encoded returns everything in a memory as bytes, the same for equal memories.
func encoded(m *sigil.Memory) []byte {
	policy := m.Policy.StoredForm()
	b, err := json.Marshal(struct {
		Meta   sigil.Meta
		Policy string
		Hash   sigil.Hash
		State  sigil.State
		Tags   []string
		Data   []byte
	}{withoutPolicy(m.Meta), policy, m.Hash, m.State, m.Tags, m.Data})
	if err != nil {
		panic(err) // all of these can be written
	}
	return b
}

func withoutPolicy(m sigil.Meta) sigil.Meta {
	m.Policy = nil
	return m
}

// crystals copies the crystals of patterns.
func (p *pass) crystals(ctx context.Context) error {
	theirs, err := p.from.Crystals(ctx, p.tenant)
	if err != nil {
		return err
	}
	wanted := map[int]sigil.Crystal{}
	for _, c := range theirs {
		wanted[c.Pattern] = c
	}
	p.report.Crystals = 0
	err = p.to.Crystallize(ctx, p.tenant, p.now, func(pattern sigil.Pattern, old *sigil.Crystal) (*sigil.Crystal, *sigil.Event) {
		c, ok := wanted[pattern.Group]
		if !ok || old != nil && *old == c {
			return nil, nil
		}
		p.changed = true
		if old != nil {
			return &c, nil
		}
		return &c, &sigil.Event{
			Time: c.CreatedAt, Kind: sigil.Crystallized, Reason: sigil.ReasonPotential, Crystal: &c,
			Memory: sigil.Meta{Key: sigil.Key{Tenant: p.tenant}},
		}
	})
	if err != nil {
		return err
	}
	ours, err := p.to.Crystals(ctx, p.tenant)
	if err != nil {
		return err
	}
	p.report.Crystals, p.report.Lost = len(ours), 0
	for _, c := range theirs {
		if !slices.Contains(ours, c) {
			p.report.Lost++
		}
	}
	b, err := json.Marshal(ours)
	p.sum.Write(b)
	return err
}

// walker returns a tenant's memories one by one, newest first.
type walker struct {
	store  Source
	pass   *pass
	read   []sigil.Memory
	before sigil.ID
	ended  bool
}

// peek returns the next memory, or nil at the end.
func (w *walker) peek(ctx context.Context) (*sigil.Memory, error) {
	if len(w.read) == 0 && !w.ended {
		read, more, err := w.store.List(ctx, store.Query{Tenant: w.pass.tenant, Now: w.pass.now, Limit: page, Bytes: pageBytes, Before: w.before})
		if err != nil {
			return nil, err
		}
		w.read, w.ended = read, !more
	}
	if len(w.read) == 0 {
		return nil, nil
	}
	return &w.read[0], nil
}

func (w *walker) next() {
	w.before, w.read = w.read[0].ID, w.read[1:]
}
