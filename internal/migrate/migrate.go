// Package migrate copies memories with their former versions, the policies of tenants, crystals and signatures from one store to another, whatever
// their drivers.
//
// A pass walks both stores in the order of ids and makes the target equal to the source. It can be stopped and
// restarted at any time, and run while the source is being written: another pass then catches up. The package owns no
// store, and does not know how one is opened.
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
	// passes is the maximum number of passes. There is another one as long as one finds something to do, which may go
	// on while the source is in use.
	passes = 10
)

// Report is the result for one tenant.
type Report struct {
	Tenant   string
	Memories int   // in both stores now
	Bytes    int64 // of data in them
	Inserted int
	Updated  int
	Removed  int // because the source has released them since an earlier pass
	// Versions are the former versions of the memories that both have now. VersionsLeft are those of memories that are not live, and Restorable
	// the removed memories of the source that can be restored: neither is copied.
	Versions, VersionsLeft, Restorable int
	// Policy reports that both have the same policy of the tenant's own.
	Policy   bool
	Crystals int // of patterns, in both stores now
	// Lost is the number of crystals of patterns that no longer have a live member: they are not copied.
	Lost int
	// Signatures are those of code that both have now.
	Signatures int
	// Sum is the SHA-256 of everything that both stores have now: every memory with its figures and vector, newest first, then the former
	// versions, the crystals, the policy and the signatures.
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
	Signatures(ctx context.Context, q store.SignatureQuery) (page []sigil.Signature, more bool, err error)
	Vectors(ctx context.Context, tenant, model string, ids []sigil.ID) ([]store.Vector, error)
	TenantPolicies(ctx context.Context) ([]store.TenantPolicy, error)
	Removed(ctx context.Context, q store.RemovedQuery) (page []store.Removed, more bool, err error)
	store.VersionSource
	TenantClocks(ctx context.Context) ([]store.TenantClock, error)
}

// Tenant makes the target equal to the source for one tenant, in as many passes as that takes. now returns the time of
// both stores. The source is only read. If the target has a memory that the source never had, Tenant leaves it and
// returns [sigil.ErrConflict].
//
// Each memory gets one entry in the target's journal, as encoded, each former version one more, as corrected, and each signature one as signed and, if it is
// revoked, one more. So has the policy of the tenant. The source's earlier entries about it, and the
// answers stored for idempotency keys, are not copied.
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

// pass is one pass.
type pass struct {
	from   Source
	to     store.Store
	tenant string
	now    time.Time
	clock  store.TenantClock // of the tenant, the same in both stores
	report *Report
	sum    hash.Hash
	insert []store.Item
	bytes  int // of data in insert
	// ended are the ids of released memories, and whether they were erased, from the source's journal; nil until that is read.
	ended   map[sigil.ID]bool
	changed bool
	groups  map[int]bool // the patterns that have a live memory; only for a plan
}

func (p *pass) run(ctx context.Context) (changed bool, err error) {
	if err := p.copyClock(ctx); err != nil {
		return false, err
	}
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
			for _, part := range []func(context.Context) error{p.flush, p.versions, p.crystals, p.policy, p.signatures, p.restorable} {
				if err := part(ctx); err != nil {
					return false, err
				}
			}
			return p.changed, nil
		case order < 0: // the source's id is greater: the target does not have it
			err = p.add(ctx, a, theirs.vector())
			theirs.next()
		case order > 0:
			err = p.remove(ctx, b)
			ours.next()
		default:
			err = p.equal(ctx, a, b, theirs.vector(), ours.vector())
			theirs.next()
			ours.next()
		}
		if err != nil {
			return false, err
		}
	}
}

// compare orders memories as lists do: the greater id first, and nil last.
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

func (p *pass) add(ctx context.Context, m *sigil.Memory, v store.Vector) error {
	p.count(m, v)
	p.report.Inserted++
	p.changed = true
	p.insert = append(p.insert, store.Item{Memory: *m, Vector: v, At: p.now, Lag: p.stood(), Events: []sigil.Event{
		{Time: m.CreatedAt, Kind: sigil.Encoded, Reason: sigil.ReasonRequest, Memory: m.Meta, ClockStood: p.stood()},
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
	ids := make([]sigil.ID, len(p.insert))
	for i := range p.insert {
		ids[i] = p.insert[i].Memory.ID
	}
	kept, err := p.to.Versions(ctx, p.tenant, ids) // an earlier pass removed them, and the source has restored them since
	if err != nil {
		return err
	}
	for i := range kept {
		id := kept[i].Memory.ID
		if err := p.restore(ctx, []sigil.ID{id}); err != nil { // the next pass compares it
			return err
		}
		p.insert = slices.DeleteFunc(p.insert, func(item store.Item) bool { return item.Memory.ID == id })
	}
	if len(p.insert) > 0 {
		_, err = p.to.Insert(ctx, p.tenant, p.insert, store.Quota{}, nil)
	}
	clear(p.insert)
	p.insert, p.bytes = p.insert[:0], 0
	return err
}

func (p *pass) remove(ctx context.Context, m *sigil.Memory) error {
	if version, err := p.isVersion(ctx, m.Key); err != nil || version {
		return err // it leaves when the versions are copied
	}
	if p.ended == nil {
		if err := p.readEnded(ctx); err != nil {
			return err
		}
	}
	erased, ended := p.ended[m.ID]
	if !ended {
		return &sigil.Error{
			Kind: sigil.ErrConflict, Code: "target_in_use", Field: "to",
			Detail: fmt.Sprintf("has the memory %s of tenant %s, which the source never had: use a store, or a tenant, without other memories", m.ID, p.tenant),
		}
	}
	p.changed = true
	if erased {
		p.report.Removed++
		return p.erase(ctx, []sigil.Key{m.Key})
	}
	removed, err := p.to.Remove(ctx, []sigil.Key{m.Key}, func(m sigil.Meta) (sigil.Event, bool) {
		return sigil.Event{Time: p.now, Kind: sigil.Forgotten, Reason: sigil.ReasonRequest, Memory: m, ClockStood: p.stood()}, true
	})
	p.report.Removed += len(removed)
	return err
}

// readEnded reads which memories the source has had and released.
func (p *pass) readEnded(ctx context.Context) error {
	p.ended = map[sigil.ID]bool{}
	for after := uint64(0); ; {
		events, err := p.from.Events(ctx, p.tenant, after, page)
		if err != nil || len(events) == 0 {
			return err
		}
		for _, e := range events {
			after = e.Position
			switch {
			case e.Kind.Removes():
				p.ended[e.Memory.ID] = e.Kind == sigil.Erased
			case e.Kind == sigil.Restored:
				delete(p.ended, e.Memory.ID)
			}
		}
	}
}

func (p *pass) equal(ctx context.Context, a, b *sigil.Memory, va, vb store.Vector) error {
	p.count(a, va)
	was := b.Meta
	was.Noticed = a.Noticed // a notice is of one journal: a target that has none writes it again
	var changed sigil.ChangedFields
	if !slices.Equal(a.Tags, b.Tags) {
		changed |= sigil.ChangedTags
	}
	if a.TTL != b.TTL {
		changed |= sigil.ChangedTTL
	}
	if a.Meta == was && changed == 0 {
		if !bytes.Equal(encoded(a, va), encoded(b, vb)) {
			return fmt.Errorf("the memory %s of tenant %s has different content in the target", a.ID, p.tenant)
		}
		return nil
	}
	p.report.Updated++
	p.changed = true
	if changed != 0 {
		_, err := p.to.Amend(ctx, store.Amendment{Key: b.Key, At: p.now}, func(m *sigil.Memory) (*sigil.Event, error) {
			m.Tags, m.TTL, m.Pinned, m.Stretch, m.Policy = a.Tags, a.TTL, a.Pinned, a.Stretch, a.Policy
			m.LastAccessed, m.Stood, m.AccessCount, m.FadesAt = a.LastAccessed, a.Stood, a.AccessCount, a.FadesAt
			return &sigil.Event{Time: p.now, Kind: sigil.Changed, Reason: sigil.ReasonRequest, Changed: changed, Memory: m.Meta, ClockStood: p.stood()}, nil
		})
		return err
	}
	_, err := p.to.Update(ctx, b.Key, func(m *sigil.Meta) (*sigil.Event, error) {
		repinned := m.Pinned != a.Pinned
		m.LastAccessed, m.Stood, m.AccessCount, m.FadesAt, m.Pinned, m.Stretch, m.Policy = a.LastAccessed, a.Stood, a.AccessCount, a.FadesAt, a.Pinned, a.Stretch, a.Policy
		if !repinned {
			return nil, nil
		}
		e := &sigil.Event{Time: p.now, Kind: sigil.Unpinned, Reason: sigil.ReasonRequest, Memory: *m, ClockStood: p.stood()}
		if m.Pinned {
			e.Kind = sigil.Pinned
		}
		return e, nil
	})
	return err
}

// count adds a memory to the report and the sum.
func (p *pass) count(m *sigil.Memory, v store.Vector) {
	p.report.Memories++
	p.report.Bytes += int64(m.Size)
	p.sum.Write(encoded(m, v))
}

// encoded returns everything in a memory, but which one it supersedes, as bytes, which are the same for equal memories.
func encoded(m *sigil.Memory, v store.Vector) []byte {
	policy := m.Policy.StoredForm()
	b, err := json.Marshal(struct {
		Meta   sigil.Meta
		Policy string
		Hash   sigil.Hash
		State  sigil.State
		Tags   []string
		Data   []byte
		Vector store.Vector
	}{withoutPolicy(m.Meta), policy, m.Hash, m.State, m.Tags, m.Data, v})
	if err != nil {
		panic(err) // cannot fail: all of these can be encoded
	}
	return b
}

func withoutPolicy(m sigil.Meta) sigil.Meta {
	m.Policy, m.Noticed = nil, false
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
	err = p.to.Crystallize(ctx, p.tenant, p.clockNow(), func(pattern sigil.Pattern, old *sigil.Crystal) (*sigil.Crystal, *sigil.Event) {
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

// signatures copies the signatures, and what was revoked of them.
func (p *pass) signatures(ctx context.Context) error { return p.eachSignature(ctx, p.signature) }

// eachSignature calls visit for every signature of the source.
func (p *pass) eachSignature(ctx context.Context, visit func(context.Context, *sigil.Signature) error) error {
	p.report.Signatures = 0
	q := store.SignatureQuery{Tenant: p.tenant, Limit: page}
	for more := true; more; {
		read, further, err := p.from.Signatures(ctx, q)
		if err != nil {
			return err
		}
		for i := range read {
			if err := visit(ctx, &read[i]); err != nil {
				return err
			}
			q.Before = read[i].ID
		}
		more = further
	}
	return nil
}

func (p *pass) countSignature(_ context.Context, s *sigil.Signature) error {
	p.report.Signatures++
	b, err := json.Marshal(s)
	p.sum.Write(b)
	return err
}

func (p *pass) signature(ctx context.Context, s *sigil.Signature) error {
	event := func(kind sigil.EventKind, at time.Time) *sigil.Event {
		return &sigil.Event{
			Time: at, Kind: kind, Reason: sigil.ReasonRequest, Memory: sigil.Meta{Key: sigil.Key{Tenant: p.tenant}}, Signature: &s.SignatureRef,
		}
	}
	plain := *s
	plain.RevokedAt, plain.Reason = time.Time{}, ""
	kept, added, err := p.to.Register(ctx, plain, 0, *event(sigil.Signed, s.RegisteredAt))
	if err != nil {
		return err
	}
	p.changed = p.changed || added
	if kept.SignatureRef != s.SignatureRef || !kept.RegisteredAt.Equal(s.RegisteredAt) || !bytes.Equal(kept.Statement, s.Statement) {
		return &sigil.Error{
			Kind: sigil.ErrConflict, Code: "target_in_use", Field: "to",
			Detail: fmt.Sprintf("it has another signature with the id %s of tenant %s", s.ID, p.tenant),
		}
	}
	if !s.RevokedAt.IsZero() && kept.RevokedAt.IsZero() {
		p.changed = true
		if _, err := p.to.Revoke(ctx, p.tenant, s.Body, s.ID, func(k *sigil.Signature) *sigil.Event {
			k.RevokedAt, k.Reason = s.RevokedAt, s.Reason
			return event(sigil.Revoked, s.RevokedAt)
		}); err != nil {
			return err
		}
	}
	return p.countSignature(ctx, s)
}
